//! Runs a program in a process group of its own and leaves nothing of the group behind.
//!
//! Nothing here knows what the program is for, and no shell is ever started. A descendant that leaves the group (with
//! `setsid`) is not found again; it cannot hold us up either, since its output is no longer waited for.

use std::collections::BTreeMap;
use std::io::Read;
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

use super::capture::Capture;
use crate::target::Interruption;

/// Variables that a program inherits; all others it is given.
const INHERITED: [&str; 5] = ["PATH", "HOME", "LANG", "TZ", "TMPDIR"];
/// How long a program that was asked to end may take before it is killed.
const FAREWELL: Duration = Duration::from_millis(400);
/// How long what is still in the pipes is read after the program has ended.
const LAST_WORDS: Duration = Duration::from_millis(200);
/// How often the program, the time and the interruption are looked at while it writes nothing.
const GLANCE: i64 = 10_000_000;

/// What is to be run, and for how long at most.
pub(crate) struct Program<'a> {
    /// The program and its arguments.
    pub command: &'a [String],
    /// Its environment, besides what it inherits.
    pub environment: &'a BTreeMap<String, &'a str>,
    /// Its working directory.
    pub directory: &'a Path,
    /// How long it may take.
    pub within: Duration,
}

/// How a program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// By itself, with this code.
    Exited(i32),
    /// By a signal that was not ours.
    Signalled(i32),
    /// Killed: it took too long.
    TimedOut,
    /// Killed: an interruption was asked for.
    Interrupted,
}

/// What came of a program.
pub(crate) struct Ran {
    /// How it ended.
    pub ending: Ending,
    /// What it wrote to standard output.
    pub stdout: Capture,
    /// What it wrote to standard error.
    pub stderr: Capture,
}

/// Runs a program to its end, whichever that is.
pub(crate) fn run(program: &Program<'_>, interruption: &Interruption) -> std::io::Result<Ran> {
    // So far away that it cannot be said is never.
    let deadline = Instant::now().checked_add(program.within);
    let child = start(program)?;
    let mut group = Group {
        pid: Pid::from_child(&child),
        child,
        streams: [Capture::default(), Capture::default()],
        buried: false,
    };
    let ending = loop {
        if let Some(ending) = group.ended()? {
            break ending;
        }
        let stop = if interruption.is_set() {
            Some(Ending::Interrupted)
        } else if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            Some(Ending::TimedOut)
        } else {
            None
        };
        if let Some(stop) = stop {
            group.end_within(FAREWELL)?;
            break stop;
        }
        group.read()?;
    };
    // The program is dead and not yet buried: until `wait`, nobody else can have its number, or its group's.
    let _gone = kill_process_group(group.pid, Signal::KILL);
    let until = Instant::now() + LAST_WORDS;
    while group.read()? && Instant::now() < until {}
    group.child.wait()?;
    group.buried = true;
    let [stdout, stderr] = std::mem::take(&mut group.streams);
    Ok(Ran {
        ending,
        stdout,
        stderr,
    })
}

fn start(program: &Program<'_>) -> std::io::Result<Child> {
    let invalid = |reason: &str| std::io::Error::new(std::io::ErrorKind::InvalidInput, reason);
    let (name, arguments) = program
        .command
        .split_first()
        .ok_or_else(|| invalid("the command is empty"))?;
    let names = program.environment.keys();
    if names
        .into_iter()
        .any(|name| name.is_empty() || name.contains('='))
    {
        return Err(invalid("an environment variable has no valid name"));
    }
    let inherited = INHERITED
        .iter()
        .filter_map(|name| std::env::var_os(name).map(|value| (name, value)));
    Command::new(name)
        .args(arguments)
        .env_clear()
        .envs(inherited)
        .envs(program.environment)
        .current_dir(program.directory)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .spawn()
}

/// A program, its group and its output. However it is left, the group is killed.
struct Group {
    pid: Pid,
    child: Child,
    streams: [Capture; 2],
    /// Whether the program has been waited for: its numbers may be another's now.
    buried: bool,
}

impl Group {
    /// How the program ended, if it has. Its body is left for `wait`.
    fn ended(&self) -> std::io::Result<Option<Ending>> {
        let look = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        let Some(status) = waitid(WaitId::Pid(self.pid), look)? else {
            return Ok(None);
        };
        Ok(Some(match status.exit_status() {
            Some(code) => Ending::Exited(code),
            None => Ending::Signalled(status.terminating_signal().unwrap_or_default()),
        }))
    }

    /// Asks the whole group to end and gives it a little time for that.
    fn end_within(&mut self, time: Duration) -> std::io::Result<()> {
        let _gone = kill_process_group(self.pid, Signal::TERM);
        let until = Instant::now() + time;
        while self.ended()?.is_none() && Instant::now() < until {
            self.read()?;
        }
        Ok(())
    }

    /// Reads what there is, waiting a moment for it; false when both streams have ended.
    fn read(&mut self) -> std::io::Result<bool> {
        let [out, err] = &mut self.streams;
        wait_for_either(self.child.stdout.as_ref(), self.child.stderr.as_ref())?;
        read_some(&mut self.child.stdout, out)?;
        read_some(&mut self.child.stderr, err)?;
        Ok(self.child.stdout.is_some() || self.child.stderr.is_some())
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if !self.buried {
            let _gone = kill_process_group(self.pid, Signal::KILL);
            let _gone = self.child.wait();
        }
    }
}

fn is_ready(stream: Option<&impl AsFd>) -> bool {
    let now = Timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    stream.is_some_and(|stream| {
        let mut asked = [PollFd::new(stream, PollFlags::IN)];
        poll(&mut asked, Some(&now)).is_ok_and(|ready| ready > 0)
    })
}

/// Waits until one of two streams has something or has ended, or for a moment; just for a moment if there is neither.
fn wait_for_either(one: Option<&impl AsFd>, two: Option<&impl AsFd>) -> std::io::Result<()> {
    let glance = Timespec {
        tv_sec: 0,
        tv_nsec: GLANCE,
    };
    let mut asked = Vec::with_capacity(2);
    asked.extend(one.map(|stream| PollFd::new(stream, PollFlags::IN)));
    asked.extend(two.map(|stream| PollFd::new(stream, PollFlags::IN)));
    match poll(&mut asked, Some(&glance)) {
        Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Reads once from a stream that has something, and lets go of one that has ended.
fn read_some<S: AsFd + Read>(stream: &mut Option<S>, capture: &mut Capture) -> std::io::Result<()> {
    if !is_ready(stream.as_ref()) {
        return Ok(());
    }
    let Some(open) = stream else { return Ok(()) };
    let mut buffer = [0; 16 * 1024];
    match open.read(&mut buffer) {
        Ok(0) => *stream = None,
        Ok(read) => capture.push(buffer.get(..read).unwrap_or_default()),
        Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
        Err(error) => return Err(error),
    }
    Ok(())
}
