//! The conformance suite: what every backend of the store must do, run over each.
//!
//! Only for tests. A new backend implements [`Bench`] and calls [`check`].

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    reason = "the suite stops at the first broken promise"
)]

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

/// A store on the bench: empty in the beginning, and damaged on demand.
pub trait Bench {
    /// The store.
    fn store(&self) -> &dyn Store;

    /// Lets it suffer a fault while nobody has it open. Whether this backend can have such a fault.
    fn suffer(&self, fault: Fault<'_>) -> bool;
}

/// What may become of a store.
#[derive(Clone, Copy, Debug)]
pub enum Fault<'a> {
    /// The entry with this number has another line; the digest beside it is the old one.
    Line(u64, &'a str),
    /// All entries above this one are gone, and the head is not.
    Cut(u64),
    /// All entries are gone, and the head is not.
    Gone,
    /// The head is gone.
    NoHead,
    /// The head cannot be understood.
    GarbledHead,
    /// The head says this.
    Head(&'a Checkpoint),
    /// An object has other bytes.
    Object(&'a Digest),
    /// The process that holds the lock of an environment dies.
    HolderDies(&'a EnvironmentName),
}

/// Everything that is asked of a backend; `make` gives a new, empty store each time.
pub fn check(make: &dyn Fn() -> Box<dyn Bench>) {
    opening::check(make);
    entries::check(make);
    objects::check(make);
    keys::check(make);
    leases::check(make);
    heads::check(make);
    verification::check(make);
}

/// The system that the suite's ledgers belong to.
const SYSTEM: &str = "guestbook";

/// The ledger of a bench, founded if it was not.
fn founded(bench: &dyn Bench) -> Box<dyn Ledger> {
    bench.store().open_or_found(SYSTEM, time(0)).unwrap()
}

/// Founds a ledger of so many entries and closes it.
fn with_entries(bench: &dyn Bench, entries: u64) {
    let ledger = founded(bench);
    for token in 1..entries {
        let record = lease("staging", token);
        ledger
            .append(time(token.cast_signed()), &[record], None)
            .unwrap();
    }
}

/// The person who works with the suite's ledgers.
fn actor(name: &str) -> Actor {
    Actor {
        name: name.to_owned(),
        host: "engine".to_owned(),
        process: 7,
    }
}

/// A moment.
pub fn time(second: i64) -> Moment {
    Moment::from_millisecond(1_800_000_000_000 + second * 1000)
}

/// The record of a lease.
pub fn lease(environment: &str, token: u64) -> Record {
    Record::LeaseTaken(LeaseTaken {
        environment: EnvironmentName::new(environment),
        token,
        by: actor("ada"),
        purpose: "apply".to_owned(),
    })
}

/// A fence.
pub fn fence(environment: &str, token: u64) -> Fence {
    Fence {
        environment: EnvironmentName::new(environment),
        token,
    }
}
