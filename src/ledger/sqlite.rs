//! The ledger in a SQLite file: the one that is used unless a team shares another.
//!
//! It keeps lines and proves that they are the ones that were written. What SQLite has to be told about opening is in
//! `database`; what the lines mean is for others.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, ErrorCode, TransactionBehavior};

use super::chain::Link;
use super::head::{self, Head};
use super::port::{Fence, Ledger, LedgerError};
use super::record::{Founded, Record};
use super::{Entry, database, folder, rows};
use crate::model::{EnvironmentName, Moment};

/// A ledger in `<folder>/ledger.db`.
pub struct SqliteLedger {
    folder: PathBuf,
    path: PathBuf,
    founded: Founded,
    /// `None` when it was opened for reading.
    writer: Option<Mutex<Writer>>,
}

struct Writer {
    connection: Connection,
    /// The end that this writer has seen with its own eyes: it need not be proven again.
    seen: Option<Link>,
    /// A sync failed: what the medium holds is unknown, and the same handle is never trusted again.
    failed: bool,
}

impl SqliteLedger {
    /// Opens the ledger of `system` in `folder` for appending, and founds it when there has never been one.
    ///
    /// # Errors
    ///
    /// Any [`LedgerError`]; nothing was written to a ledger that is already there.
    pub fn open_or_found(
        folder: &Path,
        system: &str,
        time: Moment,
        lineage: &str,
    ) -> Result<Self, LedgerError> {
        let path = database::path(folder);
        database::check_engine(&path)?;
        folder::ensure(folder)?;
        let mut new = false;
        if !folder::is_there(&path)? {
            refuse_when_remembered(folder, &path)?;
            new = found(folder, &path, system, time, lineage)?;
        }
        let (founded, last) = database::look(&path, |connection| {
            rows::inspect(connection, folder, &path, Some(system))
        })?;
        if new {
            // The ledger is complete without it; the next append writes it again.
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
            writer: Some(Mutex::new(writer)),
        })
    }

    /// Opens the ledger of `system` in `folder` for reading; `None` when there has never been one.
    ///
    /// Creates nothing and changes nothing, also on a medium that could be written to.
    ///
    /// # Errors
    ///
    /// Any [`LedgerError`].
    pub fn open_existing(folder: &Path, system: &str) -> Result<Option<Self>, LedgerError> {
        let path = database::path(folder);
        database::check_engine(&path)?;
        if std::fs::symlink_metadata(folder)
            .is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound)
        {
            return Ok(None);
        }
        folder::check(folder)?;
        if !folder::is_there(&path)? {
            refuse_when_remembered(folder, &path)?;
            return Ok(None);
        }
        let (founded, _) = database::look(&path, |connection| {
            rows::inspect(connection, folder, &path, Some(system))
        })?;
        Ok(Some(Self {
            folder: folder.to_owned(),
            path,
            founded,
            writer: None,
        }))
    }

    /// How the ledger began: its system, its lineage, the version that founded it.
    #[must_use]
    pub fn founded(&self) -> &Founded {
        &self.founded
    }

    fn writer(&self) -> Result<MutexGuard<'_, Writer>, LedgerError> {
        let Some(writer) = &self.writer else {
            return Err(LedgerError::storage(
                "append to",
                &self.path,
                "it was opened for reading",
            ));
        };
        // A panic while the lock was held rolled its transaction back.
        let writer = writer.lock().unwrap_or_else(PoisonError::into_inner);
        if writer.failed {
            return Err(LedgerError::storage(
                "append to",
                &self.path,
                "an earlier write failed, and what the disk holds is not known; look at the disk and begin again",
            ));
        }
        Ok(writer)
    }

    fn with_connection<T>(
        &self,
        task: impl Fn(&Connection) -> Result<T, LedgerError>,
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
    fn read(&self, after: u64) -> Result<Vec<Entry>, LedgerError> {
        self.with_connection(|connection| rows::read_all(connection, &self.path, after))
    }

    fn append(
        &self,
        time: Moment,
        records: &[Record],
        fence: Option<&Fence>,
    ) -> Result<u64, LedgerError> {
        let bodies = encode(records)?;
        let mut writer = self.writer()?;
        let seen = writer.seen;
        let outcome = self.commit(&mut writer.connection, seen, time, records, &bodies, fence);
        match outcome {
            Ok(link) => {
                writer.seen = Some(link);
                // The entries are durable by now. Without the head's news the ledger is as whole as before; only a
                // truncation of these entries would go unnoticed until the next append.
                let _ = head::write(&self.folder, &self.founded.lineage, link);
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

impl SqliteLedger {
    /// One durable transaction. The error says whether the medium itself failed.
    fn commit(
        &self,
        connection: &mut Connection,
        seen: Option<Link>,
        time: Moment,
        records: &[Record],
        bodies: &[String],
        fence: Option<&Fence>,
    ) -> Result<Link, (LedgerError, bool)> {
        let failed = |error: rusqlite::Error| {
            let medium = error.sqlite_error_code() == Some(ErrorCode::SystemIoFailure);
            (self.failed("append to", error), medium)
        };
        let plain = |error: LedgerError| (error, false);
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
        for (record, body) in records.iter().zip(bodies) {
            let written = link.extend(time, record.kind(), body).map_err(|error| {
                plain(LedgerError::storage(
                    "encode an entry for",
                    &self.path,
                    error,
                ))
            })?;
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

/// The bodies of records.
pub(super) fn encode(records: &[Record]) -> Result<Vec<String>, LedgerError> {
    records
        .iter()
        .map(Record::encode)
        .collect::<Result<_, _>>()
        .map_err(|error| {
            LedgerError::storage("encode an entry for", Path::new("the ledger"), error)
        })
}

/// Refuses to begin anew where a ledger has been.
fn refuse_when_remembered(folder: &Path, path: &Path) -> Result<(), LedgerError> {
    let head = head::path(folder);
    if head::read(folder)? == Head::Absent {
        return Ok(());
    }
    Err(LedgerError::Missing {
        path: path.display().to_string(),
        head: head.display().to_string(),
    })
}

/// Founds the ledger: the file appears under its name complete and durable, or not at all. Says whether it was this
/// process that founded it.
fn found(
    folder: &Path,
    path: &Path,
    system: &str,
    time: Moment,
    lineage: &str,
) -> Result<bool, LedgerError> {
    let storage = |error| LedgerError::storage("found", path, error);
    let cradle = tempfile::Builder::new()
        .prefix(".founding-")
        .tempdir_in(folder)
        .map_err(storage)?;
    let temporary = database::path(cradle.path());
    let written = encode(&[Record::Founded(Founded {
        system: system.to_owned(),
        lineage: lineage.to_owned(),
        tool: env!("CARGO_PKG_VERSION").to_owned(),
    })])?;
    let body = written.first().map_or("", String::as_str);
    let first = Link::root()
        .extend(time, "founded", body)
        .map_err(|error| LedgerError::storage("found", path, error))?;
    folder::open_private(&temporary).map_err(storage)?;
    database::create(&temporary)
        .and_then(|connection| {
            rows::insert(&connection, &first)?;
            database::finish(connection)
        })
        .map_err(|error| database::failed("found", path, error))?;
    // Linking, unlike renaming, never replaces what somebody else has founded meanwhile.
    let new = match std::fs::hard_link(&temporary, path) {
        Ok(()) => true,
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => false,
        Err(error) => return Err(storage(error)),
    };
    drop(cradle);
    folder::sync(folder).map_err(storage)?;
    Ok(new)
}

#[cfg(test)]
mod tests {
    use super::{LedgerError, SqliteLedger};
    use crate::ledger::Ledger;
    use crate::ledger::conformance::{self, lease, time};
    use std::fs;
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;

    fn open(folder: &Path) -> Result<SqliteLedger, LedgerError> {
        SqliteLedger::open_or_found(folder, "guestbook", time(0), "lineage")
    }

    /// Every file below a folder with its bytes.
    fn picture(folder: &Path) -> Vec<(String, Vec<u8>)> {
        let mut files: Vec<_> = fs::read_dir(folder)
            .unwrap()
            .map(|file| file.unwrap().path())
            .map(|path| (path.display().to_string(), fs::read(&path).unwrap()))
            .collect();
        files.sort();
        files
    }

    #[test]
    fn it_keeps_the_promises_of_every_ledger() {
        let world = tempfile::tempdir().unwrap();
        let number = std::cell::Cell::new(0);
        conformance::check(|| {
            number.set(number.get() + 1);
            Box::new(open(&world.path().join(number.get().to_string())).unwrap())
        });
    }

    #[test]
    fn reading_creates_and_changes_nothing_even_where_nothing_may_be_written() {
        let world = tempfile::tempdir().unwrap();
        let folder = world.path().join("ledger");
        assert!(
            SqliteLedger::open_existing(&folder, "guestbook")
                .unwrap()
                .is_none()
        );
        assert!(!folder.exists());
        let writer = open(&folder).unwrap();
        writer
            .append(time(1), &[lease("staging", 1)], None)
            .unwrap();
        // While a writer is there, its latest entry is seen.
        let reader = SqliteLedger::open_existing(&folder, "guestbook")
            .unwrap()
            .unwrap();
        assert_eq!(reader.read(0).unwrap().len(), 2);
        drop(writer);
        let before = picture(&folder);
        assert_eq!(before.len(), 2, "{before:?}");
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o500)).unwrap();
        let reader = SqliteLedger::open_existing(&folder, "guestbook")
            .unwrap()
            .unwrap();
        assert_eq!(reader.read(0).unwrap().len(), 2);
        assert!(matches!(
            reader.append(time(2), &[lease("staging", 2)], None),
            Err(LedgerError::Storage { .. })
        ));
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).unwrap();
        assert_eq!(picture(&folder), before);
    }

    #[test]
    fn files_are_private() {
        let world = tempfile::tempdir().unwrap();
        let folder = world.path().join("ledger");
        let writer = open(&folder).unwrap();
        writer
            .append(time(1), &[lease("staging", 1)], None)
            .unwrap();
        for file in fs::read_dir(&folder).unwrap() {
            let file = file.unwrap();
            let mode = file.metadata().unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{}", file.path().display());
        }
    }

    #[test]
    fn a_newer_or_foreign_file_is_refused_untouched() {
        let world = tempfile::tempdir().unwrap();
        let folder = world.path().join("ledger");
        drop(open(&folder).unwrap());
        let other = SqliteLedger::open_or_found(&folder, "webshop", time(0), "lineage");
        assert!(matches!(other, Err(LedgerError::Foreign { .. })));
        let path = folder.join("ledger.db");
        let alter = |statement: &str| {
            rusqlite::Connection::open(&path)
                .unwrap()
                .execute_batch(statement)
                .unwrap();
        };
        alter("PRAGMA user_version = 2");
        let before = picture(&folder);
        assert!(matches!(
            open(&folder),
            Err(LedgerError::Newer {
                found: 2,
                known: 1,
                ..
            })
        ));
        assert_eq!(picture(&folder), before);
        alter("PRAGMA user_version = 0");
        assert!(matches!(open(&folder), Err(LedgerError::NotALedger { .. })));
        alter("PRAGMA user_version = 1; PRAGMA application_id = 5");
        assert!(matches!(open(&folder), Err(LedgerError::NotALedger { .. })));
        for content in [&b""[..], b"not a database, and long enough to tell from the header of one ............................................."] {
            fs::write(&path, content).unwrap();
            let before = picture(&folder);
            assert!(matches!(open(&folder), Err(LedgerError::NotALedger { .. })));
            assert_eq!(picture(&folder), before);
        }
    }

    #[test]
    fn a_ledger_that_is_gone_or_cut_short_is_never_founded_anew() {
        let world = tempfile::tempdir().unwrap();
        let folder = world.path().join("ledger");
        let path = folder.join("ledger.db");
        drop(open(&folder).unwrap());
        let old = fs::read(&path).unwrap();
        open(&folder)
            .unwrap()
            .append(time(1), &[lease("staging", 1)], None)
            .unwrap();
        fs::write(&path, &old).unwrap();
        let refused = open(&folder).err().unwrap();
        assert!(
            matches!(refused, LedgerError::Broken { sequence: 2, .. }),
            "{refused}"
        );
        fs::remove_file(&path).unwrap();
        for refused in [
            open(&folder).err().unwrap(),
            SqliteLedger::open_existing(&folder, "guestbook")
                .err()
                .unwrap(),
        ] {
            assert!(matches!(refused, LedgerError::Missing { .. }), "{refused}");
        }
        fs::remove_file(folder.join("head")).unwrap();
        open(&folder).unwrap();
    }

    #[test]
    fn many_founders_found_one_ledger() {
        let world = tempfile::tempdir().unwrap();
        let folder = world.path().join("ledger");
        let lineages: std::collections::BTreeSet<String> = std::thread::scope(|scope| {
            let founders: Vec<_> = (0..8)
                .map(|founder| {
                    let folder = &folder;
                    scope.spawn(move || {
                        let lineage = format!("lineage-{founder}");
                        let ledger =
                            SqliteLedger::open_or_found(folder, "guestbook", time(0), &lineage)
                                .unwrap();
                        ledger.append(time(1), &[lease(&lineage, 1)], None).unwrap();
                        ledger.founded().lineage.clone()
                    })
                })
                .collect();
            founders
                .into_iter()
                .map(|founder| founder.join().unwrap())
                .collect()
        });
        assert_eq!(lineages.len(), 1);
        let entries = open(&folder).unwrap().read(0).unwrap();
        assert_eq!(entries.len(), 9);
    }
}
