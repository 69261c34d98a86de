//! The local target and its primitives on a real machine, on its bad days.
//!
//! One binary, one file per subject. What needs root or a mount says loudly when it is skipped.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a test fails by panicking, and says what it measured"
)]

mod files;
mod installations;
mod processes;
mod races;
mod recorded;
mod speed;
mod support;
