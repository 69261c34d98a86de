//! The record: an append-only, hash-chained list of everything that was intended, done, seen and decided.
//!
//! It is the write-ahead log, the audit trail and the state at once. What was last applied is a fold over it. This
//! folder keeps entries and objects and proves that nobody changed them; what they mean is for the layers above.

#![forbid(unsafe_code)]

pub mod chain;
#[cfg(test)]
mod conformance;
mod database;
pub mod entry;
pub mod environment_state;
mod folder;
mod founding;
pub mod head;
pub mod key;
pub mod lease;
pub mod memory;
pub mod object;
pub mod port;
pub mod record;
mod remembered;
mod rows;
pub mod sqlite;
pub mod state;
pub mod verify;
mod walk;

pub use chain::Link;
pub use entry::Entry;
pub use environment_state::{AppliedResource, EnvironmentState};
pub use head::Checkpoint;
pub use lease::Lease;
pub use memory::MemoryLedger;
pub use object::{MemoryObjects, ObjectStore, Objects};
pub use port::{Fence, Ledger, LedgerError};
pub use record::Record;
pub use remembered::{Kept, Proof};
pub use sqlite::SqliteLedger;
pub use state::State;
pub use verify::{Completeness, Irregularity, Verification, verify, verify_against};
