//! The store port: everything that a project stores, independent of the backend.
//!
//! A store is a place. It exists before anything is stored, and reading creates nothing. `lease` builds on its lock,
//! and `verify` on its rows.

use std::time::Duration;

use super::lease::{Holder, Lock};
use super::walk::TakeRecord;
use super::{Kept, Ledger, LedgerError, Link, Objects, Verification};
use evenkeel_model::{EnvironmentName, Moment, Sealer};

/// The place of a project's ledger, objects, locks and key.
pub trait Store: Send + Sync {
    /// Returns the path or name, for people: the thing to restore from a backup.
    fn place(&self) -> String;

    /// Returns whether other checkouts and machines use the same store.
    fn is_shared(&self) -> bool {
        false
    }

    /// Opens the ledger for reading; `None` when none has ever existed. Creates and changes nothing.
    ///
    /// Rejects a ledger of another system than `system`; where that is still unknown, call [`Ledger::belongs_to`]
    /// later.
    ///
    /// # Errors
    ///
    /// Any [`LedgerError`].
    fn open(&self, system: Option<&str>) -> Result<Option<Box<dyn Ledger>>, LedgerError>;

    /// Opens the ledger of `system` for appending; founds it under a random lineage if none has ever existed.
    ///
    /// # Errors
    ///
    /// Any [`LedgerError`]; an existing ledger is unchanged then.
    fn open_or_found(&self, system: &str, time: Moment) -> Result<Box<dyn Ledger>, LedgerError>;

    /// Copies all entries of another store's ledger, byte for byte, into this store, which must be empty, and makes this
    /// store use its `key`. All or nothing. Returns the end.
    ///
    /// Copy the objects first, so that no entry names a missing one.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Unusable`] when this store has a ledger or another key, and any error of `source`.
    fn fill(&self, source: &dyn Ledger, key: Option<&Sealer>) -> Result<Link, LedgerError>;

    /// Lets an account of the backend read everything, and change nothing: the access of an auditor.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Unusable`] where the backend has no accounts.
    fn grant_reading(&self, account: &str) -> Result<(), LedgerError> {
        let _ = account;
        Err(LedgerError::Unusable {
            path: self.place(),
            reason: "it has no accounts".to_owned(),
            remedy: "give the auditor access to its files, read-only".to_owned(),
        })
    }

    /// Verifies the whole ledger without trust in its writers, and checks it against checkpoints that were kept
    /// elsewhere. Changes nothing.
    ///
    /// # Errors
    ///
    /// When the ledger is missing, unreadable, or written by a newer version. Problems in its content are findings.
    fn verify(&self, checkpoints: &[Kept]) -> Result<Verification, LedgerError> {
        self.verify_each(checkpoints, &mut |_, _| {})
    }

    /// Verifies like [`Store::verify`], and passes the record of each valid entry to `take` with the entry's number. A
    /// concurrent append can restart the verification, so a record can be passed twice.
    ///
    /// # Errors
    ///
    /// Like [`Store::verify`].
    fn verify_each(
        &self,
        checkpoints: &[Kept],
        take: &mut TakeRecord<'_>,
    ) -> Result<Verification, LedgerError>;

    /// Writes a missing or unreadable head again: from then on the ledger counts as complete in its present state. A
    /// person decides this, after a check against a checkpoint or a backup.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Broken`] when an entry is bad; otherwise like [`Store::verify`].
    fn restore_head(&self) -> Result<(), LedgerError>;

    /// Returns the objects beside the ledger.
    fn objects(&self) -> &dyn Objects;

    /// Returns the sealer with the project's key; `None` when no key exists. Creates nothing.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Unusable`] when other users may read the key or it is malformed, [`LedgerError::Storage`]
    /// otherwise.
    fn key(&self) -> Result<Option<Sealer>, LedgerError>;

    /// Returns the sealer with the project's key; creates a key if none exists. Concurrent callers get the same key.
    ///
    /// # Errors
    ///
    /// Like [`Store::key`].
    fn make_key(&self) -> Result<Sealer, LedgerError>;

    /// Takes the lock of an environment, waiting at most `wait` for its holder. The lock dies with its holder.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Held`] when another holder has it, [`LedgerError::Unusable`] for an invalid name.
    fn lock(
        &self,
        environment: &EnvironmentName,
        holder: &Holder,
        wait: Option<Duration>,
    ) -> Result<Box<dyn LockGuard>, LedgerError>;

    /// Returns the state of an environment's lock. Changes nothing.
    ///
    /// # Errors
    ///
    /// When the lock exists and is unreadable.
    fn observe_lock(&self, environment: &EnvironmentName) -> Result<Lock, LedgerError>;

    /// Takes the lock of an environment away from its holder: the next writer gets it at once. The fence refuses later
    /// appends of the old holder.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Storage`].
    fn break_lock(&self, environment: &EnvironmentName) -> Result<(), LedgerError>;
}

/// A held lock; released on drop, and when its process dies.
pub trait LockGuard: Send + Sync {
    /// Makes sure that the lock is still held: a shared one expires while its holder is suspended or cut off. Ask right
    /// before a change; the answer is quick unless the last renewal is old.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Held`] when the lock was lost, and any error of a renewal.
    fn confirm(&self) -> Result<(), LedgerError> {
        Ok(())
    }
}
