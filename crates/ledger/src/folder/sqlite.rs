//! The ledger in a SQLite file, the default unless a team shares another.
//!
//! Stores and verifies lines. `database` opens the file; other modules interpret the lines.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, ErrorCode, TransactionBehavior};

use super::snapshot::{self, Snapshot};
use super::{database, files, founding, head, rows, writer};
use crate::chain::Link;
use crate::record::{Founded, Record};
use crate::{Entry, EntryRange, Fence, Head, Ledger, LedgerError, State};
use evenkeel_model::{EnvironmentName, Moment};

/// A ledger in `<folder>/ledger.db`.
pub struct SqliteLedger {
    folder: PathBuf,
    path: PathBuf,
    founded: Founded,
    /// The snapshot that counted when it was opened.
    snapshot: Option<Snapshot>,
    /// `None` when opened for reading.
    writer: Option<Mutex<Writer>>,
}

struct Writer {
    connection: Connection,
    /// The end that this writer has verified: no need to verify it again.
    seen: Option<Link>,
    /// A sync failed: the state of the medium is unknown, so this handle is never used again.
    failed: bool,
}

impl SqliteLedger {
    /// Opens the ledger of `system` in `folder` for appending; founds it if none has ever existed.
    ///
    /// # Errors
    ///
    /// Any [`LedgerError`]; an existing ledger is unchanged then.
    pub fn open_or_found(
        folder: &Path,
        system: &str,
        time: Moment,
        lineage: &str,
    ) -> Result<Self, LedgerError> {
        let path = database::path(folder);
        database::check_engine(&path)?;
        files::ensure(folder)?;
        files::check_contents(folder)?;
        let mut new = false;
        if !database::is_there(&path)? {
            founding::refuse_when_remembered(folder, &path)?;
            new = founding::found(folder, &path, system, time, lineage)?;
        }
        let ((founded, last), snapshot) = database::look(&path, |connection| {
            let found = rows::inspect(connection, folder, &path, Some(system))?;
            let snapshot = Snapshot::of(folder, &path, found.1);
            Ok((found, snapshot))
        })?;
        if new {
            // The ledger is complete without the head; the next append writes it again.
            let _ = head::write(folder, &founded.lineage, last);
        }
        let connection =
            database::open(&path).map_err(|error| database::failed("open", &path, error))?;
        let writer = Writer {
            connection,
            seen: None,
            failed: false,
        };
        Ok(Self {
            folder: folder.to_owned(),
            path,
            founded,
            snapshot,
            writer: Some(Mutex::new(writer)),
        })
    }

    /// Opens the ledger in `folder` for reading; `None` when none has ever existed. Rejects a ledger of another system
    /// than `system`; where that is still unknown, call [`SqliteLedger::belongs_to`] later.
    ///
    /// Creates and changes nothing, even on a writable medium.
    ///
    /// # Errors
    ///
    /// Any [`LedgerError`].
    pub fn open_existing(folder: &Path, system: Option<&str>) -> Result<Option<Self>, LedgerError> {
        let path = database::path(folder);
        database::check_engine(&path)?;
        if std::fs::symlink_metadata(folder)
            .is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound)
        {
            return Ok(None);
        }
        files::check(folder)?;
        files::check_contents(folder)?;
        if !database::is_there(&path)? {
            founding::refuse_when_remembered(folder, &path)?;
            return Ok(None);
        }
        let (founded, snapshot) = database::look(&path, |connection| {
            let (founded, last) = rows::inspect(connection, folder, &path, system)?;
            Ok((founded, Snapshot::of(folder, &path, last)))
        })?;
        Ok(Some(Self {
            folder: folder.to_owned(),
            path,
            founded,
            snapshot,
            writer: None,
        }))
    }

    fn writer(&self) -> Result<MutexGuard<'_, Writer>, LedgerError> {
        let Some(writer) = &self.writer else {
            return Err(LedgerError::storage(
                "append to",
                &self.path,
                "opened for reading only",
            ));
        };
        // A panic while the lock was held rolled its transaction back.
        let writer = writer.lock().unwrap_or_else(PoisonError::into_inner);
        if writer.failed {
            return Err(LedgerError::storage(
                "append to",
                &self.path,
                "an earlier write failed, so the state of the disk is unknown; check the disk and run this again",
            ));
        }
        Ok(writer)
    }

    fn with_connection<T>(
        &self,
        mut task: impl FnMut(&Connection) -> Result<T, LedgerError>,
    ) -> Result<T, LedgerError> {
        match &self.writer {
            Some(writer) => {
                let writer = writer.lock().unwrap_or_else(PoisonError::into_inner);
                task(&writer.connection)
            }
            None => database::look(&self.path, task),
        }
    }

    fn failed(&self, operation: &'static str, error: rusqlite::Error) -> LedgerError {
        database::failed(operation, &self.path, error)
    }
}

impl Ledger for SqliteLedger {
    fn belongs_to(&self, system: &str) -> Result<(), LedgerError> {
        self.founded
            .belongs_to(system, &self.path.display().to_string())
    }

