//! The lock of an environment: a row that its holder renews. The server's clock decides when a lock that is no longer
//! renewed has expired, so that the clocks of the writers do not matter.
//!
//! The ledger's fence stops a holder whose lock expired while it was suspended.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use postgres::types::Type;

use super::failure::Failure;
use super::migrations;
use super::server::Server;
use crate::lease::{Holder, Lock, check_name, introduce};
use crate::shared::{RENEW_EVERY, Renewal, TIME_TO_LIVE};
use crate::{LedgerError, LockGuard};
use evenkeel_model::{EnvironmentName, name};

/// The interval between two tries of a waiting writer.
const PAUSE: Duration = Duration::from_millis(250);

/// A held lock, with the thread that renews it.
struct HeldRow {
    server: Arc<Server>,
    environment: EnvironmentName,
    number: i64,
    renewal: Arc<Renewal>,
    /// Dropped to end the thread.
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl LockGuard for HeldRow {
    fn confirm(&self) -> Result<(), LedgerError> {
        if self.renewal.is_fresh() {
            return Ok(());
        }
        renew(&self.server, &self.environment, self.number, &self.renewal)
    }
}

impl Drop for HeldRow {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
        let statement = format!(
            "UPDATE {}.lock SET holder = NULL, expires = '-infinity' WHERE environment = $1 AND number = $2",
            self.server.schema()
        );
        // A lock that cannot be released expires.
        let _ = self.server.write(
            "unlock",
            |transaction| {
                transaction.execute_typed(
                    &statement,
                    &[
                        (&self.environment.as_str(), Type::TEXT),
                        (&self.number, Type::INT8),
                    ],
                )?;
                Ok(())
            },
            |_, ()| Ok(false),
        );
    }
}

/// Takes the lock, waiting at most `wait`, and renews it until it is dropped.
///
/// # Errors
///
/// Like [`Store::lock`](crate::Store::lock).
pub(super) fn take(
    server: &Arc<Server>,
    environment: &EnvironmentName,
    holder: &Holder,
    wait: Option<Duration>,
) -> Result<Box<dyn LockGuard>, LedgerError> {
    check_name(environment)?;
    if !server.is_there()? {
        migrations::migrate(server)?;
    }
    let begun = Instant::now();
    loop {
        let asked = Renewal::now();
        if let Some(number) = try_take(server, environment, holder)? {
            return Ok(Box::new(held(server, environment, number, asked)));
        }
        let left = wait.unwrap_or_default().saturating_sub(begun.elapsed());
        let other = || match look(server, environment)? {
            Lock::Held(holder) => Ok(introduce(holder.as_ref())),
            Lock::Free => Ok("a process that just left".to_owned()),
        };
        if left.is_zero() {
            return Err(LedgerError::Held {
                environment: environment.clone(),
                holder: other()?,
            });
        }
        if server.ending.load(Ordering::SeqCst) {
            return Err(LedgerError::Interrupted { awaited: other()? });
        }
        thread::sleep(left.min(PAUSE));
    }
}

/// Takes the lock if it is free or expired; returns its number.
fn try_take(
    server: &Server,
    environment: &EnvironmentName,
    holder: &Holder,
) -> Result<Option<i64>, LedgerError> {
    let holder = serde_json::to_string(holder)
        .map_err(|error| LedgerError::storage("lock", server.place().as_ref(), error))?;
    let schema = server.schema();
    let statement = format!(
        "INSERT INTO {schema}.lock AS held (environment, number, holder, expires) \
         VALUES ($1, 1, $2, clock_timestamp() + make_interval(secs => $3)) \
         ON CONFLICT (environment) DO UPDATE SET number = held.number + 1, holder = excluded.holder, \
         expires = excluded.expires WHERE held.expires < clock_timestamp() RETURNING number"
    );
    let seconds = TIME_TO_LIVE.as_secs_f64();
    server.write(
        "lock",
        |transaction| {
            let row = transaction.query_typed_opt(
                &statement,
                &[
                    (&environment.as_str(), Type::TEXT),
                    (&holder, Type::TEXT),
                    (&seconds, Type::FLOAT8),
                ],
            )?;
            Ok(row.map(|row| row.try_get(0)).transpose()?)
        },
        |transaction, number: &Option<i64>| {
            let Some(number) = number else {
                return Ok(true);
            };
            let row = transaction.query_typed_opt(
                &format!("SELECT number FROM {schema}.lock WHERE environment = $1 AND holder = $2"),
                &[(&environment.as_str(), Type::TEXT), (&holder, Type::TEXT)],
            )?;
            let kept: Option<i64> = row.map(|row| row.try_get(0)).transpose()?;
            Ok(kept == Some(*number))
        },
    )
}

