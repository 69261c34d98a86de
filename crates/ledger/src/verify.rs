//! Verification: reads a ledger's file as if nobody could be trusted, and lists everything that is not as written.
//!
//! Where reading stops at the first bad entry, this goes on, so that the extent of the damage is seen. It changes
//! nothing. It can say that an end is missing only with a memory of that end: the head file, or a checkpoint that was
//! kept elsewhere.

use std::collections::BTreeMap;
use std::path::Path;

use rusqlite::Connection;

use super::head::{self, Checkpoint, Head};
use super::record::Founded;
use super::remembered::{self, Kept, Proof};
use super::walk::Walk;
use super::{LedgerError, database, folder, rows};
use evenkeel_model::{EnvironmentName, Moment};

/// More findings than this say no more.
const MOST: usize = 200;

/// What was found.
#[derive(Clone, Debug, Default)]
pub struct Verification {
    /// How the ledger began, if that can still be read.
    pub founded: Option<Founded>,
    /// How many entries are there.
    pub entries: u64,
    /// How far it goes: worth keeping elsewhere, see [`verify_against`].
    pub head: Option<Checkpoint>,
    /// When the entry was written that it goes to, by its writer's clock.
    pub time: Option<Moment>,
    /// What came of each checkpoint that was kept elsewhere, in the order in which they were given.
    pub proofs: Vec<Proof>,
    /// What is not as it was written. Empty means: every entry that is there is what was written.
    pub findings: Vec<Irregularity>,
    /// What is odd without being wrong, such as a clock that was set back.
    pub advice: Vec<Irregularity>,
    /// Whether the end is where it was.
    pub complete: Completeness,
}

/// One thing that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Irregularity {
    /// The entry it is about; `None` when it is about the whole file.
    pub sequence: Option<u64>,
    /// What, as a sentence says it.
    pub what: String,
}

/// Whether anything is missing at the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Completeness {
    /// The ledger goes at least as far as was remembered.
    Proven,
    /// That cannot be told, and why.
    NotProven(String),
}

impl Default for Completeness {
    fn default() -> Self {
        Self::NotProven("the ledger could not be read to its end".to_owned())
    }
}

impl Verification {
    /// Whether nothing is wrong with any entry or with the file.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.findings.is_empty()
    }

    /// Whether nothing is wrong but that checkpoints which were kept elsewhere remember another ledger.
    #[must_use]
    pub fn is_only_refuted(&self) -> bool {
        let refuted = self.proofs.iter().filter(|proof| proof.refuted.is_some());
        !self.is_whole() && refuted.count() == self.findings.len()
    }

    /// The lowest number of an entry that something is wrong with.
    #[must_use]
    pub fn first_bad(&self) -> Option<u64> {
        self.findings
            .iter()
            .filter_map(|finding| finding.sequence)
            .min()
    }

    pub(super) fn find(&mut self, sequence: Option<u64>, what: impl Into<String>) {
        if self.findings.len() < MOST {
            self.findings.push(Irregularity {
                sequence,
                what: what.into(),
            });
        }
    }

    /// Takes an error as a finding, unless it says that nothing can be told.
    pub(super) fn blame(&mut self, error: LedgerError) -> Result<(), LedgerError> {
        match error {
            LedgerError::Broken { sequence, reason } => {
                self.find((sequence > 0).then_some(sequence), reason);
            }
            LedgerError::NotALedger { reason, .. } => self.find(None, reason),
            other => return Err(other),
        }
        Ok(())
    }
}

/// Verifies the ledger in `folder`.
///
/// # Errors
///
/// When there is none, when it was written by a newer version, or when the system refuses to read it. Whatever is
/// wrong with its content is a finding.
pub fn verify(folder: &Path) -> Result<Verification, LedgerError> {
    verify_against(folder, &[])
}

/// As [`verify`], and proves the ledger against checkpoints that were kept elsewhere.
///
/// # Errors
///
/// As [`verify`].
pub fn verify_against(folder: &Path, checkpoints: &[Kept]) -> Result<Verification, LedgerError> {
    let path = database::path(folder);
    if !folder::is_there(&path)? {
        if let Some(first) = checkpoints.first() {
            return Ok(remembered::gone(&path, first, checkpoints));
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
        examine(connection, folder, &path, checkpoints)
    })
}

fn examine(
    connection: &Connection,
    folder: &Path,
    path: &Path,
    checkpoints: &[Kept],
) -> Result<Verification, LedgerError> {
    let mut verification = Verification::default();
    if let Err(error) = database::check_format(connection, path) {
        verification.blame(error)?;
        verification.proofs = remembered::unproven(checkpoints);
        return Ok(verification);
    }
    // The file as a whole is told after its entries: the first finding names the first bad entry.
    let mut walk = Walk::default();
    let walked = walk.every_row(connection, path, &mut verification);
    if let Err(error) = walked {
        verification.blame(match error {
            LedgerError::Broken { reason, .. } => {
                LedgerError::broken(walk.link.sequence + 1, reason)
            }
            other => other,
        })?;
    }
    let pages = check_pages(connection, path, &mut verification);
    pages.or_else(|error| verification.blame(error))?;
    let schema = check_schema(connection, path, &mut verification);
    schema.or_else(|error| verification.blame(error))?;
    let tokens = check_tokens(connection, path, &walk.tokens, &mut verification);
    tokens.or_else(|error| verification.blame(error))?;

    verification.entries = walk.entries;
    let lineage = verification
        .founded
        .as_ref()
        .map_or_else(String::new, |founded| founded.lineage.clone());
    if walk.entries > 0 {
        verification.time = walk.time;
        verification.head = Some(Checkpoint {
            digest: walk.link.digest,
            lineage,
            sequence: walk.link.sequence,
        });
    }
    remembered::check(connection, folder, path, checkpoints, &mut verification)?;
    Ok(verification)
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
            Some(_) => found.find(None, format!("`{name}` of the schema was changed")),
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
    for (environment, token) in tokens {
        if kept.get(environment) != Some(token) {
            let kept = kept.get(environment).copied().unwrap_or(0);
            found.find(
                None,
                format!("the newest token of {environment} is kept as {kept}, and the entries say {token}"),
            );
        }
    }
    for environment in kept.keys() {
        if !tokens.contains_key(environment) {
            found.find(
                None,
                format!("a token of {environment} is kept, and no entry says so"),
            );
        }
    }
    Ok(())
}

#[cfg(test)]
#[path = "verify_tests.rs"]
mod tests;
