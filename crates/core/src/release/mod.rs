//! Judgement about releases: rehearsal, unfinished releases, restoration, rollbacks, their figures, and facts for the gate.
//!
//! Pure: everything follows from the definitions, the plans and the state of the ledger.

pub mod dora;
mod facts;
mod rehearsal;
mod repair;
mod rollback;
mod unfinished;

pub use facts::{
    approvals, artifacts, decisions, deliverers, drill, evidence, findings, live_drift, proofs,
    suites,
};
pub use rehearsal::{already, last_release, rehearsed, restored};
pub use repair::{Restoration, Wanted, is_released_to, may_restore};
pub use rollback::{
    NoRollback, RollbackTarget, in_effect, next_rollback, rehearsal_digest, rollback_target,
    rolled_back_by,
};
pub use unfinished::{
    Settlement, Smoke, SmokeResult, last, remedy, run_smoke, settlement, smoke, smoke_result,
    smoke_suites,
};
