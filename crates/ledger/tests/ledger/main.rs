//! The ledger under fire: writers that are killed, writers at once, and disks that fail.
//!
//! Writers are this test binary run again: `EVENKEEL_TEST_ROLE` makes it play a writer instead of testing. What a
//! writer has printed is what it was promised; the ledger is held to that.

#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests stop at the first surprise, say what they saw, and act on files and processes"
)]

mod disk;
mod kill;
mod lease;
mod power;
mod throughput;
mod writer;
