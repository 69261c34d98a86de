//! Tests of the worked example: the guestbook as a process on a free port, and its checks against it, against a copy
//! with one injected fault at a time, and against a closed port.

#![forbid(unsafe_code)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a test fails by panicking with its findings"
)]

mod broken;
mod checks_fail;
mod checks_pass;
mod configuration;
mod contract_fails;
mod guestbook;
mod http;
mod journey_fails;
mod life;
mod programs;
mod schema;
mod security_fails;
mod suite;
