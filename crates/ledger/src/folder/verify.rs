//! Verification of the file: its rows for the walk that all backends share, its pages, its schema and its tokens.

use std::collections::BTreeMap;
use std::path::Path;

use rusqlite::Connection;

use super::files;
use super::{database, head, rows, snapshot};
use crate::verify::{self, Medium, Row};
use crate::walk::TakeRecord;
use crate::{Head, Kept, LedgerError, Link, Verification, remembered};
use evenkeel_model::{EnvironmentName, Moment};

/// Verifies the ledger in `folder`, including against checkpoints that were kept elsewhere.
///
/// # Errors
///
/// Like [`Store::verify`](crate::Store::verify).
pub(super) fn verify_against(
    folder: &Path,
    checkpoints: &[Kept],
    take: &mut TakeRecord<'_>,
) -> Result<Verification, LedgerError> {
    if folder.exists() {
        files::check(folder)?;
        files::check_contents(folder)?;
    }
    let path = database::path(folder);
    if !database::is_there(&path)? {
        if let Some(first) = checkpoints.first() {
            return Ok(remembered::gone(
                &path.display().to_string(),
                first,
                checkpoints,
            ));
        }
        if head::read(folder)? != Head::Absent {
            return Err(LedgerError::Missing {
                path: path.display().to_string(),
                head: head::path(folder).display().to_string(),
            });
        }
        let absent = std::io::Error::from(std::io::ErrorKind::NotFound);
        return Err(LedgerError::storage("verify", &path, absent));
    }
    database::look(&path, |connection| {
        examine(connection, folder, &path, checkpoints, take)
    })
}

/// Writes the head of an intact ledger again.
///
/// # Errors
///
/// Like [`Store::restore_head`](crate::Store::restore_head).
pub(super) fn restore_head(folder: &Path) -> Result<(), LedgerError> {
    let verification = verify_against(folder, &[], &mut |_, _| {})?;
    let end = verification.end()?;
    let link = Link {
        sequence: end.sequence,
        digest: end.digest,
    };
    head::write(folder, &end.lineage, link)
        .map_err(|error| LedgerError::storage("write", &head::path(folder), error))
}

fn examine(
    connection: &Connection,
    folder: &Path,
    path: &Path,
    checkpoints: &[Kept],
    take: &mut TakeRecord<'_>,
) -> Result<Verification, LedgerError> {
    if let Err(error) = database::check_format(connection, path) {
        let mut verification = Verification::default();
        verification.blame(error)?;
        verification.proofs = remembered::unproven(checkpoints);
        return Ok(verification);
    }
    let file = FileMedium {
        connection,
        folder,
        path,
    };
    verify::examine(&file, checkpoints, take)
}

/// The file under verification.
struct FileMedium<'a> {
    connection: &'a Connection,
    folder: &'a Path,
    path: &'a Path,
}

impl FileMedium<'_> {
    fn failed(&self, error: rusqlite::Error) -> LedgerError {
        database::failed("read", self.path, error)
    }
}

impl Medium for FileMedium<'_> {
    fn each_row(&self, take: &mut dyn FnMut(Row<'_>)) -> Result<(), LedgerError> {
        let failed = |error| self.failed(error);
        let mut statement = self
            .connection
            .prepare("SELECT sequence, line, digest FROM entry ORDER BY sequence")
            .map_err(failed)?;
        let mut rows = statement.query([]).map_err(failed)?;
        while let Some(row) = rows.next().map_err(failed)? {
            take(rows::read_row(row));
        }
        Ok(())
    }

    fn digest(&self, sequence: u64) -> Result<Option<Vec<u8>>, LedgerError> {
        rows::kept_digest(self.connection, sequence).map_err(|error| self.failed(error))
    }

    fn time(&self, sequence: u64) -> Result<Option<Moment>, LedgerError> {
        rows::time(self.connection, sequence).map_err(|error| self.failed(error))
    }

    fn head(&self) -> Result<Head, LedgerError> {
        head::read(self.folder)
    }

    fn head_name(&self) -> String {
        head::path(self.folder).display().to_string()
    }

    fn check(
        &self,
        tokens: &BTreeMap<EnvironmentName, u64>,
        found: &mut Verification,
    ) -> Result<(), LedgerError> {
        let pages = check_pages(self.connection, self.path, found);
        pages.or_else(|error| found.blame(error))?;
        let schema = check_schema(self.connection, self.path, found);
        schema.or_else(|error| found.blame(error))?;
        let kept = check_tokens(self.connection, self.path, tokens, found);
        kept.or_else(|error| found.blame(error))?;
        check_snapshot(self.folder, self.path, found);
        Ok(())
    }
}

/// Compares the snapshot with the fold of the entries. A ledger with bad entries has no state to compare it with.
fn check_snapshot(folder: &Path, path: &Path, found: &mut Verification) {
    let state = found.state.as_deref();
    if state.is_some_and(|state| snapshot::is_false(folder, path, state)) {
        found.find(
            None,
            format!(
                "{} does not match the entries; remove it",
                snapshot::path(folder).display()
            ),
        );
    }
}

fn check_pages(
    connection: &Connection,
    path: &Path,
    found: &mut Verification,
) -> Result<(), LedgerError> {
    connection
        .pragma_query(None, "integrity_check", |row| {
            let says: String = row.get(0)?;
            if says != "ok" {
                found.find(None, format!("the file is damaged: {says}"));
            }
            Ok(())
        })
        .map_err(|error| database::failed("read", path, error))
}

fn check_schema(
    connection: &Connection,
    path: &Path,
    found: &mut Verification,
) -> Result<(), LedgerError> {
    let failed = |error| database::failed("read", path, error);
    let mut statement = connection
        .prepare("SELECT name, sql FROM sqlite_schema")
        .map_err(failed)?;
    let kept: BTreeMap<String, Option<String>> = statement
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .and_then(Iterator::collect)
        .map_err(failed)?;
    for (name, statement) in database::SCHEMA {
        match kept.get(*name) {
            Some(Some(kept)) if kept == statement => {}
            Some(_) => found.find(None, format!("`{name}` of the schema is changed")),
            None => found.find(None, format!("`{name}` of the schema is missing")),
        }
    }
    for name in kept.keys() {
        if !database::SCHEMA.iter().any(|(known, _)| known == name) {
            found.find(None, format!("`{name}` does not belong to the schema"));
        }
    }
    Ok(())
}

fn check_tokens(
    connection: &Connection,
    path: &Path,
    tokens: &BTreeMap<EnvironmentName, u64>,
    found: &mut Verification,
) -> Result<(), LedgerError> {
    let kept =
        rows::all_tokens(connection).map_err(|error| database::failed("read", path, error))?;
    verify::check_tokens(&kept, tokens, found);
    Ok(())
}

#[cfg(test)]
mod tests;
