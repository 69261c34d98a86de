//! The founding of a ledger's file: once, atomic, and never where a ledger existed.
//!
//! `sqlite` opens a founded ledger.

use std::path::Path;

use super::{database, files, head, rows};
use crate::chain::Link;
use crate::record::{Founded, Record};
use crate::{Head, LedgerError};
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

/// Founds the ledger: the file appears complete and durable, or not at all. Returns whether this process founded it.
pub fn found(
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
    // A link, unlike a rename, never replaces a ledger that another process founded meanwhile.
    let new = match std::fs::hard_link(&temporary, path) {
        Ok(()) => true,
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => false,
        Err(error) => return Err(storage(error)),
    };
    drop(cradle);
    files::sync(folder).map_err(storage)?;
    Ok(new)
}
