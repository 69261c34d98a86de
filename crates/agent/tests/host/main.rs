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
#![allow(
    clippy::duplicate_mod,
    reason = "the same tests run in this process and in an agent"
)]

mod agent;
mod here;
mod lean;
mod protocol;
mod remote;
mod speed;
mod support;
