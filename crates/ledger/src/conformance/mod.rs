//! The conformance suite: the requirements on every backend of the store, run against each.
//!
//! For tests only. A new backend implements [`Bench`] and calls [`check`].

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    reason = "the suite stops at the first failed check"
)]

mod copies;
mod entries;
mod heads;
mod keys;
mod leases;
mod objects;
mod opening;
mod verification;

use super::record::{Actor, LeaseTaken};
use super::{Checkpoint, Fence, Ledger, Record, Store};
use evenkeel_model::{Digest, EnvironmentName, Moment};

/// A store under test: initially empty, and damaged on demand.
pub trait Bench {
    /// Returns the store.
    fn store(&self) -> &dyn Store;

    /// Applies a fault while the store is closed. Returns whether this backend supports the fault.
    fn suffer(&self, fault: Fault<'_>) -> bool;
}

/// A fault of a store.
#[derive(Clone, Copy, Debug)]
pub enum Fault<'a> {
    /// The line of the entry with this number changes; its stored digest stays.
    Line(u64, &'a str),
    /// All entries above this one disappear; the head stays.
    Cut(u64),
    /// All entries disappear; the head stays.
    Gone,
    /// The head disappears.
    NoHead,
    /// The head becomes unreadable.
    GarbledHead,
    /// The head changes to this.
    Head(&'a Checkpoint),
    /// The bytes of an object change.
    Object(&'a Digest),
    /// The process that holds the lock of an environment dies.
    HolderDies(&'a EnvironmentName),
}

/// Runs all checks of a backend; `make` returns a new, empty store each time.
pub fn check(make: &dyn Fn() -> Box<dyn Bench>) {
    opening::check(make);
    entries::check(make);
    objects::check(make);
    keys::check(make);
    leases::check(make);
    heads::check(make);
    verification::check(make);
    copies::check(make);
}

/// The system of the suite's ledgers.
const SYSTEM: &str = "guestbook";

/// Returns the ledger of a bench; founds it if necessary.
fn founded(bench: &dyn Bench) -> Box<dyn Ledger> {
    bench.store().open_or_found(SYSTEM, time(0)).unwrap()
}

/// Founds a ledger with a number of entries and closes it.
fn with_entries(bench: &dyn Bench, entries: u64) {
    let ledger = founded(bench);
    for token in 1..entries {
        let record = lease("staging", token);
        ledger
            .append(time(token.cast_signed()), &[record], None)
            .unwrap();
    }
}

/// Returns the actor of the suite's ledgers.
fn actor(name: &str) -> Actor {
    Actor {
        name: name.to_owned(),
        host: "engine".to_owned(),
        process: 7,
    }
}

/// Returns a moment.
pub fn time(second: i64) -> Moment {
    Moment::from_millisecond(1_800_000_000_000 + second * 1000)
}

/// Returns the record of a lease.
pub fn lease(environment: &str, token: u64) -> Record {
    Record::LeaseTaken(LeaseTaken {
        environment: EnvironmentName::new(environment),
        token,
        by: actor("ada"),
        purpose: "apply".to_owned(),
    })
}

/// Returns a fence.
pub fn fence(environment: &str, token: u64) -> Fence {
    Fence {
        environment: EnvironmentName::new(environment),
        token,
    }
}
