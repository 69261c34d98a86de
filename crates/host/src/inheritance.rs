//! What this process was handed by the one that started it, and does not hand on.
//!
//! A lock that a service inherits is held for as long as the service runs, and a pipe of a CI runner never ends. What a
//! started process gets on purpose is in [`crate::launch`].

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use rustix::fs::Mode;

/// The first descriptor after standard input, output and error.
const FIRST: i32 = 3;

/// The umask of started processes.
const UMASK: u32 = 0o022;

/// Keeps descriptors that this process inherited out of every process that it starts. Call it before the first thread.
pub fn keep_descriptors() {
    close_fds::set_fds_cloexec(FIRST, &[]);
}

/// Gives the program that this process becomes its own descriptors, the documented umask, and the default action for
/// every signal.
pub(crate) fn start_clean() {
    keep_descriptors();
    rustix::process::umask(Mode::from_raw_mode(UMASK));
    // A signal that is ignored stays ignored in the new program; one that has a handler gets its default action back.
    for signal in ignored() {
        // The kernel's own signals have no handler, and cannot be ignored.
        let _ = signal_hook::flag::register(signal, Arc::new(AtomicBool::new(false)));
    }
}

/// The signals that this process ignores.
fn ignored() -> Vec<i32> {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .unwrap_or(0);
    (1..=64)
        .filter(|signal| mask >> (signal - 1) & 1 == 1)
        .collect()
}
