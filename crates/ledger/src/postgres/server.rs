//! The connections to the server, and statements on them.
//!
//! Connections are kept and used again. One that broke is replaced; a statement is repeated only where it changed
//! nothing, or where the caller says that repeating is safe.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use postgres::{Client, NoTls};

use super::address::Address;
use super::failure::{Failure, is_disconnected};
use super::migrations;
use super::tls;
use crate::LedgerError;
use crate::shared::Outage;

/// The pause before the first repetition; it doubles with each.
const PAUSE: Duration = Duration::from_millis(10);

/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_millis(500);

/// The start of a transaction with its limits, in one message to the server. A writer that is suspended while it holds the head is ended by the server, so that it
/// blocks no other; a durable commit is asked for even where the server's default is another.
const BEGIN: &str = "BEGIN; SET LOCAL lock_timeout = '20s'; \
     SET LOCAL statement_timeout = '60s'; \
     SET LOCAL idle_in_transaction_session_timeout = '20s'; \
     SELECT set_config('synchronous_commit', CASE current_setting('synchronous_commit') \
     WHEN 'off' THEN 'on' WHEN 'local' THEN 'on' ELSE current_setting('synchronous_commit') END, true)";

/// A failure, and whether the task may be repeated after it.
type Tried<T> = Result<T, (Failure, bool)>;

/// The server of a store.
pub(super) struct Server {
    address: Address,
    idle: Mutex<Vec<Client>>,
    outage: Outage,
    /// Whether this run has seen a ledger of a supported format in the schema: it stays there.
    is_founded: AtomicBool,
    /// Set when the caller is asked to stop.
    pub(super) ending: Arc<AtomicBool>,
}

impl Server {
    /// Returns the server at this address. Connects to nothing.
    pub(super) fn new(address: Address, ending: Arc<AtomicBool>) -> Self {
        Self {
            address,
            idle: Mutex::default(),
            outage: Outage::default(),
            is_founded: AtomicBool::new(false),
            ending,
        }
    }

    /// Returns the name of the ledger in messages.
    pub(super) fn place(&self) -> &str {
        &self.address.place
    }

    /// Returns the schema, safe in a statement.
    pub(super) fn schema(&self) -> &str {
        &self.address.schema
    }

    /// Returns the error of a failed `operation`.
    pub(super) fn failed(&self, operation: &'static str, failure: Failure) -> LedgerError {
        failure.into_error(operation, self.place())
    }

    /// Runs a task that only reads. It may run more than once.
    pub(super) fn read<T>(
        &self,
        mut task: impl FnMut(&mut Client) -> Result<T, Failure>,
    ) -> Result<T, LedgerError> {
        self.tried(&mut |client| task(client).map_err(|failure| (failure, true)))
            .map_err(|failure| self.failed("read", failure))
    }

    /// Runs a task in a transaction and commits it. The task may run more than once, and takes effect once.
    ///
    /// `is_done` decides after an unanswered commit whether it happened; it runs in a new transaction, in which the same
    /// task would wait for the unanswered one.
    pub(super) fn write<T>(
        &self,
        operation: &'static str,
        mut task: impl FnMut(&mut Client) -> Result<T, Failure>,
        mut is_done: impl FnMut(&mut Client, &T) -> Result<bool, Failure>,
    ) -> Result<T, LedgerError> {
        let mut unanswered: Option<T> = None;
        let outcome = self.tried(&mut |client| {
            // A failed task leaves nothing behind. Where even that cannot be asked for, the connection is not used again,
            // and its end rolls back.
            let undone =
                |client: &mut Client, failure: Failure| match client.batch_execute("ROLLBACK") {
                    Err(error) if !failure.is_disconnected() => (error.into(), true),
                    _ => (failure, true),
                };
            client
                .batch_execute(BEGIN)
                .map_err(|error| undone(client, error.into()))?;
            if let Some(result) = &unanswered {
                match is_done(client, result) {
                    Err(failure) => return Err(undone(client, failure)),
                    Ok(false) => unanswered = None,
                    Ok(true) => {
                        // It changed nothing itself.
                        let _ = client.batch_execute("ROLLBACK");
                        if let Some(result) = unanswered.take() {
                            return Ok(result);
                        }
                    }
                }
            }
            let result = match task(client) {
                Ok(result) => result,
                Err(failure) => return Err(undone(client, failure)),
            };
            match client.batch_execute("COMMIT") {
                Ok(()) => Ok(result),
                Err(error) if is_disconnected(&error) => {
                    unanswered = Some(result);
                    Err((error.into(), true))
                }
                Err(error) => Err((error.into(), false)),
            }
        });
        outcome.map_err(|failure| self.failed(operation, failure))
    }

