//! Descriptors, umask and signals that this process inherited, and that child processes must not inherit.
//!
//! A lock that a service inherits stays held while the service runs, and an inherited pipe keeps a CI runner waiting.
//! [`crate::launch`] defines the part that child processes receive on purpose.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use rustix::fs::Mode;

/// The first descriptor after standard input, output and error.
const FIRST: i32 = 3;

/// The umask of started processes.
const UMASK: u32 = 0o022;

/// Marks inherited descriptors close-on-exec. Call it before the first thread starts.
pub fn keep_descriptors() {
    close_fds::set_fds_cloexec(FIRST, &[]);
}

/// Gives the program that replaces this process its own descriptors, the documented umask, and the default action for
/// every signal.
pub(crate) fn start_clean() {
    keep_descriptors();
    rustix::process::umask(Mode::from_raw_mode(UMASK));
    // Across exec, an ignored signal stays ignored; a handled one returns to its default action.
    for signal in ignored() {
        // The kernel's synchronous signals have no handler and cannot be ignored.
        let _ = signal_hook::flag::register(signal, Arc::new(AtomicBool::new(false)));
    }
}

/// Returns the signals that this process ignores.
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
