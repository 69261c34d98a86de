//! Runs a program of the host's operating system: `apt-get`, `systemctl`, `useradd`.
//!
//! Takes arguments, never a command line; reads what the program prints up to a limit, and kills it after a time limit.
//! What the output means is the caller's knowledge.

use std::ffi::OsStr;
use std::fmt;
use std::io::{ErrorKind, Read, Write as _};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process_group, pidfd_open};

use super::reason::why_io;
use crate::program;
use evenkeel_model::duration::phrase;
use evenkeel_model::text::inert;

/// Where the programs of an operating system are. An account's own list may lack the directories of administrators.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/// The most bytes that one program may print.
const MOST: usize = 32 * 1024 * 1024;
/// The number of lines that a failure quotes, and the longest of them in characters.
const QUOTED: (usize, usize) = (6, 400);

/// A program with its arguments.
#[derive(Debug)]
pub(crate) struct Tool {
    command: Command,
    name: String,
    /// The program that it is after its start.
    becomes: String,
    limit: Duration,
    input: Vec<u8>,
}

/// What a program that ended left.
#[derive(Debug)]
pub(crate) struct Ran {
    /// How it ended.
    pub(crate) status: ExitStatus,
    /// Its standard output.
    pub(crate) out: Vec<u8>,
    /// Its standard error.
    pub(crate) messages: Vec<u8>,
    name: String,
}

/// Why a program has no result.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum NotRun {
    /// The host has no such program.
    Missing(String),
    /// Another reason, for people.
    Failed(String),
}

impl fmt::Display for NotRun {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(name) => write!(formatter, "the host has no program `{name}`"),
            Self::Failed(reason) => formatter.write_str(reason),
        }
    }
}

impl Tool {
    /// Names a program. It gets an empty standard input, messages in the language `C`, and 30 seconds.
    pub(crate) fn new(name: &str) -> Self {
        let mut command = program::command(name, Some(PATH));
        command
            .env_clear()
            .env("PATH", PATH)
            .env("LC_ALL", "C.UTF-8")
            .env("HOME", "/root")
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0);
        Self {
            command,
            name: name.to_owned(),
            becomes: name.to_owned(),
            limit: Duration::from_secs(30),
            input: Vec::new(),
        }
    }

    /// Adds an argument. Text from outside goes after `--`, or after an option that takes it.
    pub(crate) fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.command.arg(argument);
        self
    }

    /// Adds arguments.
    pub(crate) fn args<A: AsRef<OsStr>>(mut self, arguments: impl IntoIterator<Item = A>) -> Self {
        self.command.args(arguments);
        self
    }

    /// Sets a variable of its environment.
    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Sets variables of its environment.
    pub(crate) fn envs(mut self, variables: &std::collections::BTreeMap<String, String>) -> Self {
        self.command.envs(variables);
        self
    }

    /// Sets its working directory, which must exist.
    pub(crate) fn directory(mut self, path: impl AsRef<std::path::Path>) -> Self {
        self.command.current_dir(path);
        self
    }

    /// Sets the bytes of its standard input.
    pub(crate) fn input(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.input = bytes.into();
        self.command.stdin(Stdio::piped());
        self
    }

    /// Sets the time after which it is killed, with all that it started.
    pub(crate) fn within(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Names the program that it becomes, which its messages are from.
    pub(crate) fn becoming(mut self, name: &str) -> Self {
        name.clone_into(&mut self.becomes);
        self
    }

    /// Runs it and waits until it ends. What it leaves running does not delay the result.
    ///
    /// # Errors
    ///
    /// When it cannot start, prints too much, or takes too long. A failure that the program reports is a result.
    pub(crate) fn run(mut self) -> Result<Ran, NotRun> {
        let failed = |reason: String| NotRun::Failed(format!("`{}`: {reason}", self.becomes));
        let mut child = self.command.spawn().map_err(|error| match error.kind() {
            ErrorKind::NotFound => NotRun::Missing(self.name.clone()),
            _ => failed(why_io(&error)),
        })?;
        let mut watched = Watched::new(&mut child, std::mem::take(&mut self.input));
        let begun = Instant::now();
        let ended = loop {
            match child.try_wait() {
                Ok(Some(status)) => break Ok(status),
                Ok(None) => {}
                Err(error) => break Err(why_io(&error)),
            }
            let left = self.limit.saturating_sub(begun.elapsed());
            if left.is_zero() {
                break Err(format!(
                    "it did not end within {} and was killed",
                    phrase(self.limit)
                ));
            }
            if let Err(reason) = watched.step(left) {
                break Err(reason);
            }
        };
        match ended {
            Ok(status) => {
                // What it printed last is in the pipes; a program that it left running may hold them open.
                watched.drain().map_err(failed)?;
                Ok(Ran {
                    status,
                    out: watched.out.read,
                    messages: watched.messages.read,
                    name: self.becomes,
                })
            }
            Err(reason) => {
                if let Some(group) = Pid::from_raw(i32::try_from(child.id()).unwrap_or(0)) {
                    let _ = kill_process_group(group, Signal::KILL);
                }
                let _ = child.kill();
                let _ = child.wait();
                Err(failed(reason))
            }
        }
    }
}

