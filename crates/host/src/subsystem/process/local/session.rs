//! Ends a process that evenkeel started, with every process of its session.
//!
//! Each process is pinned by a handle before it receives a signal: its number alone may have been reused meanwhile.

use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Signal};

use super::record::{self, ProcessRecord, Status};
use crate::local::reason::why;
use evenkeel_model::duration::phrase;

/// The time in which the kernel must end killed processes.
const KILLED_WITHIN: Duration = Duration::from_secs(10);

/// Stops a process, and kills it after the given time. Returns a note on the result.
pub(super) fn end(process: &ProcessRecord, within: Duration) -> Result<String, String> {
    signal(process, Signal::TERM)?;
    // A stopped (suspended) process does not receive the signal.
    signal(process, Signal::CONT)?;
    if gone(process, within) {
        return Ok(format!("stopped {}", process.pid));
    }
    let until = Instant::now() + KILLED_WITHIN;
    loop {
        // Repeat: it may have started other processes meanwhile.
        signal(process, Signal::KILL)?;
        if gone(process, Duration::from_millis(200)) {
            return Ok(format!(
                "killed {} after it did not stop within {}",
                process.pid,
                phrase(within)
            ));
        }
        if Instant::now() > until {
            return Err(format!(
                "process {} is still running after SIGKILL: check the kernel's log",
                process.pid
            ));
        }
    }
}

/// Waits until the session is empty; returns whether that happened in time.
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

/// Returns the running processes of the session that the process started.
fn members(process: &ProcessRecord) -> Vec<(u32, Status)> {
    if record::boot().ok().as_ref() != Some(&process.boot) {
        return Vec::new();
    }
    // A number is not reused while a session has it: if another process has it now, the session has ended.
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
            // With the handle open, check that it is still the same process.
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
