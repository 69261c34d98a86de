//! Transfer of bytes to and from a running command until its end, its time limit, or an interruption.
//!
//! One loop over all pipes, without blocking. The end is detected without reaping, so that the process group's number
//! cannot be reused before the last signal is sent; the caller reaps.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::os::fd::{AsFd, OwnedFd};
use std::process::Child;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Signal, WaitId, WaitIdOptions};

use super::kept::Kept;
use super::{CommandRun, Stream};
use evenkeel_host::Interruption;

/// Time that pipes are still read after the command's end, if another process keeps them open.
const LINGER: Duration = Duration::from_millis(300);
/// Interval of checking for an interruption.
const TICK: Duration = Duration::from_millis(50);

/// Reason of its end.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    ByItself,
    TimedOut,
    Interrupted,
    TooMuch,
}

/// Stage of ending it.
enum Stage {
    Runs,
    Signalled(Ending, Instant),
    Killed(Ending),
}

struct Pipes {
    input: Option<(File, Vec<u8>, usize)>,
    outputs: [(Option<File>, Kept); 2],
}

pub(super) fn pump(
    child: &mut Child,
    run: &CommandRun,
    interruption: &Interruption,
    on_line: &mut dyn FnMut(Stream, &str),
) -> io::Result<(Ending, [Kept; 2])> {
    let pid = Pid::from_child(child);
    // An older kernel has no such handle; the next tick detects the end then.
    let handle = rustix::process::pidfd_open(pid, PidfdFlags::empty()).ok();
    let mut pipes = Pipes::of(child, run)?;
    // An unrepresentable time limit is none.
    let deadline = Instant::now().checked_add(run.timeout);
    let mut stage = Stage::Runs;
    let mut ended: Option<Instant> = None;
    loop {
        let handle = handle.as_ref().filter(|_| ended.is_none());
        pipes.wait(handle, TICK)?;
        pipes.write();
        pipes.read(on_line);
        if ended.is_none() && has_ended(pid) {
            ended = Some(Instant::now());
        }
        stage = match stage {
            Stage::Runs if ended.is_some() => Stage::Runs,
            Stage::Runs if interruption.is_set() => ask_to_end(pid, Ending::Interrupted, run.grace),
            Stage::Runs if deadline.is_some_and(|deadline| Instant::now() >= deadline) => {
                ask_to_end(pid, Ending::TimedOut, run.grace)
            }
            Stage::Runs if run.all_or_nothing && pipes.is_cut() => {
                ask_to_end(pid, Ending::TooMuch, run.grace)
            }
            Stage::Signalled(ending, until) if ended.is_some() || Instant::now() >= until => {
                // Even after the command's end, since processes it started may be running.
                signal(pid, Signal::KILL);
                Stage::Killed(ending)
            }
            same => same,
        };
        let waited_enough = ended.is_some_and(|at| pipes.are_closed() || at.elapsed() >= LINGER);
        let ending = match stage {
            Stage::Runs => Ending::ByItself,
            Stage::Signalled(..) => continue,
            Stage::Killed(ending) => ending,
        };
        if waited_enough {
            let [mut output, mut error] = pipes.outputs.map(|(_, kept)| kept);
            output.finish(on_line);
            error.finish(on_line);
            return Ok((ending, [output, error]));
        }
    }
}

/// Kills the whole group of a command that was not reaped yet.
pub(super) fn kill_group(child: &Child) {
    signal(Pid::from_child(child), Signal::KILL);
}

fn ask_to_end(pid: Pid, ending: Ending, grace: Duration) -> Stage {
    signal(pid, Signal::TERM);
    signal(pid, Signal::CONT);
    Stage::Signalled(ending, Instant::now() + grace)
}

fn signal(pid: Pid, signal: Signal) {
    // An empty group is fine.
    let _ = rustix::process::kill_process_group(pid, signal);
}

fn has_ended(pid: Pid) -> bool {
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    match rustix::process::waitid(WaitId::Pid(pid), options) {
        Ok(status) => status.is_some(),
        Err(Errno::INTR) => false,
        // It was reaped elsewhere.
        Err(_) => true,
    }
}

impl Pipes {
    fn of(child: &mut Child, run: &CommandRun) -> io::Result<Self> {
        let input = child
            .stdin
            .take()
            .map(|pipe| File::from(OwnedFd::from(pipe)));
        let output = child
            .stdout
            .take()
            .map(|pipe| File::from(OwnedFd::from(pipe)));
        let error = child
            .stderr
            .take()
            .map(|pipe| File::from(OwnedFd::from(pipe)));
        for pipe in [&input, &output, &error].into_iter().flatten() {
            rustix::io::ioctl_fionbio(pipe, true)?;
        }
        let kept = |stream| Kept::new(stream, run.output_limit);
        Ok(Self {
            input: input.map(|pipe| (pipe, run.stdin.clone().unwrap_or_default(), 0)),
            outputs: [(output, kept(Stream::Output)), (error, kept(Stream::Error))],
        })
    }

    fn are_closed(&self) -> bool {
        self.outputs.iter().all(|(pipe, _)| pipe.is_none())
    }

    /// Whether a part of the standard output was omitted.
    fn is_cut(&self) -> bool {
        let [(_, output), _] = &self.outputs;
        output.is_cut()
    }

    fn wait(&self, handle: Option<&OwnedFd>, longest: Duration) -> io::Result<()> {
        let mut watched: Vec<PollFd<'_>> = Vec::with_capacity(4);
        watched.extend(
            self.input
                .iter()
                .map(|(pipe, _, _)| PollFd::from_borrowed_fd(pipe.as_fd(), PollFlags::OUT)),
        );
        watched.extend(
            self.outputs
                .iter()
                .filter_map(|(pipe, _)| pipe.as_ref())
                .map(|pipe| PollFd::from_borrowed_fd(pipe.as_fd(), PollFlags::IN)),
        );
        watched
            .extend(handle.map(|handle| PollFd::from_borrowed_fd(handle.as_fd(), PollFlags::IN)));
        let longest = Timespec {
            tv_sec: 0,
            tv_nsec: longest.subsec_nanos().into(),
        };
        match poll(&mut watched, Some(&longest)) {
            Ok(_) | Err(Errno::INTR) => Ok(()),
            Err(errno) => Err(errno.into()),
        }
    }

    fn write(&mut self) {
        let Some((pipe, bytes, written)) = &mut self.input else {
            return;
        };
        let rest = bytes.get(*written..).unwrap_or_default();
        let done = match pipe.write(rest) {
            Ok(more) => {
                *written += more;
                *written >= bytes.len()
            }
            Err(error) if again(&error) => false,
            // It closed its input.
            Err(_) => true,
        };
        if done {
            zeroize::Zeroize::zeroize(bytes);
            self.input = None;
        }
    }

    fn read(&mut self, on_line: &mut dyn FnMut(Stream, &str)) {
        let mut space = [0; 16 * 1024];
        for (pipe, kept) in &mut self.outputs {
            // A bounded number at once, so that the clock is checked regularly.
            for _ in 0..64 {
                let Some(open) = pipe else { break };
                match open.read(&mut space) {
                    Ok(0) => *pipe = None,
                    Ok(read) => kept.take(space.get(..read).unwrap_or_default(), on_line),
                    Err(error) if again(&error) => break,
                    Err(_) => *pipe = None,
                }
            }
        }
    }
}

fn again(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted
    )
}