impl Ran {
    /// Returns the standard output as text, if the program succeeded.
    ///
    /// # Errors
    ///
    /// How it ended, with the end of its messages.
    #[allow(
        dead_code,
        reason = "a part of the interface that not every set of subsystems needs"
    )]
    pub(crate) fn succeeded(self) -> Result<String, String> {
        if self.status.success() {
            Ok(String::from_utf8_lossy(&self.out).into_owned())
        } else {
            Err(self.failure())
        }
    }

    /// Returns how it ended, with the end of its messages, safe to print.
    pub(crate) fn failure(&self) -> String {
        let how = match (self.status.code(), self.status.signal()) {
            (Some(code), _) => format!("`{}` exited with status {code}", self.name),
            (None, Some(signal)) => format!("`{}` was killed by signal {signal}", self.name),
            (None, None) => format!("`{}` ended", self.name),
        };
        match self.spoken() {
            Some(text) => format!("{how}: {text}"),
            None => how,
        }
    }

    /// Returns the end of its messages, safe to print; `None` if it printed nothing.
    pub(crate) fn spoken(&self) -> Option<String> {
        // Some programs print their errors to standard output.
        let spoken = if self.messages.trim_ascii().is_empty() {
            &self.out
        } else {
            &self.messages
        };
        let text = String::from_utf8_lossy(spoken);
        let (most, longest) = QUOTED;
        let mut lines: Vec<String> = text
            .lines()
            .rev()
            .map(str::trim)
            .filter(|line| !line.is_empty())
            .take(most)
            .map(|line| inert(&line.chars().take(longest).collect::<String>()).into_owned())
            .collect();
        lines.reverse();
        (!lines.is_empty()).then(|| lines.join("; "))
    }
}

/// The pipes of a running program.
struct Watched {
    exit: Option<OwnedFd>,
    input: Option<ChildStdin>,
    unsent: Vec<u8>,
    out: Pipe,
    messages: Pipe,
}

/// One pipe that is read.
struct Pipe {
    from: Option<Box<dyn Source>>,
    read: Vec<u8>,
}

/// Something that is read and waited for.
trait Source: Read + AsFd {}
impl<T: Read + AsFd> Source for T {}

/// Makes reads and writes return at once.
fn set_nonblocking(pipe: &impl AsFd) {
    if let Ok(flags) = fcntl_getfl(pipe) {
        let _ = fcntl_setfl(pipe, flags | OFlags::NONBLOCK);
    }
}

impl Watched {
    fn new(child: &mut Child, unsent: Vec<u8>) -> Self {
        let exit = i32::try_from(child.id())
            .ok()
            .and_then(Pid::from_raw)
            .and_then(|pid| pidfd_open(pid, PidfdFlags::empty()).ok());
        let input = child.stdin.take().filter(|_| !unsent.is_empty());
        input.iter().for_each(set_nonblocking);
        Self {
            exit,
            input,
            unsent,
            out: Pipe::new(child.stdout.take()),
            messages: Pipe::new(child.stderr.take()),
        }
    }

    /// Waits until something happens, at most for a while, and moves what can be moved.
    fn step(&mut self, left: Duration) -> Result<(), String> {
        // Without a descriptor of the process (an old kernel), its end is noticed a little later.
        let longest = if self.exit.is_some() { 1000 } else { 20 };
        let wait = left.min(Duration::from_millis(longest));
        let wait = Timespec {
            tv_sec: wait.as_secs().cast_signed(),
            tv_nsec: i64::from(wait.subsec_nanos()),
        };
        let mut watched = Vec::new();
        if let Some(exit) = &self.exit {
            watched.push(PollFd::new(exit, PollFlags::IN));
        }
        if let Some(input) = &self.input {
            watched.push(PollFd::new(input, PollFlags::OUT));
        }
        for pipe in [&self.out, &self.messages] {
            if let Some(from) = &pipe.from {
                watched.push(PollFd::from_borrowed_fd(from.as_fd(), PollFlags::IN));
            }
        }
        match poll(&mut watched, Some(&wait)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(errno) => return Err(super::reason::why(errno)),
        }
        self.send();
        self.drain()
    }

