//! Whole suites against real servers on loopback ports and real commands in temporary directories.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

mod checks;
mod commands;
mod loads;
mod results;
mod whole;
mod world;
