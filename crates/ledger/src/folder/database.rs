//! The SQLite file: its schema, opening for writing, and reading without changes to it.
//!
//! Never open the file by other means in this process: closing any descriptor of it would drop SQLite's own locks.

use std::fmt::Write as _;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, SystemTime};

use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::files;
use super::writer::{self, Writer};
use crate::LedgerError;

/// The format this version writes, and the newest it reads.
pub const FORMAT: i64 = 1;
/// "evkl": the application ID in the file's header.
const APPLICATION: i64 = 0x6576_6b6c;
/// The first SQLite version without the write-ahead-log reset bug.
const OLDEST_ENGINE: i32 = 3_051_003;
/// The number of retries of a read during concurrent writes.
const LOOKS: u32 = 50;

/// Every object of the schema: its name and its statement, which SQLite stores verbatim.
pub const SCHEMA: &[(&str, &str)] = &[
    (
        "entry",
        "CREATE TABLE entry(sequence INTEGER PRIMARY KEY, line TEXT NOT NULL, digest BLOB NOT NULL) STRICT",
    ),
    (
        "lease",
        "CREATE TABLE lease(environment TEXT PRIMARY KEY, token INTEGER NOT NULL) STRICT, WITHOUT ROWID",
    ),
    (
        "entry_is_never_changed",
        "CREATE TRIGGER entry_is_never_changed BEFORE UPDATE ON entry BEGIN SELECT RAISE(ABORT, 'entries are never changed'); END",
    ),
    (
        "entry_is_never_removed",
        "CREATE TRIGGER entry_is_never_removed BEFORE DELETE ON entry BEGIN SELECT RAISE(ABORT, 'entries are never removed'); END",
    ),
    (
        "entry_comes_last",
        "CREATE TRIGGER entry_comes_last BEFORE INSERT ON entry WHEN NEW.sequence IS NOT (SELECT coalesce(max(sequence), 0) + 1 FROM entry) BEGIN SELECT RAISE(ABORT, 'entries are appended in order'); END",
    ),
];

/// Returns the path of the file.
#[must_use]
pub fn path(folder: &Path) -> PathBuf {
    folder.join("ledger.db")
}

/// Converts an error of SQLite: a broken ledger, or a failed medium.
pub fn failed(operation: &'static str, path: &Path, error: rusqlite::Error) -> LedgerError {
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => LedgerError::NotALedger {
            path: path.display().to_string(),
            reason: "not a SQLite database".to_owned(),
        },
        Some(ErrorCode::DatabaseCorrupt) => {
            LedgerError::broken(0, format!("{} is damaged: {error}", path.display()))
        }
        Some(
            ErrorCode::DatabaseBusy
            | ErrorCode::DatabaseLocked
            | ErrorCode::FileLockingProtocolFailed,
        ) => busy(operation, path),
        // SQLite's messages for these codes name neither the cause nor the next step.
        Some(ErrorCode::CannotOpen) => LedgerError::storage(
            operation,
            path,
            format!(
                "cannot open it or its folder: check owner, permissions and whether the disk is read-only ({error})"
            ),
        ),
        Some(ErrorCode::ReadOnly) => LedgerError::storage(
            operation,
            path,
            format!(
                "it is read-only: check owner, permissions and whether the disk is read-only ({error})"
            ),
        ),
        _ => LedgerError::storage(operation, path, error),
    }
}

/// Returns the error for a process that holds the write lock too long: which process, and how to end it.
fn busy(operation: &'static str, path: &Path) -> LedgerError {
    let found = writer::writer_of(path);
    if writer::is_ending() && found.as_ref().is_none_or(|writer| !writer.is_stopped) {
        return LedgerError::Interrupted {
            awaited: match found {
                Some(Writer {
                    process, program, ..
                }) => format!("process {process} (`{program}`), which is writing to the ledger"),
                None => "another process, which is writing to the ledger".to_owned(),
            },
        };
    }
    let writer = match found {
        Some(writer) => {
            let Writer {
                process, program, ..
            } = &writer;
            let (state, ways) = if writer.is_stopped {
                (
                    "is stopped during a write".to_owned(),
                    format!("continue it with `kill -CONT {process}`, or end it"),
                )
            } else {
                let patience = evenkeel_model::duration::phrase(writer::PATIENCE);
                (
                    format!("has been writing for {patience}"),
                    "wait for it, or end it".to_owned(),
                )
            };
            format!(
                "process {process} (`{program}`) {state}; {ways} with `kill -KILL {process}`: the ledger stays intact, and the next run checks the unfinished steps"
            )
        }
        None => format!(
            "another process has been writing for {}; find it with `fuser {}` and end it",
            evenkeel_model::duration::phrase(writer::PATIENCE),
            path.display()
        ),
    };
    LedgerError::Busy {
        operation,
        path: path.display().to_string(),
        writer,
    }
}

