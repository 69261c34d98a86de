//! The store in a PostgreSQL database that a team shares: one schema holds the entries, the objects, the locks and the
//! head.
//!
//! `address` says where the server is, and `server` connects to it. Nothing here relies on a session: every statement
//! names its schema and every lock ends with its transaction, so that a pooler in transaction mode works. The key that
//! seals secrets is not in the database.

mod address;
mod failure;
mod ledger;
mod lock;
mod migrations;
mod objects;
mod rows;
mod server;
mod tls;
mod verify;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

pub use address::{Address, AddressError, Variables};

use self::ledger::PostgresLedger;
use self::objects::PostgresObjects;
use self::server::Server;
use crate::lease::{Holder, Lock};
use crate::shared::SharedKey;
use crate::walk::TakeRecord;
use crate::{Kept, Ledger, LedgerError, Link, LockGuard, Objects, Store, Verification};
use evenkeel_model::{EnvironmentName, Moment, Sealer};

/// A store in a schema of a PostgreSQL database, which may not exist yet.
pub struct PostgresStore {
    server: Arc<Server>,
    objects: PostgresObjects,
    key: SharedKey,
}

impl PostgresStore {
    /// Returns the store at `address`. Connects to nothing.
    ///
    /// Waiting for other writers ends soon after `ending` is set.
    #[must_use]
    pub fn new(address: Address, key: SharedKey, ending: Arc<AtomicBool>) -> Self {
        let server = Arc::new(Server::new(address, ending));
        Self {
            objects: PostgresObjects::new(Arc::clone(&server)),
            server,
            key,
        }
    }
}

impl Store for PostgresStore {
    fn place(&self) -> String {
        self.server.place().to_owned()
    }

    fn is_shared(&self) -> bool {
        true
    }

    fn open(&self, system: Option<&str>) -> Result<Option<Box<dyn Ledger>>, LedgerError> {
        let ledger = PostgresLedger::open_existing(&self.server, system)?;
        Ok(ledger.map(|ledger| Box::new(ledger) as Box<dyn Ledger>))
    }

    fn open_or_found(&self, system: &str, time: Moment) -> Result<Box<dyn Ledger>, LedgerError> {
        let ledger = PostgresLedger::open_or_found(&self.server, system, time, &self.key)?;
        Ok(Box::new(ledger))
    }

    fn verify_each(
        &self,
        checkpoints: &[Kept],
        take: &mut TakeRecord<'_>,
    ) -> Result<Verification, LedgerError> {
        verify::verify_against(&self.server, checkpoints, take)
    }

    fn fill(&self, source: &dyn Ledger, key: Option<&Sealer>) -> Result<Link, LedgerError> {
        self.key.must_be(key)?;
        ledger::fill(&self.server, source, key.map(Sealer::fingerprint))
    }

    fn grant_reading(&self, role: &str) -> Result<(), LedgerError> {
        migrations::grant_reading(&self.server, role)
    }

    fn restore_head(&self) -> Result<(), LedgerError> {
        verify::restore_head(&self.server)
    }

    fn objects(&self) -> &dyn Objects {
        &self.objects
    }

    fn key(&self) -> Result<Option<Sealer>, LedgerError> {
        self.key.find(|| ledger::founded(&self.server))
    }

    fn make_key(&self) -> Result<Sealer, LedgerError> {
        self.key.need(|| ledger::founded(&self.server))
    }

    fn lock(
        &self,
        environment: &EnvironmentName,
        holder: &Holder,
        wait: Option<Duration>,
    ) -> Result<Box<dyn LockGuard>, LedgerError> {
        lock::take(&self.server, environment, holder, wait)
    }

    fn observe_lock(&self, environment: &EnvironmentName) -> Result<Lock, LedgerError> {
        lock::look(&self.server, environment)
    }

    fn break_lock(&self, environment: &EnvironmentName) -> Result<(), LedgerError> {
        lock::break_open(&self.server, environment)
    }
}
