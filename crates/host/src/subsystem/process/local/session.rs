//! Ends a process that was started here, with everything it started in its session.
//!
//! Each is held by a handle that no other process can come by before it is sent a signal: a number alone may have
//! gone to somebody else meanwhile.

use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Signal};

use super::record::{self, ProcessRecord, Status};
use crate::local::reason::why;
use evenkeel_model::duration::phrase;

/// How long the kernel is given to end what was killed.
const KILLED_WITHIN: Duration = Duration::from_secs(10);

/// Ends a process: asks it to, and kills it when it does not within the given time. Says how it went.
pub(super) fn end(process: &ProcessRecord, within: Duration) -> Result<String, String> {
    signal(process, Signal::TERM)?;
    // One that is held still cannot hear.
    signal(process, Signal::CONT)?;
    if gone(process, within) {
        return Ok(format!("stopped {}", process.pid));
    }
    let until = Instant::now() + KILLED_WITHIN;
    loop {
        // Again and again: it may have started others meanwhile.
        signal(process, Signal::KILL)?;
        if gone(process, Duration::from_millis(200)) {
            return Ok(format!(
                "killed {}, which did not stop within {}",
                process.pid,
                phrase(within)
            ));
        }
        if Instant::now() > until {
            return Err(format!(
                "process {} does not end although it was killed: look at the kernel's log",
                process.pid
            ));
        }
    }
}

/// Waits until nothing of it is left; says whether that came in time.
fn gone(process: &ProcessRecord, within: Duration) -> bool {
    let until = Instant::now() + within;
    let mut pause = Duration::from_millis(5);
    loop {
        if members(process).is_empty() {
            return true;
        }
        if Instant::now() >= until {
            return false;
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(100));
    }
}

/// What still runs of the session that the process began.
fn members(process: &ProcessRecord) -> Vec<(u32, Status)> {
    if record::boot().ok().as_ref() != Some(&process.boot) {
        return Vec::new();
    }
    // A number is not given away while a session has it: if another process has it now, the session is over.
    if record::status(process.pid).is_some_and(|status| status.ticks != process.ticks) {
        return Vec::new();
    }
    let Ok(entries) = std::fs::read_dir("/proc") else {
        return Vec::new();
    };
    entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter_map(|pid| Some((pid, record::status(pid)?)))
        .filter(|(_, status)| {
            status.alive && status.session == process.pid && status.ticks >= process.ticks
        })
        .collect()
}

fn signal(process: &ProcessRecord, signal: Signal) -> Result<(), String> {
    for (number, status) in members(process) {
        let Some(pid) = i32::try_from(number).ok().and_then(Pid::from_raw) else {
            continue;
        };
        let sent = match rustix::process::pidfd_open(pid, PidfdFlags::empty()) {
            // Now that it is held: is it still the one that was seen?
            Ok(held)
                if record::status(number).is_some_and(|now| {
                    (now.ticks, now.session) == (status.ticks, status.session)
                }) =>
            {
                rustix::process::pidfd_send_signal(held, signal)
            }
            Ok(_) => Ok(()),
            Err(Errno::NOSYS) => rustix::process::kill_process(pid, signal),
            Err(errno) => Err(errno),
        };
        match sent {
            Ok(()) | Err(Errno::SRCH) => {}
            Err(errno) => return Err(format!("cannot stop process {number}: {}", why(errno))),
        }
    }
    Ok(())
}