/// Creates a new, empty ledger file that no other process knows.
///
/// # Errors
///
/// When SQLite fails.
pub fn create(path: &Path) -> Result<Connection, rusqlite::Error> {
    let mut connection = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    settle(&mut connection)?;
    let mut script = String::from("BEGIN IMMEDIATE;\n");
    for (_, statement) in SCHEMA {
        script.push_str(statement);
        script.push_str(";\n");
    }
    script.push_str("COMMIT;");
    connection.execute_batch(&script)?;
    connection.pragma_update(None, "application_id", APPLICATION)?;
    connection.pragma_update(None, "user_version", FORMAT)?;
    Ok(connection)
}

/// Merges the log into the file and closes it. Closing alone is not enough: SQLite does not report a failure to move
/// its log into the file.
///
/// # Errors
///
/// When SQLite fails; discard the file then.
pub fn finish(connection: Connection) -> Result<(), rusqlite::Error> {
    let busy: i64 =
        connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
    if busy != 0 {
        return Err(rusqlite::Error::SqliteFailure(
            rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_BUSY),
            Some("cannot complete the new file".to_owned()),
        ));
    }
    connection.close().map_err(|(_, error)| error)
}

/// Opens the file for appending.
///
/// # Errors
///
/// When SQLite fails.
pub fn open(path: &Path) -> Result<Connection, rusqlite::Error> {
    writer::expect(path);
    if writer::keeps_from_opening(path) {
        return Err(is_busy());
    }
    let mut connection = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    settle(&mut connection)?;
    Ok(connection)
}

/// Returns the error that SQLite reports where another process blocks the file.
fn is_busy() -> rusqlite::Error {
    rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_BUSY), None)
}

fn settle(connection: &mut Connection) -> Result<(), rusqlite::Error> {
    connection.busy_handler(Some(writer::wait))?;
    // Read all rows: SQLite returns the mode first and reports only afterwards that the disk refused the change.
    let modes: Vec<String> = connection
        .prepare("PRAGMA journal_mode = WAL")?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let mode = modes.first().map_or("", String::as_str);
    if !mode.eq_ignore_ascii_case("wal") {
        return Err(rusqlite::Error::SqliteFailure(
            rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_IOERR),
            Some("cannot create the write-ahead log beside the file".to_owned()),
        ));
    }
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "trusted_schema", false)
}

/// Rejects a SQLite version with known bugs.
///
/// # Errors
///
/// [`LedgerError::Unusable`].
pub fn check_engine(path: &Path) -> Result<(), LedgerError> {
    if rusqlite::version_number() >= OLDEST_ENGINE {
        return Ok(());
    }
    Err(LedgerError::unusable(
        path,
        &format!("SQLite {} has known bugs", rusqlite::version()),
        "build evenkeel with its bundled SQLite",
    ))
}

/// Rejects a file that is not a ledger in a supported format.
///
/// # Errors
///
/// [`LedgerError::NotALedger`] or [`LedgerError::Newer`].
pub fn check_format(connection: &Connection, path: &Path) -> Result<(), LedgerError> {
    let pragma = |name| {
        connection
            .pragma_query_one::<i64>(None, name)
            .map_err(|error| failed("read", path, error))
    };
    let not_a_ledger = |reason: &str| {
        Err(LedgerError::NotALedger {
            path: path.display().to_string(),
            reason: reason.to_owned(),
        })
    };
    if pragma("application_id")? != APPLICATION {
        return not_a_ledger("evenkeel did not write it");
    }
    match pragma("user_version")? {
        FORMAT => check_schema(connection, path),
        found if found > FORMAT => Err(LedgerError::Newer {
            path: path.display().to_string(),
            found,
            known: FORMAT,
        }),
        found => not_a_ledger(&format!("unknown format {found}")),
    }
}

/// Rejects a ledger that is not a regular file, or with something else in place of SQLite's own files. Returns whether
/// it exists.
///
/// # Errors
///
/// [`LedgerError::Unusable`], or [`LedgerError::Storage`].
pub fn is_there(path: &Path) -> Result<bool, LedgerError> {
    for suffix in ["-wal", "-shm", "-journal"] {
        let mut beside = path.as_os_str().to_owned();
        beside.push(suffix);
        files::is_there(Path::new(&beside))?;
    }
    files::is_there(path)
}

