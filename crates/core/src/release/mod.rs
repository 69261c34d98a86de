//! Judgement about releases: rehearsal, unfinished releases, restoration, and facts for the gate.
//!
//! Pure: everything follows from the definitions, the plans and the state of the ledger.

mod facts;
mod rehearsal;
mod repair;
mod unfinished;

pub use facts::{
    approvals, artifacts, decisions, deliverers, drill, evidence, findings, live_drift, proofs,
    suites,
};
pub use rehearsal::{already, last_release, rehearsed, restored};
pub use repair::{Restoration, Wanted, is_released_to, may_restore};
pub use unfinished::{
    Settlement, Smoke, SmokeResult, last, remedy, run_smoke, settlement, smoke, smoke_result,
    smoke_suites,
};
