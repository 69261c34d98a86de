//! The port: everything that a project keeps, wherever it is kept.
//!
//! A store is a place. It exists before anything is kept there, and looking at it creates nothing. What a lease is
//! beyond the lock that a store gives is for `lease`; how a ledger is verified once its rows can be read, for `verify`.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::lease::{Holder, Lock};
use super::{Kept, Ledger, LedgerError, Objects, Verification};
use evenkeel_model::{EnvironmentName, Moment, Sealer};

/// The place of a project's ledger, objects, locks and key.
pub trait Store: Send + Sync {
    /// The place, for people: what they restore from a backup.
    fn place(&self) -> String;

    /// Opens the ledger for reading; `None` when there has never been one. Creates nothing and changes nothing.
    ///
    /// A ledger of another system than `system` is refused; where that is not known yet, ask [`Ledger::belongs_to`].
    ///
    /// # Errors
    ///
    /// Any [`LedgerError`].
    fn open(&self, system: Option<&str>) -> Result<Option<Box<dyn Ledger>>, LedgerError>;

    /// Opens the ledger of `system` for appending, and founds it when there has never been one, under a random lineage.
    ///
    /// # Errors
    ///
    /// Any [`LedgerError`]; nothing was written to a ledger that is already there.
    fn open_or_found(&self, system: &str, time: Moment) -> Result<Box<dyn Ledger>, LedgerError>;

    /// Reads the whole ledger as if nobody could be trusted, and holds it against checkpoints that were kept
    /// elsewhere. Changes nothing.
    ///
    /// # Errors
    ///
    /// When there is no ledger, when it was written by a newer version, or when it cannot be read. Whatever is wrong
    /// with its content is a finding.
    fn verify(&self, checkpoints: &[Kept]) -> Result<Verification, LedgerError>;

    /// Writes the head of a ledger anew, where it is missing or garbled: from then on the ledger counts as complete as it
    /// is now. That is a person's decision, after the ledger was held against a checkpoint or a backup.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Broken`] when an entry is not as it was written; otherwise as [`Store::verify`].
    fn restore_head(&self) -> Result<(), LedgerError>;

    /// The objects beside the ledger.
    fn objects(&self) -> &dyn Objects;

    /// The sealer with the project's key; `None` when none was made yet. Creates nothing.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Unusable`] when others may read the key or it is none, [`LedgerError::Storage`] otherwise.
    fn key(&self) -> Result<Option<Sealer>, LedgerError>;

    /// The sealer with the project's key, which is made if there is none. All who come at once get the same key.
    ///
    /// # Errors
    ///
    /// As [`Store::key`].
    fn make_key(&self) -> Result<Sealer, LedgerError>;

    /// Takes the lock of an environment, waiting at most `wait` for its holder. The lock dies with its holder.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Held`] when another holder keeps it, [`LedgerError::Unusable`] for a name that is none.
    fn lock(
        &self,
        environment: &EnvironmentName,
        holder: &Holder,
        wait: Option<Duration>,
    ) -> Result<Box<dyn LockGuard>, LedgerError>;

    /// Who has the lock of an environment now. Looks, and changes nothing.
    ///
    /// # Errors
    ///
    /// When the lock is there and cannot be looked at.
    fn look_at_lock(&self, environment: &EnvironmentName) -> Result<Lock, LedgerError>;

    /// Takes the lock of an environment away from its holder: the next one gets it at once. What the old holder still
    /// writes is for the fence to refuse.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Storage`].
    fn break_lock(&self, environment: &EnvironmentName) -> Result<(), LedgerError>;
}

/// A lock that is held; released when it is dropped, and when its process dies.
pub trait LockGuard: Send + Sync {}

/// Makes the store of a project: the real one for the program, one in memory for tests.
pub trait StoreMaker: Sync {
    /// The store of the project in this directory. Creates nothing.
    fn make(&self, project: &Path) -> Arc<dyn Store>;
}
