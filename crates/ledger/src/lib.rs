//! The ledger: an append-only, hash-chained list of intents, actions, observations and decisions; and everything else
//! that a project stores: objects, leases, a key and the head.
//!
//! It is the write-ahead log, the audit trail and the state at once: the state is a fold over it. This crate stores
//! entries and objects and proves their integrity; the layers above interpret them.
//!
//! Without features, this crate does no I/O: entries, records, their chain, their fold and verification are the same
//! for every backend. Each backend of [`Store`] is a folder behind its own feature: `folder` stores everything in a
//! local folder, with SQLite for the entries; `postgres` stores everything in a database that a team
//! shares, and `git` in a git remote; `testing` adds the backend in memory and the conformance suite that every
//! backend passes. The modules are listed from the top down: a backend uses the modules listed after the backends, and
//! never another backend.

#![forbid(unsafe_code)]
#![cfg_attr(
    any(test, feature = "folder", feature = "git", feature = "postgres"),
    allow(
        clippy::disallowed_methods,
        clippy::disallowed_types,
        reason = "some backends touch the world; without them, clippy checks that nothing does"
    )
)]

#[cfg(any(test, feature = "testing"))]
pub mod conformance;

#[cfg(feature = "folder")]
pub mod folder;
#[cfg(feature = "git")]
pub mod git;
#[cfg(any(test, feature = "testing"))]
pub mod memory;
#[cfg(feature = "postgres")]
pub mod postgres;
#[cfg(any(feature = "git", feature = "postgres"))]
pub mod shared;

#[cfg(any(feature = "folder", feature = "git", feature = "postgres"))]
pub mod random;

pub mod chain;
pub mod checks;
#[cfg(any(
    test,
    feature = "folder",
    feature = "git",
    feature = "postgres",
    feature = "testing"
))]
mod copy;
pub mod entry;
pub mod environment_state;
pub mod error;
pub mod head;
pub mod lease;
pub mod ledger;
mod lines;
pub mod object;
pub mod record;
pub mod remembered;
pub mod state;
pub mod store;
pub mod timeline;
pub mod times;
pub mod verify;
pub mod walk;

pub use chain::Link;
pub use checks::{Check, ChecksSince, EndedFinding, Sighting, Watched};
pub use entry::Entry;
pub use environment_state::{AppliedResource, EnvironmentState, FailedStep};
pub use error::LedgerError;
pub use head::{Checkpoint, Head};
pub use lease::Lease;
pub use ledger::{Fence, Ledger};
pub use object::Objects;
pub use record::Record;
pub use remembered::{Kept, Proof};
pub use state::State;
pub use store::{LockGuard, Store};
pub use timeline::{Event, EventKind, EventOutcome, Timeline};
pub use times::{EntryRange, Times};
pub use verify::{Completeness, Irregularity, Verification};