    /// Runs a task, and again on a new connection while the server is away. The task says whether that is allowed.
    fn tried<T>(&self, task: &mut dyn FnMut(&mut Client) -> Tried<T>) -> Result<T, Failure> {
        let mut pause = PAUSE;
        loop {
            let idle = self.idle().pop();
            // A kept connection may have broken long ago, which says nothing about the server.
            let is_kept = idle.is_some();
            let connected = match idle {
                Some(client) => Ok(client),
                None => self.connect(),
            };
            let (failure, is_allowed) = match connected {
                Ok(mut client) => match task(&mut client) {
                    Ok(result) => {
                        self.outage.is_over();
                        if !client.is_closed() {
                            self.idle().push(client);
                        }
                        return Ok(result);
                    }
                    Err((failure, is_allowed)) => {
                        if failure.is_disconnected() {
                            // The others broke with it.
                            self.idle().clear();
                        } else if !client.is_closed() {
                            self.idle().push(client);
                        }
                        (failure, is_allowed)
                    }
                },
                // The first connection of all fails at once: the address may be wrong.
                Err(failure) => {
                    let is_away = self.outage.is_known() || is_starting(&failure);
                    (failure, is_away)
                }
            };
            let goes_on = is_allowed
                && failure.is_disconnected()
                && (self.outage.is_bearable() || is_kept)
                && !self.ending.load(Ordering::SeqCst);
            if !goes_on {
                return Err(failure);
            }
            thread::sleep(pause);
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Client>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Connects, and refuses a server that is not the primary or whose encoding would alter entries.
    fn connect(&self) -> Result<Client, Failure> {
        let config = &self.address.config;
        let mut client = match tls::encryption(&self.address.trust, self.place())? {
            None => config.connect(NoTls),
            Some(encryption) => config.connect(encryption),
        }?;
        let row = client.query_typed_one(
            "SELECT pg_is_in_recovery(), current_setting('server_encoding')",
            &[],
        )?;
        let unusable = |reason: &str, remedy: &str| -> Failure {
            LedgerError::unusable(Path::new(self.place()), reason, remedy).into()
        };
        if row.try_get::<_, bool>(0)? {
            return Err(unusable(
                "the server is a replica, which may lag behind",
                "use the address of the primary",
            ));
        }
        let encoding: String = row.try_get(1)?;
        if encoding != "UTF8" {
            return Err(unusable(
                &format!("the database's encoding is {encoding}"),
                "create the database with `ENCODING 'UTF8' TEMPLATE template0`",
            ));
        }
        self.outage.is_over();
        Ok(client)
    }

    /// Returns whether the schema contains a ledger of this version's format.
    ///
    /// # Errors
    ///
    /// Like [`Server::is_there`].
    pub(super) fn is_newest(&self) -> Result<bool, LedgerError> {
        self.is_there_now()?;
        Ok(self.is_founded.load(Ordering::SeqCst))
    }

    /// Returns whether the schema contains a ledger of a supported format.
    ///
    /// # Errors
    ///
    /// When the server is unreachable, or the format is newer.
    pub(super) fn is_there(&self) -> Result<bool, LedgerError> {
        if self.is_founded.load(Ordering::SeqCst) {
            return Ok(true);
        }
        self.is_there_now()
    }

    /// Returns the same, from the server: a newer version may have changed the format since. Opening and verifying ask.
    ///
    /// # Errors
    ///
    /// Like [`Server::is_there`].
    pub(super) fn is_there_now(&self) -> Result<bool, LedgerError> {
        let found = self.read(|client| migrations::format(client, self.schema()))?;
        let is_there = migrations::check(found, self.place())?;
        if is_there && migrations::is_newest(found) {
            self.is_founded.store(true, Ordering::SeqCst);
        }
        Ok(is_there)
    }
}

/// Returns whether the server exists and is on its way.
fn is_starting(failure: &Failure) -> bool {
    match failure {
        Failure::Server(error) => error.code().is_some() && is_disconnected(error),
        Failure::Ledger(_) => false,
    }
}