    fn each(
        &self,
        after: u64,
        take: &mut dyn FnMut(Entry) -> Result<(), LedgerError>,
    ) -> Result<(), LedgerError> {
        self.with_connection(|connection| rows::each(connection, &self.path, after, take))
    }

    fn each_within(
        &self,
        range: EntryRange,
        take: &mut dyn FnMut(Entry) -> Result<(), LedgerError>,
    ) -> Result<(), LedgerError> {
        self.with_connection(|connection| rows::each_within(connection, &self.path, range, take))
    }

    fn each_record(
        &self,
        after: u64,
        take: &mut dyn FnMut(Entry, Option<Record>) -> Result<(), LedgerError>,
    ) -> Result<(), LedgerError> {
        self.with_connection(|connection| rows::each_record(connection, &self.path, after, take))
    }

    fn snapshot(&self) -> Option<State> {
        let snapshot = self.snapshot.as_ref();
        snapshot.filter(|it| it.is_of_file(&self.path))?.state()
    }

    fn append(
        &self,
        time: Moment,
        records: &[Record],
        fence: Option<&Fence>,
    ) -> Result<u64, LedgerError> {
        let mut writer = self.writer()?;
        let seen = writer.seen;
        let outcome = self.commit(&mut writer.connection, seen, time, records, fence);
        match outcome {
            Ok(link) => {
                writer.seen = Some(link);
                // The entries are durable. Without an updated head, the ledger is just as intact; only a truncation of
                // these entries would go undetected until the next append.
                let _ = self.remember(link, records.len());
                Ok(link.sequence)
            }
            Err((error, medium)) => {
                writer.failed = medium;
                Err(error)
            }
        }
    }

    fn newest_token(&self, environment: &EnvironmentName) -> Result<u64, LedgerError> {
        self.with_connection(|connection| {
            rows::token(connection, environment).map_err(|error| self.failed("read", error))
        })
    }
}

impl Drop for SqliteLedger {
    /// Stores a snapshot after appends, once the connection is closed and the file is complete.
    fn drop(&mut self) {
        let Some(writer) = self.writer.take() else {
            return;
        };
        let writer = writer.into_inner().unwrap_or_else(PoisonError::into_inner);
        let is_changed = writer.seen.is_some() && !writer.failed;
        // All appends are still in the log: closing it moves them into the file, whose identity then is another one. If the
        // file changed before that, its entries are folded again.
        let snapshot = self.snapshot.take();
        let snapshot = snapshot.filter(|it| it.is_of_file(&self.path));
        drop(writer.connection);
        if is_changed && !std::thread::panicking() {
            snapshot::write(&self.folder, &self.path, snapshot.as_ref());
        }
    }
}

impl SqliteLedger {
    /// Writes the head after an append. A missing or unreadable head proves nothing, and an append to a possibly
    /// truncated ledger must not hide that: only `Store::restore_head` writes it then.
    fn remember(&self, link: Link, appended: usize) -> std::io::Result<()> {
        let is_first = link.sequence <= 1 + appended as u64;
        let is_known = || matches!(head::read(&self.folder), Ok(Head::Known(_)));
        if is_first || is_known() {
            head::write(&self.folder, &self.founded.lineage, link)?;
        }
        Ok(())
    }

    /// Runs one durable transaction. The error says whether the medium failed.
    fn commit(
        &self,
        connection: &mut Connection,
        seen: Option<Link>,
        time: Moment,
        records: &[Record],
        fence: Option<&Fence>,
    ) -> Result<Link, (LedgerError, bool)> {
        let failed = |error: rusqlite::Error| {
            let medium = error.sqlite_error_code() == Some(ErrorCode::SystemIoFailure);
            (self.failed("append to", error), medium)
        };
        let plain = |error: LedgerError| (error, false);
        writer::expect(&self.path);
        let transaction = connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(failed)?;
        let mut link = rows::last_link(&transaction, &self.path, seen).map_err(plain)?;
        if let Some(fence) = fence {
            let newest = rows::token(&transaction, &fence.environment).map_err(failed)?;
            if newest != fence.token {
                return Err(plain(LedgerError::Fenced {
                    environment: fence.environment.clone(),
                    held: fence.token,
                    newest,
                }));
            }
        }
        for record in records {
            let written = link.extend_by(time, record).map_err(plain)?;
            rows::insert(&transaction, &written).map_err(failed)?;
            if let Record::LeaseTaken(taken) = record {
                let newest = rows::token(&transaction, &taken.environment).map_err(failed)?;
                if taken.token <= newest {
                    return Err(plain(LedgerError::Fenced {
                        environment: taken.environment.clone(),
                        held: taken.token,
                        newest,
                    }));
                }
                rows::keep_token(&transaction, &taken.environment, taken.token).map_err(failed)?;
            }
            link = Link::from(&written);
        }
        transaction.commit().map_err(failed)?;
        Ok(link)
    }
}

#[cfg(test)]
mod tests;
