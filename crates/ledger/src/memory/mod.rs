//! The store in memory, for tests, with faults on demand.
//!
//! It passes the same conformance suite as the folder and does not persist.

mod ledger;
mod locks;
mod objects;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

pub use ledger::{Fate, MemoryLedger};
pub use objects::MemoryObjects;

use crate::lease::{Holder, Lock};
use crate::walk::TakeRecord;
use crate::{Head, Kept, Ledger, LedgerError, Link, LockGuard, Objects, Store, Verification};
use evenkeel_model::{Digest, EnvironmentName, Moment, Sealer};
use locks::Locks;

/// A store in memory. Clones are the same store.
#[derive(Clone, Debug, Default)]
pub struct MemoryStore {
    ledger: MemoryLedger,
    objects: MemoryObjects,
    locks: Arc<Locks>,
    key: Arc<Mutex<Option<Sealer>>>,
}

impl MemoryStore {
    /// Returns the ledger, for faults.
    #[must_use]
    pub fn ledger(&self) -> &MemoryLedger {
        &self.ledger
    }

    /// Returns the objects, for faults.
    #[must_use]
    pub fn kept_objects(&self) -> &MemoryObjects {
        &self.objects
    }

    /// Simulates the death of the holder of an environment's lock. Returns whether it was held.
    pub fn kill_holder(&self, environment: &EnvironmentName) -> bool {
        self.locks.remove(environment)
    }
}

impl Store for MemoryStore {
    fn place(&self) -> String {
        "memory".to_owned()
    }

    fn open(&self, system: Option<&str>) -> Result<Option<Box<dyn Ledger>>, LedgerError> {
        if !self.ledger.inspect(system)? {
            return Ok(None);
        }
        Ok(Some(Box::new(self.ledger.reader())))
    }

    fn open_or_found(&self, system: &str, time: Moment) -> Result<Box<dyn Ledger>, LedgerError> {
        if !self.ledger.inspect(Some(system))? {
            self.ledger.begin(system, time, "lineage")?;
            self.ledger.inspect(Some(system))?;
        }
        Ok(Box::new(self.ledger.clone()))
    }

    fn verify_each(
        &self,
        checkpoints: &[Kept],
        take: &mut TakeRecord<'_>,
    ) -> Result<Verification, LedgerError> {
        self.ledger.verify(checkpoints, take)
    }

    fn fill(&self, source: &dyn Ledger, key: Option<&Sealer>) -> Result<Link, LedgerError> {
        let link = self.ledger.fill(source)?;
        if let Some(sealer) = key {
            *self.key.lock().unwrap_or_else(PoisonError::into_inner) = Some(sealer.clone());
        }
        Ok(link)
    }

    fn restore_head(&self) -> Result<(), LedgerError> {
        let end = self.ledger.verify(&[], &mut |_, _| {})?.end()?.clone();
        self.ledger.remember(Head::Known(end));
        Ok(())
    }

    fn objects(&self) -> &dyn Objects {
        &self.objects
    }

    fn key(&self) -> Result<Option<Sealer>, LedgerError> {
        let key = self.key.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(key.clone())
    }

    fn make_key(&self) -> Result<Sealer, LedgerError> {
        let mut key = self.key.lock().unwrap_or_else(PoisonError::into_inner);
        // Tests need the same seals each time.
        let made = || Sealer::new(*Digest::of(b"the key of a store in memory").as_bytes());
        Ok(key.get_or_insert_with(made).clone())
    }

    fn lock(
        &self,
        environment: &EnvironmentName,
        holder: &Holder,
        wait: Option<Duration>,
    ) -> Result<Box<dyn LockGuard>, LedgerError> {
        Locks::take(&self.locks, environment, holder, wait)
    }

    fn observe_lock(&self, environment: &EnvironmentName) -> Result<Lock, LedgerError> {
        Ok(self.locks.look(environment))
    }

    fn break_lock(&self, environment: &EnvironmentName) -> Result<(), LedgerError> {
        self.locks.remove(environment);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
