//! The worked example, for real: the guestbook as a process on a free port, and its checks against it, against a copy
//! of it that is broken on purpose in one way at a time, and against nobody.

#![forbid(unsafe_code)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a test fails by panicking, and says what it saw"
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
