//! Stress tests of the ledger: killed writers, concurrent writers, and failing disks; and the stores of a team on real
//! servers.
//!
//! Writers are this test binary run again: `EVENKEEL_TEST_ROLE` makes it act as a writer. The printed output of a
//! writer lists its acknowledged entries; the tests check the ledger against that.

#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests panic on failure, print their measurements, and act on files and processes"
)]

mod clients;
mod disk;
mod full;
mod git;
mod history;
mod kill;
mod lease;
mod pooled;
mod pooler;
mod postgres;
mod power;
mod server;
mod throughput;
mod tls;
mod writer;
