//! Resources of the machine that the program needs before it starts.

use evenkeel_host::threads;
use rustix::process::{Resource, getrlimit};

/// Minimum address space in bytes: running out of memory ends the program at any step.
const ADDRESS_SPACE: u64 = 512 * 1024 * 1024;

/// Starts the threads that share large work.
///
/// # Errors
///
/// The missing resource, with a remedy.
pub(super) fn check() -> Result<(), String> {
    if let Some(limit) = getrlimit(Resource::As).current
        && limit < ADDRESS_SPACE
    {
        return Err(format!(
            "the address space of this process is limited to {} MiB, and evenkeel needs {} MiB: raise the limit with `ulimit -v`",
            limit / (1024 * 1024),
            ADDRESS_SPACE / (1024 * 1024)
        ));
    }
    threads::start_pool(threads::Caller::TakesPart).map_err(|error| {
        format!(
            "no thread can be started: {error}; raise the limit on processes (`ulimit -u`, or `pids.max` of the control group) or on memory"
        )
    })
}
