//! The record: an append-only, hash-chained list of everything that was intended, done, seen and decided; and what a
//! project keeps beside it: objects, leases, a key and the head.
//!
//! It is the write-ahead log, the audit trail and the state at once. What was last applied is a fold over it. This
//! crate keeps entries and objects and proves that nobody changed them; what they mean is for the layers above.
//!
//! Without features nothing here touches the world: entries, records, their chain, their fold, and what verification
//! finds are the same for every backend. Each backend of [`Store`] is a folder behind a feature of its own: `folder`
//! keeps everything in a folder of this machine, with SQLite for the entries; `testing` brings the one in memory and
//! the conformance suite that every backend passes. The modules are listed from the top down: a backend uses what is
//! listed after the backends, and never another one.

#![forbid(unsafe_code)]
#![cfg_attr(
    any(test, feature = "folder"),
    allow(
        clippy::disallowed_methods,
        clippy::disallowed_types,
        reason = "`folder` is what touches the world; without it, clippy holds that nothing does"
    )
)]

#[cfg(any(test, feature = "testing"))]
pub mod conformance;

#[cfg(feature = "folder")]
pub mod folder;
#[cfg(any(test, feature = "testing"))]
pub mod memory;

pub mod chain;
pub mod entry;
pub mod environment_state;
pub mod error;
pub mod head;
pub mod lease;
pub mod ledger;
pub mod object;
pub mod record;
pub mod remembered;
pub mod state;
pub mod store;
pub mod verify;
pub mod walk;

pub use chain::Link;
pub use entry::Entry;
pub use environment_state::{AppliedResource, EnvironmentState, FailedStep};
pub use error::LedgerError;
pub use head::{Checkpoint, Head};
pub use lease::Lease;
pub use ledger::{Fence, Ledger};
pub use object::Objects;
pub use record::Record;
pub use remembered::{Kept, Proof};
pub use state::{Check, Sighting, State};
pub use store::{LockGuard, Store, StoreMaker};
pub use verify::{Completeness, Irregularity, Verification};
