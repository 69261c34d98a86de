//! The founding of a ledger's file: once, atomic, and never where a ledger existed.
//!
//! `sqlite` opens a founded ledger.

use std::path::Path;

use super::{database, files, head, rows};
use crate::chain::Link;
use crate::record::{Founded, Record};
use crate::{Head, Ledger, LedgerError, copy};
use evenkeel_model::Moment;

/// Rejects the founding where a ledger existed.
pub fn refuse_when_remembered(folder: &Path, path: &Path) -> Result<(), LedgerError> {
    let head = head::path(folder);
    if head::read(folder)? == Head::Absent {
        return Ok(());
    }
    Err(LedgerError::Missing {
        path: path.display().to_string(),
        head: head.display().to_string(),
    })
}

/// Copies the entries of another ledger: the file appears complete and durable, or not at all.
pub fn fill(folder: &Path, source: &dyn Ledger) -> Result<Link, LedgerError> {
    let path = database::path(folder);
    if database::is_there(&path)? || head::read(folder)? != Head::Absent {
        return Err(copy::occupied(&path.display().to_string()));
    }
    let failed = |error: rusqlite::Error| database::failed("write", &path, error);
    let cradle = cradle(folder, &path)?;
    let temporary = database::path(cradle.path());
    files::open_private(&temporary).map_err(|error| LedgerError::storage("write", &path, error))?;
    let mut connection = database::create(&temporary).map_err(failed)?;
    let transaction = connection.transaction().map_err(failed)?;
    let copied = copy::each_line(source, &mut |line| {
        rows::insert(&transaction, &line).map_err(failed)?;
        Ok(())
    })?;
    for (environment, token) in &copied.tokens {
        rows::keep_token(&transaction, environment, *token).map_err(failed)?;
    }
    transaction.commit().map_err(failed)?;
    database::finish(connection).map_err(failed)?;
    if !publish(folder, &path, &temporary)? {
        return Err(copy::occupied(&path.display().to_string()));
    }
    drop(cradle);
    head::write(folder, &copied.lineage, copied.link)
        .map_err(|error| LedgerError::storage("write", &head::path(folder), error))?;
    Ok(copied.link)
}

/// Returns a folder for a file that is not complete yet.
fn cradle(folder: &Path, path: &Path) -> Result<tempfile::TempDir, LedgerError> {
    tempfile::Builder::new()
        .prefix(".founding-")
        .tempdir_in(folder)
        .map_err(|error| LedgerError::storage("found", path, error))
}

/// Gives a complete file its name. Returns whether no other process did so before.
fn publish(folder: &Path, path: &Path, temporary: &Path) -> Result<bool, LedgerError> {
    let storage = |error| LedgerError::storage("found", path, error);
    // A link, unlike a rename, never replaces a ledger that another process founded meanwhile.
    let is_new = match std::fs::hard_link(temporary, path) {
        Ok(()) => true,
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => false,
        Err(error) => return Err(storage(error)),
    };
    files::sync(folder).map_err(storage)?;
    Ok(is_new)
}

/// Founds the ledger: the file appears complete and durable, or not at all. Returns whether this process founded it.
pub fn found(
    folder: &Path,
    path: &Path,
    system: &str,
    time: Moment,
    lineage: &str,
) -> Result<bool, LedgerError> {
    let storage = |error| LedgerError::storage("found", path, error);
    let cradle = cradle(folder, path)?;
    let temporary = database::path(cradle.path());
    let founded = Record::Founded(Founded {
        system: system.to_owned(),
        lineage: lineage.to_owned(),
        tool: env!("CARGO_PKG_VERSION").to_owned(),
    });
    let first = Link::root().extend_by(time, &founded)?;
    files::open_private(&temporary).map_err(storage)?;
    database::create(&temporary)
        .and_then(|connection| {
            rows::insert(&connection, &first)?;
            database::finish(connection)
        })
        .map_err(|error| database::failed("found", path, error))?;
    publish(folder, path, &temporary)
}
