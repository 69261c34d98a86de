//! Decisions of people about one plan: approve, reject, withdraw; and approvals by people without access to the ledger.
//!
//! `decide` is the common course, `signature` finds the person's key and signs, `offline` exchanges files.

mod decide;
mod offline;
mod signature;

pub(super) use signature::Signatory;

pub(super) use decide::check_reason;
pub use decide::{DecisionRequest, approve, reject, withdraw};
pub use offline::{OfflineRequest, approve_offline, import_approval, request_approval};
