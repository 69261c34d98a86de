//! The store in a git remote that a team already has: commits on one ref hold the entries, the objects, the locks and
//! the head. It needs no server, and is readable with git alone.
//!
//! An append is a push that must be a fast-forward: after a lost race, a writer fetches, checks its fence, and tries again.
//! The clone remembers the last commit that it has seen, so that a rewritten remote is refused when it is opened.
//! `program` is how git is run, `repository` what it is asked, `layout` what the files are, and `branch` the ref with
//! what is about to be pushed.

mod branch;
mod layout;
mod ledger;
mod lock;
mod objects;
mod program;
mod repository;
mod verify;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

pub use program::{GitAnswer, GitProgram};

use self::branch::Branch;
use self::ledger::GitLedger;
use self::objects::GitObjects;
use self::repository::Repository;
use crate::lease::{Holder, Lock};
use crate::shared::SharedKey;
use crate::walk::TakeRecord;
use crate::{Kept, Ledger, LedgerError, Link, LockGuard, Objects, Store, Verification};
use evenkeel_model::{EnvironmentName, Moment, Sealer};

/// A store on a ref of a remote, which may not exist yet.
pub struct GitStore {
    branch: Arc<Branch>,
    objects: GitObjects,
    key: SharedKey,
}

impl GitStore {
    /// Returns the store on `remote`, as seen from the repository that `program` runs in. Connects to nothing.
    ///
    /// Waiting for other writers ends soon after `ending` is set.
    #[must_use]
    pub fn new(
        remote: &str,
        program: Arc<dyn GitProgram>,
        key: SharedKey,
        ending: Arc<AtomicBool>,
    ) -> Self {
        let branch = Arc::new(Branch::new(Repository::new(program, remote), ending));
        Self {
            objects: GitObjects::new(Arc::clone(&branch)),
            branch,
            key,
        }
    }
}

impl Store for GitStore {
    fn place(&self) -> String {
        self.branch.place().to_owned()
    }

    fn is_shared(&self) -> bool {
        true
    }

    fn open(&self, system: Option<&str>) -> Result<Option<Box<dyn Ledger>>, LedgerError> {
        let ledger = GitLedger::open_existing(&self.branch, system)?;
        Ok(ledger.map(|ledger| Box::new(ledger) as Box<dyn Ledger>))
    }

    fn open_or_found(&self, system: &str, time: Moment) -> Result<Box<dyn Ledger>, LedgerError> {
        let ledger = GitLedger::open_or_found(&self.branch, system, time, &self.key)?;
        Ok(Box::new(ledger))
    }

    fn verify_each(
        &self,
        checkpoints: &[Kept],
        take: &mut TakeRecord<'_>,
    ) -> Result<Verification, LedgerError> {
        verify::verify_against(&self.branch, checkpoints, take)
    }

    fn fill(&self, source: &dyn Ledger, key: Option<&Sealer>) -> Result<Link, LedgerError> {
        self.key.must_be(key)?;
        ledger::fill(&self.branch, source, key.map(Sealer::fingerprint))
    }

    fn restore_head(&self) -> Result<(), LedgerError> {
        verify::restore_head(&self.branch)
    }

    fn objects(&self) -> &dyn Objects {
        &self.objects
    }

    fn key(&self) -> Result<Option<Sealer>, LedgerError> {
        self.key.find(|| self.branch.fingerprint())
    }

    fn make_key(&self) -> Result<Sealer, LedgerError> {
        self.key.need(|| self.branch.fingerprint())
    }

    fn lock(
        &self,
        environment: &EnvironmentName,
        holder: &Holder,
        wait: Option<Duration>,
    ) -> Result<Box<dyn LockGuard>, LedgerError> {
        lock::take(&self.branch, environment, holder, wait)
    }

    fn observe_lock(&self, environment: &EnvironmentName) -> Result<Lock, LedgerError> {
        lock::look(&self.branch, environment)
    }

    fn break_lock(&self, environment: &EnvironmentName) -> Result<(), LedgerError> {
        lock::break_open(&self.branch, environment)
    }
}
