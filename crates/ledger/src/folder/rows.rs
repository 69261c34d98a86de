//! The rows of a ledger's file: read with any content, and trusted only after the chain verifies them.
//!
//! Functions on an open connection; `database` and `sqlite` open it.

use std::collections::BTreeMap;
use std::path::Path;

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{database, head};
use crate::chain::{self, Link, Written};
use crate::record::{Founded, Record};
use crate::{Entry, EntryRange, Head, LedgerError, State, entry, lines, verify};
use evenkeel_model::{Digest, EnvironmentName, Moment};

/// Converts a number to SQLite's type. A ledger cannot reach a number out of its range.
fn kept(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Inserts a line.
///
/// # Errors
///
/// When SQLite fails.
pub fn insert(connection: &Connection, written: &Written) -> Result<usize, rusqlite::Error> {
    connection
        .prepare_cached("INSERT INTO entry(sequence, line, digest) VALUES (?1, ?2, ?3)")?
        .execute(params![
            kept(written.sequence),
            written.line,
            written.digest.as_bytes()
        ])
}

/// Returns the newest token of an environment; zero when there is none.
///
/// # Errors
///
/// When SQLite fails.
pub fn token(
    connection: &Connection,
    environment: &EnvironmentName,
) -> Result<u64, rusqlite::Error> {
    let token: Option<i64> = connection
        .prepare_cached("SELECT token FROM lease WHERE environment = ?1")?
        .query_row([environment.as_str()], |row| row.get(0))
        .optional()?;
    Ok(token
        .and_then(|token| u64::try_from(token).ok())
        .unwrap_or(0))
}

/// Returns the newest tokens of all environments.
///
/// # Errors
///
/// When SQLite fails.
pub fn all_tokens(
    connection: &Connection,
) -> Result<BTreeMap<EnvironmentName, u64>, rusqlite::Error> {
    connection
        .prepare("SELECT environment, token FROM lease")?
        .query_map([], |row| {
            let environment: String = row.get(0)?;
            let token: i64 = row.get(1)?;
            Ok((
                EnvironmentName::new(&environment),
                u64::try_from(token).unwrap_or(0),
            ))
        })?
        .collect()
}

/// Stores the newest token of an environment.
///
/// # Errors
///
/// When SQLite fails.
pub fn keep_token(
    connection: &Connection,
    environment: &EnvironmentName,
    token: u64,
) -> Result<usize, rusqlite::Error> {
    connection
        .prepare_cached(
            "INSERT INTO lease(environment, token) VALUES (?1, ?2) \
             ON CONFLICT(environment) DO UPDATE SET token = excluded.token",
        )?
        .execute(params![environment.as_str(), kept(token)])
}

/// Verifies that the file is a ledger of this system and reaches its head; returns its founding record and its end.
pub fn inspect(
    connection: &Connection,
    folder: &Path,
    path: &Path,
    system: Option<&str>,
) -> Result<(Founded, Link), LedgerError> {
    database::check_format(connection, path)?;
    let mut first = None;
    each_line(connection, path, Link::root(), 1, &mut |entry| {
        first = Some(entry);
        Ok(())
    })?;
    let Some(first) = first else {
        return Err(LedgerError::broken(
            1,
            "the ledger is empty; restore it from a backup",
        ));
    };
    let Some(Record::Founded(founded)) = chain::understand(&first)? else {
        return Err(LedgerError::broken(
            1,
            "the first entry is not a founding record",
        ));
    };
    if let Some(system) = system {
        founded.belongs_to(system, &path.display().to_string())?;
    }
    let last = last_link(connection, path, None)?;
    if let Head::Known(checkpoint) = head::read(folder)? {
        let kept = kept_digest(connection, checkpoint.sequence)
            .map_err(|error| database::failed("read", path, error))?;
        let remembered = head::path(folder).display().to_string();
        checkpoint.prove(
            &founded.lineage,
            last.sequence,
            kept.as_deref(),
            &remembered,
            &format!("remove {remembered} deliberately"),
        )?;
    }
    Ok((founded, last))
}

/// Returns the stored digest of an entry.
pub fn kept_digest(
    connection: &Connection,
    sequence: u64,
) -> Result<Option<Vec<u8>>, rusqlite::Error> {
    connection
        .prepare_cached("SELECT digest FROM entry WHERE sequence = ?1")?
        .query_row([kept(sequence)], |row| {
            Ok(row.get_ref(0)?.as_bytes_or_null()?.map(<[u8]>::to_vec))
        })
        .optional()
        .map(Option::flatten)
}

/// Returns the time of an entry, if it exists and is readable.
pub fn time(connection: &Connection, sequence: u64) -> Result<Option<Moment>, rusqlite::Error> {
    connection
        .prepare_cached("SELECT line FROM entry WHERE sequence = ?1")?
        .query_row([kept(sequence)], |row| {
            let line = row.get_ref(0)?.as_bytes_or_null()?;
            let line = line.and_then(|line| std::str::from_utf8(line).ok());
            Ok(line.and_then(|line| Some(entry::read(line).ok()?.time)))
        })
        .optional()
        .map(Option::flatten)
}

/// Returns the end of the chain. Verifies its line against its digest unless it equals `seen`.
pub fn last_link(
    connection: &Connection,
    path: &Path,
    seen: Option<Link>,
) -> Result<Link, LedgerError> {
    let failed = |error| database::failed("read", path, error);
    let last: Option<i64> = connection
        .query_row("SELECT max(sequence) FROM entry", [], |row| row.get(0))
        .map_err(failed)?;
    let Some(last) = last else {
        return Ok(Link::root());
    };
    let last = u64::try_from(last)
        .map_err(|_| LedgerError::broken(1, format!("invalid entry number {last}")))?;
    let kept = kept_digest(connection, last).map_err(failed)?;
    if let (Some(seen), Some(kept)) = (seen, &kept)
        && seen.sequence == last
        && seen.digest.as_bytes() == kept.as_slice()
    {
        return Ok(seen);
    }
    link_at(connection, path, last)
}

/// Verifies the line of one entry against its own digest, which its successor continues.
fn link_at(connection: &Connection, path: &Path, sequence: u64) -> Result<Link, LedgerError> {
    let line: Option<Vec<u8>> = connection
        .prepare_cached("SELECT line FROM entry WHERE sequence = ?1")
        .and_then(|mut statement| {
            statement
                .query_row([kept(sequence)], |row| {
                    Ok(row
                        .get_ref(0)?
                        .as_bytes_or_null()?
                        .unwrap_or_default()
                        .to_vec())
                })
                .optional()
        })
        .map_err(|error| database::failed("read", path, error))?;
    let Some(line) = line else {
        return Err(LedgerError::broken(
            sequence,
            "the entry is missing, but was read before; restore the ledger from a backup",
        ));
    };
    let digest = Digest::of(&line);
    let kept =
        kept_digest(connection, sequence).map_err(|error| database::failed("read", path, error))?;
    if kept.as_deref() != Some(digest.as_bytes().as_slice()) {
        return Err(LedgerError::broken(
            sequence,
            "its line does not match its stored digest",
        ));
    }
    Ok(Link { sequence, digest })
}

/// Passes all verified entries after `after` to `take` one by one, so that only one is in memory at a time.
///
/// # Errors
///
/// [`LedgerError::Broken`] at the first bad entry, and any error of `take`.
pub fn each(
    connection: &Connection,
    path: &Path,
    after: u64,
    take: &mut dyn FnMut(Entry) -> Result<(), LedgerError>,
) -> Result<(), LedgerError> {
    let range = EntryRange {
        after,
        through: u64::MAX,
    };
    each_within(connection, path, range, take)
}

/// Passes the entries of a part of the ledger to `take`, like [`each`].
///
/// # Errors
///
/// Like [`each`].
pub fn each_within(
    connection: &Connection,
    path: &Path,
    EntryRange { after, through }: EntryRange,
    take: &mut dyn FnMut(Entry) -> Result<(), LedgerError>,
) -> Result<(), LedgerError> {
    let start = if after == 0 {
        Link::root()
    } else {
        link_at(connection, path, after)?
    };
    each_line(connection, path, start, through.saturating_sub(after), take)
}

/// Passes up to `limit` verified entries after `link`.
fn each_line(
    connection: &Connection,
    path: &Path,
    mut link: Link,
    limit: u64,
    take: &mut dyn FnMut(Entry) -> Result<(), LedgerError>,
) -> Result<(), LedgerError> {
    let mut broken = None;
    let after = link.sequence;
    let read = each_row(connection, after, limit, &mut |row| {
        let next = link.sequence + 1;
        let taken = row
            .and_then(|(sequence, line, digest)| link.follow(sequence, line, digest))
            .map_err(|reason| LedgerError::broken(next, reason))
            .and_then(|entry| {
                link = Link::from(&entry);
                take(entry)
            });
        taken.map_err(|error| broken = Some(error))
    });
    finished(read, broken, path, link)
}

/// Passes all verified entries after `start` with their records to `take`, decoded on every processor.
///
/// # Errors
///
/// Like [`each`], and where a body does not match its kind.
pub fn each_record(
    connection: &Connection,
    path: &Path,
    after: u64,
    take: &mut dyn FnMut(Entry, Option<Record>) -> Result<(), LedgerError>,
) -> Result<(), LedgerError> {
    let mut link = match after {
        0 => Link::root(),
        _ => link_at(connection, path, after)?,
    };
    let mut broken = None;
    let mut read = Ok(());
    let _ = lines::in_order(
        |inspect| {
            read = each_row(connection, after, u64::MAX, inspect);
            match read {
                Err(None) => Err(()),
                _ => Ok(()),
            }
        },
        &mut |row| {
            let next = link.sequence + 1;
            let taken = row
                .and_then(|checked| {
                    link.accept(&checked.line)?;
                    Ok((checked.line.outcome?, checked.record))
                })
                .map_err(|reason| LedgerError::broken(next, reason))
                .and_then(|(entry, record)| {
                    link = Link::from(&entry);
                    take(entry, record?)
                });
            taken.map_err(|error| broken = Some(error))
        },
    );
    finished(read, broken, path, link)
}

/// Absorbs the entries after a state.
///
/// # Errors
///
/// Like [`each_record`], and where the entries do not continue the state.
pub fn catch_up(
    connection: &Connection,
    path: &Path,
    state: &mut State,
) -> Result<(), LedgerError> {
    let known = state.head.unwrap_or(Link::root().digest);
    if state.sequence > 0 && link_at(connection, path, state.sequence)?.digest != known {
        return Err(LedgerError::broken(
            state.sequence,
            "the entry changed while the ledger was read",
        ));
    }
    each_record(connection, path, state.sequence, &mut |entry, record| {
        state.absorb_record(&entry, record)
    })
}

/// The end of a read: the error of SQLite, or `None` where an entry was refused.
type Read = Result<(), Option<rusqlite::Error>>;

/// Returns the outcome of a read: a refused entry comes before an error of SQLite behind it.
fn finished(
    read: Read,
    broken: Option<LedgerError>,
    path: &Path,
    link: Link,
) -> Result<(), LedgerError> {
    match (broken, read) {
        (Some(error), _) => Err(error),
        (None, Err(Some(error))) => Err(match database::failed("read", path, error) {
            LedgerError::Broken { reason, .. } => LedgerError::broken(link.sequence + 1, reason),
            other => other,
        }),
        (None, Err(None) | Ok(())) => Ok(()),
    }
}

/// Passes up to `limit` rows after a number, whatever their content, until one is refused.
fn each_row(
    connection: &Connection,
    after: u64,
    limit: u64,
    take: &mut dyn FnMut(verify::Row<'_>) -> Result<(), ()>,
) -> Read {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut statement = connection.prepare_cached(
        "SELECT sequence, line, digest FROM entry WHERE sequence > ?1 ORDER BY sequence LIMIT ?2",
    ).map_err(Some)?;
    let mut rows = statement.query(params![kept(after), limit]).map_err(Some)?;
    while let Some(row) = rows.next().map_err(Some)? {
        take(read_row(row)).map_err(|()| None)?;
    }
    Ok(())
}

/// Returns the columns of a row, whatever their content.
pub fn read_row<'row>(row: &'row Row<'_>) -> Result<(u64, &'row [u8], &'row [u8]), String> {
    let bytes = |column, what: &str| {
        row.get_ref(column)
            .ok()
            .and_then(|value| value.as_bytes().ok())
            .ok_or_else(|| format!("its {what} is unreadable"))
    };
    let sequence = row
        .get::<_, i64>(0)
        .ok()
        .and_then(|sequence| u64::try_from(sequence).ok())
        .ok_or("its number is unreadable")?;
    Ok((sequence, bytes(1, "line")?, bytes(2, "digest")?))
}