/// Rejects a schema that could change the meaning of a statement, such as a view in place of a table. Verification
/// finds missing triggers.
///
/// # Errors
///
/// [`LedgerError::Broken`], or an error of SQLite.
fn check_schema(connection: &Connection, path: &Path) -> Result<(), LedgerError> {
    let failed = |error| failed("read", path, error);
    let mut statement = connection
        .prepare("SELECT name, sql, type FROM sqlite_schema")
        .map_err(failed)?;
    let mut rows = statement.query([]).map_err(failed)?;
    let mut tables = 0;
    while let Some(row) = rows.next().map_err(failed)? {
        let name: String = row.get(0).map_err(failed)?;
        let kept: Option<String> = row.get(1).map_err(failed)?;
        let kind: String = row.get(2).map_err(failed)?;
        let ours = SCHEMA.iter().find(|(known, _)| *known == name);
        // Triggers have no effect on reads: verification finds an additional one.
        if ours.is_none() && kind == "trigger" {
            continue;
        }
        if ours.map(|(_, statement)| *statement) != kept.as_deref() {
            let what = if ours.is_some() {
                "was changed"
            } else {
                "does not belong to it"
            };
            let name = evenkeel_model::text::inert(&name).into_owned();
            return Err(LedgerError::broken(
                0,
                format!("`{name}` of the schema of {} {what}", path.display()),
            ));
        }
        tables += usize::from(kept.is_some_and(|kept| kept.starts_with("CREATE TABLE")));
    }
    let wanted = SCHEMA
        .iter()
        .filter(|(_, statement)| statement.starts_with("CREATE TABLE"))
        .count();
    if tables == wanted {
        return Ok(());
    }
    Err(LedgerError::broken(
        0,
        format!("a table of {} is missing", path.display()),
    ))
}

/// The state of the files at one moment.
#[derive(PartialEq, Eq)]
struct Glance {
    file: Option<(u64, u64, Option<SystemTime>)>,
    log: Option<(u64, u64, Option<SystemTime>)>,
}

impl Glance {
    fn at(path: &Path) -> Self {
        let look = |path: &Path| {
            let facts = fs::metadata(path).ok()?;
            Some((facts.ino(), facts.len(), facts.modified().ok()))
        };
        let mut log = path.as_os_str().to_owned();
        log.push("-wal");
        Self {
            file: look(path),
            log: look(Path::new(&log)).filter(|(_, length, _)| *length > 0),
        }
    }
}

/// Reads the file without creating or changing anything, even on a read-only medium.
///
/// While a write-ahead log exists, SQLite's locks keep the read consistent. Without one, no process has the file open,
/// and it is read without locks; a concurrent writer restarts the read.
///
/// # Errors
///
/// An error of `task`, or of SQLite when it cannot open the file.
pub fn look<T>(
    path: &Path,
    mut task: impl FnMut(&Connection) -> Result<T, LedgerError>,
) -> Result<T, LedgerError> {
    let mut looks = 0;
    loop {
        let before = Glance::at(path);
        let outcome = open_for_a_look(path, before.log.is_none())
            .map_err(|error| failed("open", path, error))
            .and_then(|connection| task(&connection));
        looks += 1;
        let settled = match outcome {
            Ok(_) if before.log.is_some() => true,
            _ => looks >= LOOKS || Glance::at(path) == before,
        };
        if settled {
            return outcome;
        }
        thread::sleep(Duration::from_millis(5));
    }
}

fn open_for_a_look(path: &Path, alone: bool) -> Result<Connection, rusqlite::Error> {
    if !alone && writer::keeps_from_opening(path) {
        return Err(is_busy());
    }
    let mode = if alone { "immutable=1" } else { "mode=ro" };
    let mut connection = Connection::open_with_flags(
        locator(path, mode),
        OpenFlags::SQLITE_OPEN_READ_ONLY
            | OpenFlags::SQLITE_OPEN_NO_MUTEX
            | OpenFlags::SQLITE_OPEN_URI,
    )?;
    writer::expect(path);
    connection.busy_handler(Some(writer::wait))?;
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "cell_size_check", true)?;
    // In KiB, negated. Entries are read once, in sequence: pages kept for later only use memory. It reads the schema: damage
    // there is found by the statements that follow.
    let _ = connection.pragma_update(None, "cache_size", -128);
    Ok(connection)
}

/// Returns the path as a URI, escaped so that no part of it is read as a parameter.
fn locator(path: &Path, parameters: &str) -> String {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut text = String::from("file:///");
    let bytes = absolute.as_os_str().as_bytes();
    let start = bytes.iter().take_while(|byte| **byte == b'/').count();
    for byte in bytes.iter().skip(start) {
        if byte.is_ascii_alphanumeric() || b"/._-".contains(byte) {
            text.push(char::from(*byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(text, "%{byte:02x}");
        }
    }
    text.push('?');
    text.push_str(parameters);
    text
}

#[cfg(test)]
mod tests {
    use super::{SCHEMA, create, locator};
    use std::path::Path;

    #[test]
    fn a_path_is_escaped_in_the_uri() {
        assert_eq!(
            locator(Path::new("/a b/c?mode=rw"), "mode=ro"),
            "file:///a%20b/c%3fmode%3drw?mode=ro"
        );
    }

    #[test]
    fn the_schema_is_stored_verbatim() {
        let world = tempfile::tempdir().unwrap();
        let connection = create(&world.path().join("ledger.db")).unwrap();
        let kept: Vec<(String, String)> = connection
            .prepare("SELECT name, sql FROM sqlite_schema ORDER BY rowid")
            .unwrap()
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
            .unwrap()
            .map(Result::unwrap)
            .collect();
        let written: Vec<(String, String)> = SCHEMA
            .iter()
            .map(|(name, statement)| ((*name).to_owned(), (*statement).to_owned()))
            .collect();
        assert_eq!(kept, written);
    }
}
