//! The allocator of the program, and its one setting.
//!
//! The setting is a call into C, the only unsafe code of the workspace. Decision 35 gives the reason.

#![deny(unsafe_code)]

use std::ffi::{c_int, c_long};

/// The allocator: `#[global_allocator] static ALLOCATOR: Allocator = Allocator;`.
pub use mimalloc::MiMalloc as Allocator;

/// `mi_option_abandoned_page_purge` of `mimalloc.h`, second design: memory freed by an ended thread returns to the
/// system. A test checks the number.
const ABANDONED_PAGE_PURGE: c_int = 12;

/// Returns the memory that a thread has freed to the system when the thread ends.
///
/// Call this first of all: the setting applies to threads that end afterwards, and two threads must not change it
/// concurrently.
#[allow(
    unsafe_code,
    reason = "the allocator's settings are changed through a C function"
)]
pub fn settle() {
    // SAFETY: the function stores a number in a table of the allocator that has an entry for each option. The option is
    // one of them, and no other thread runs yet.
    unsafe { libmimalloc_sys::mi_option_set(ABANDONED_PAGE_PURGE, 1) }
}

/// Returns whether [`settle`] was called.
#[must_use]
pub fn is_settled() -> bool {
    setting() == 1
}

#[allow(
    unsafe_code,
    reason = "the allocator's settings are read through a C function"
)]
fn setting() -> c_long {
    // SAFETY: the function reads a number from the same table.
    unsafe { libmimalloc_sys::mi_option_get(ABANDONED_PAGE_PURGE) }
}

#[cfg(test)]
mod tests {
    use super::{is_settled, setting, settle};

    /// The allocator also reads this setting from an environment variable by name, so reading it back by number checks
    /// the number.
    #[test]
    fn the_number_is_that_of_the_option() {
        const NAME: &str = "MIMALLOC_ABANDONED_PAGE_PURGE";
        if std::env::var_os(NAME).is_some() {
            assert_eq!(setting(), 7);
            settle();
            assert!(is_settled());
            return;
        }
        assert_eq!(setting(), 0);
        let again = std::env::current_exe().unwrap();
        let mut command = std::process::Command::new(again);
        command.args(["the_number_is_that_of_the_option", "--nocapture"]);
        let output = command.env(NAME, "7").output().unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        assert!(String::from_utf8_lossy(&output.stdout).contains("1 passed"));
    }
}