/// Starts the renewal of a lock that was taken.
fn held(
    server: &Arc<Server>,
    environment: &EnvironmentName,
    number: i64,
    asked: Renewal,
) -> HeldRow {
    let renewal = Arc::new(asked);
    let (stop, stopped) = mpsc::channel::<()>();
    let thread = {
        let (server, environment) = (Arc::clone(server), environment.clone());
        let renewal = Arc::clone(&renewal);
        thread::Builder::new()
            .name("lock".to_owned())
            .spawn(move || {
                while stopped.recv_timeout(RENEW_EVERY) == Err(RecvTimeoutError::Timeout) {
                    // A failed renewal is repeated; the holder's next check decides what it means.
                    let _ = renew(&server, &environment, number, &renewal);
                }
            })
            // Without the thread, every check of the holder renews.
            .ok()
    };
    HeldRow {
        server: Arc::clone(server),
        environment: environment.clone(),
        number,
        renewal,
        stop: Some(stop),
        thread,
    }
}

/// Renews a lock that is still held.
fn renew(
    server: &Server,
    environment: &EnvironmentName,
    number: i64,
    renewal: &Renewal,
) -> Result<(), LedgerError> {
    let asked = Renewal::now();
    let statement = format!(
        "UPDATE {}.lock SET expires = clock_timestamp() + make_interval(secs => $3) \
         WHERE environment = $1 AND number = $2 AND holder IS NOT NULL",
        server.schema()
    );
    let seconds = TIME_TO_LIVE.as_secs_f64();
    let renewed = server.write(
        "renew the lock of",
        |transaction| {
            Ok(transaction.execute_typed(
                &statement,
                &[
                    (&environment.as_str(), Type::TEXT),
                    (&number, Type::INT8),
                    (&seconds, Type::FLOAT8),
                ],
            )?)
        },
        |_, _| Ok(false),
    )?;
    if renewed == 0 {
        return Err(LedgerError::Held {
            environment: environment.clone(),
            holder: match look(server, environment)? {
                Lock::Held(holder) => introduce(holder.as_ref()),
                Lock::Free => "a run that took the lock over after it expired".to_owned(),
            },
        });
    }
    renewal.advance(&asked);
    Ok(())
}

/// Returns the holder of an environment's lock, if any. Changes nothing.
///
/// # Errors
///
/// When the lock is unreadable.
pub(super) fn look(server: &Server, environment: &EnvironmentName) -> Result<Lock, LedgerError> {
    if !name::is_word(environment.as_str()) || !server.is_there()? {
        return Ok(Lock::Free);
    }
    let statement = format!(
        "SELECT holder FROM {}.lock WHERE environment = $1 AND expires >= clock_timestamp()",
        server.schema()
    );
    let found: Option<Option<String>> = server.read(|client| {
        let row = client.query_typed_opt(&statement, &[(&environment.as_str(), Type::TEXT)])?;
        Ok::<_, Failure>(row.map(|row| row.try_get(0)).transpose()?)
    })?;
    Ok(match found {
        None => Lock::Free,
        Some(holder) => Lock::Held(holder.and_then(|text| serde_json::from_str(&text).ok())),
    })
}

/// Frees the lock, regardless of its holder.
///
/// # Errors
///
/// [`LedgerError::Storage`].
pub(super) fn break_open(
    server: &Server,
    environment: &EnvironmentName,
) -> Result<(), LedgerError> {
    check_name(environment)?;
    let statement = format!(
        "UPDATE {}.lock SET number = number + 1, holder = NULL, expires = '-infinity' WHERE environment = $1",
        server.schema()
    );
    server.write(
        "unlock",
        |transaction| {
            transaction.execute_typed(&statement, &[(&environment.as_str(), Type::TEXT)])?;
            Ok(())
        },
        |_, ()| Ok(false),
    )
}
