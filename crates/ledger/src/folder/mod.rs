//! The store in a local folder: entries in a SQLite file; objects, locks, the key and the head in files beside it.

mod database;
mod files;
mod founding;
mod head;
mod key;
mod lock;
mod objects;
mod opening;
mod rows;
mod snapshot;
mod sqlite;
mod sweep;
mod verify;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

pub use objects::FolderObjects;
pub use sqlite::SqliteLedger;

use self::sweep::Presence;
use crate::lease::{Holder, Lock};
use crate::walk::TakeRecord;
use crate::{Kept, Ledger, LedgerError, Link, LockGuard, Objects, Store, Verification, random};
use evenkeel_model::{EnvironmentName, Moment, Sealer};

/// A store in a folder, which may not exist yet.
#[derive(Clone, Debug)]
pub struct FolderStore {
    folder: PathBuf,
    objects: FolderObjects,
    presence: Arc<Presence>,
    /// Set when the caller is asked to stop.
    ending: Arc<AtomicBool>,
}

impl FolderStore {
    /// Returns the store in `folder`. Creates nothing.
    #[must_use]
    pub fn new(folder: &Path) -> Self {
        let presence = Arc::new(Presence::new(folder));
        Self {
            folder: folder.to_owned(),
            objects: FolderObjects::beside(folder, &presence),
            presence,
            ending: Arc::default(),
        }
    }

    /// Stops waiting for other processes soon after the flag is set.
    #[must_use]
    pub fn until(mut self, ending: Arc<AtomicBool>) -> Self {
        self.ending = ending;
        self
    }
}

impl Store for FolderStore {
    fn place(&self) -> String {
        let path = self.folder.file_name().map_or(&*self.folder, Path::new);
        path.display().to_string()
    }

    fn open(&self, system: Option<&str>) -> Result<Option<Box<dyn Ledger>>, LedgerError> {
        writer::until(&self.ending);
        let ledger = SqliteLedger::open_existing(&self.folder, system)?;
        Ok(ledger.map(|ledger| Box::new(ledger) as Box<dyn Ledger>))
    }

    fn open_or_found(&self, system: &str, time: Moment) -> Result<Box<dyn Ledger>, LedgerError> {
        writer::until(&self.ending);
        files::ensure(&self.folder)?;
        self.presence.begin();
        let lineage = random::lineage()?;
        let ledger = SqliteLedger::open_or_found(&self.folder, system, time, &lineage)?;
        Ok(Box::new(ledger))
    }

    fn verify_each(
        &self,
        checkpoints: &[Kept],
        take: &mut TakeRecord<'_>,
    ) -> Result<Verification, LedgerError> {
        writer::until(&self.ending);
        verify::verify_against(&self.folder, checkpoints, take)
    }

    fn fill(&self, source: &dyn Ledger, key: Option<&Sealer>) -> Result<Link, LedgerError> {
        writer::until(&self.ending);
        files::ensure(&self.folder)?;
        self.presence.begin();
        if let Some(sealer) = key {
            key::adopt(&self.folder, sealer)?;
        }
        founding::fill(&self.folder, source)
    }

    fn restore_head(&self) -> Result<(), LedgerError> {
        writer::until(&self.ending);
        verify::restore_head(&self.folder)
    }

    fn objects(&self) -> &dyn Objects {
        &self.objects
    }

    fn key(&self) -> Result<Option<Sealer>, LedgerError> {
        key::open_existing(&self.folder)
    }

    fn make_key(&self) -> Result<Sealer, LedgerError> {
        files::ensure(&self.folder)?;
        self.presence.begin();
        key::open_or_make(&self.folder)
    }

    fn lock(
        &self,
        environment: &EnvironmentName,
        holder: &Holder,
        wait: Option<Duration>,
    ) -> Result<Box<dyn LockGuard>, LedgerError> {
        lock::take(&self.folder, environment, holder, wait, &self.ending)
    }

    fn observe_lock(&self, environment: &EnvironmentName) -> Result<Lock, LedgerError> {
        lock::look(&self.folder, environment)
    }

    fn break_lock(&self, environment: &EnvironmentName) -> Result<(), LedgerError> {
        lock::break_open(&self.folder, environment)
    }
}

#[cfg(test)]
mod tests;
