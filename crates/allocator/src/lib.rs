//! The allocator of the program, and its one setting.
//!
//! The only unsafe code of the workspace is in this file: the setting is a call into C. Decision 35 gives the reason.

#![deny(unsafe_code)]

use std::ffi::{c_int, c_long};

/// The allocator: `#[global_allocator] static ALLOCATOR: Allocator = Allocator;`.
pub use mimalloc::MiMalloc as Allocator;

/// `mi_option_abandoned_page_purge` of `mimalloc.h`, second design: what a thread that ends has freed goes back to the
/// system. A test proves the number.
const ABANDONED_PAGE_PURGE: c_int = 12;

/// Gives the memory that a thread has freed back to the system when the thread ends.
///
/// To be called first of all: the setting is for every thread that ends afterwards, and must not be changed by two
/// threads at once.
#[allow(
    unsafe_code,
    reason = "the allocator takes its settings by a C function"
)]
pub fn settle() {
    // SAFETY: the function stores a number in a table of the allocator that has an entry for each option. The option is
    // one of them; no other thread runs yet.
    unsafe { libmimalloc_sys::mi_option_set(ABANDONED_PAGE_PURGE, 1) }
}

/// Whether [`settle`] was called.
#[must_use]
pub fn is_settled() -> bool {
    setting() == 1
}

#[allow(
    unsafe_code,
    reason = "the allocator tells its settings by a C function"
)]
fn setting() -> c_long {
    // SAFETY: the function reads a number from the same table.
    unsafe { libmimalloc_sys::mi_option_get(ABANDONED_PAGE_PURGE) }
}

#[cfg(test)]
mod tests {
    use super::{is_settled, setting, settle};

    /// The allocator takes the same setting from an environment variable, by its name: whoever reads it back by the
    /// number has the right number.
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
        let told = command.env(NAME, "7").output().unwrap();
        assert!(
            told.status.success(),
            "{}",
            String::from_utf8_lossy(&told.stderr)
        );
        assert!(String::from_utf8_lossy(&told.stdout).contains("1 passed"));
    }
}