    fn send(&mut self) {
        let Some(input) = &mut self.input else {
            return;
        };
        match input.write(&self.unsent) {
            Ok(sent) => drop(self.unsent.drain(..sent.min(self.unsent.len()))),
            Err(error)
                if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {}
            // A program that reads no more says by its exit status whether it had enough.
            Err(_) => self.unsent.clear(),
        }
        if self.unsent.is_empty() {
            self.input = None;
        }
    }

    fn drain(&mut self) -> Result<(), String> {
        self.out.drain()?;
        self.messages.drain()
    }
}

impl Pipe {
    fn new(from: Option<impl Source + 'static>) -> Self {
        let from = from.map(|from| {
            set_nonblocking(&from);
            Box::new(from) as Box<dyn Source>
        });
        Self {
            from,
            read: Vec::new(),
        }
    }

    /// Reads what is there.
    fn drain(&mut self) -> Result<(), String> {
        let mut buffer = [0; 16 * 1024];
        while let Some(from) = &mut self.from {
            match from.read(&mut buffer) {
                Ok(0) => self.from = None,
                Ok(length) => {
                    self.read
                        .extend_from_slice(buffer.get(..length).unwrap_or_default());
                    if self.read.len() > MOST {
                        return Err(format!("it printed more than {MOST} bytes and was killed"));
                    }
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(why_io(&error)),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::{NotRun, Tool};

    fn shell(script: &str) -> Tool {
        Tool::new("sh").arg("-c").arg(script)
    }

    #[test]
    fn a_result_is_what_the_program_printed() {
        let ran = shell("cat; echo more >&2").input("sent").run().unwrap();
        assert_eq!(ran.messages, b"more\n");
        assert_eq!(ran.succeeded().as_deref(), Ok("sent"));
    }

    #[test]
    fn more_than_a_pipe_holds_passes_both_ways() {
        let much = vec![b'x'; 1_000_000];
        let ran = Tool::new("cat").input(much.clone()).run().unwrap();
        assert_eq!(ran.out, much);
        // A program that does not read its input fails nothing.
        let ran = Tool::new("true").input(much).run().unwrap();
        assert!(ran.status.success());
    }

    #[test]
    fn a_failure_is_quoted_safely() {
        let ran = shell("printf 'no \\033[2Jspace\\n' >&2; exit 7").run();
        assert_eq!(
            ran.unwrap().succeeded(),
            Err("`sh` exited with status 7: no \\u{1b}[2Jspace".to_owned())
        );
        let ran = shell("echo only here; kill -9 $$").run().unwrap();
        assert_eq!(ran.failure(), "`sh` was killed by signal 9: only here");
    }

    #[test]
    fn a_missing_program_is_named() {
        let missing = Tool::new("evenkeel-has-no-such-program").run().unwrap_err();
        let named = "evenkeel-has-no-such-program".to_owned();
        assert_eq!(missing, NotRun::Missing(named));
    }

    #[test]
    fn a_program_that_hangs_is_killed_with_its_children() {
        let begun = Instant::now();
        let hung = shell("sleep 60 & sleep 60").within(Duration::from_millis(200));
        let NotRun::Failed(reason) = hung.run().unwrap_err() else {
            panic!("it was missing");
        };
        assert!(reason.contains("did not end within"), "{reason}");
        assert!(begun.elapsed() < Duration::from_secs(20));
    }

    #[test]
    fn what_a_program_leaves_running_does_not_delay_its_result() {
        let begun = Instant::now();
        let ran = shell("sleep 30 & echo done").run().unwrap();
        assert_eq!(ran.out, b"done\n");
        assert!(begun.elapsed() < Duration::from_secs(20));
    }

    #[test]
    fn endless_output_ends() {
        let NotRun::Failed(reason) = Tool::new("yes").run().unwrap_err() else {
            panic!("it was missing");
        };
        assert!(reason.contains("printed more than"), "{reason}");
    }
}
