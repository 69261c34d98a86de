//! Tests of the local target on a real machine, including failure conditions.
//!
//! One binary, one file per subject. Tests that need root or a mount print a message when they are skipped.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a test fails by panicking and prints its measurements"
)]
#![allow(
    clippy::duplicate_mod,
    reason = "the same tests run in this process and in an agent"
)]

mod accounts;
mod agent;
mod here;
mod hostile;
mod keys;
mod lean;
mod line;
mod mounts;
mod packages;
mod protocol;
mod remote;
mod residents;
mod root;
mod rpms;
mod settings;
mod speed;
mod support;
mod things;
mod trips;
