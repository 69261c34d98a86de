//! The head: a small file beside the ledger that remembers how far it went, so that a ledger cut short is noticed.
//!
//! It is written anew after every append with a rename, and not synced: after a loss of power it may lag behind, which
//! proves less and accuses nobody. Whoever can rewrite the ledger can rewrite this file as well; copies of it kept
//! elsewhere (another machine, a commit) are what proves more.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::LedgerError;
use super::chain::Link;
use evenkeel_model::Digest;

/// How far a ledger had come at some time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Checkpoint {
    /// The digest of the last entry.
    pub digest: Digest,
    /// The ledger's own random name.
    pub lineage: String,
    /// The number of the last entry.
    pub sequence: u64,
}

/// What the head file says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Head {
    /// It is not there.
    Absent,
    /// It is there and says nothing (a loss of power may do that).
    Unreadable,
    /// It says this.
    Known(Checkpoint),
}

/// Where it is.
#[must_use]
pub fn path(folder: &Path) -> PathBuf {
    folder.join("head")
}

/// Reads it.
///
/// # Errors
///
/// [`LedgerError::Storage`] when it is there and the system refuses to read it.
pub fn read(folder: &Path) -> Result<Head, LedgerError> {
    let path = path(folder);
    match fs::read(&path) {
        Ok(bytes) => Ok(serde_json::from_slice(&bytes).map_or(Head::Unreadable, Head::Known)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Head::Absent),
        Err(error) => Err(LedgerError::storage("read", &path, error)),
    }
}

/// Writes it.
///
/// # Errors
///
/// What the system says; the old one is still there then.
pub fn write(folder: &Path, lineage: &str, link: Link) -> io::Result<()> {
    let mut temporary = tempfile::Builder::new()
        .prefix(".head-")
        .tempfile_in(folder)?;
    let checkpoint = Checkpoint {
        digest: link.digest,
        lineage: lineage.to_owned(),
        sequence: link.sequence,
    };
    let mut text = serde_json::to_string(&checkpoint)?;
    text.push('\n');
    temporary.write_all(text.as_bytes())?;
    temporary
        .persist(path(folder))
        .map(drop)
        .map_err(|refused| refused.error)
}

impl Checkpoint {
    /// Whether a ledger still contains what this remembers. `lineage` is the ledger's, `last` its last number, and
    /// `kept` the digest it has at this checkpoint's number; `remedy` is what to do when `source` is what is wrong.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Broken`] with the first number that cannot be what was written.
    pub fn prove(
        &self,
        lineage: &str,
        last: u64,
        kept: Option<&[u8]>,
        source: &str,
        remedy: &str,
    ) -> Result<(), LedgerError> {
        let remedy = format!("restore the whole folder from a backup, or {remedy}");
        let complain = |sequence, what: String| {
            Err(LedgerError::broken(
                sequence,
                format!("the ledger was truncated or replaced: {what}; {remedy}"),
            ))
        };
        if self.lineage != lineage {
            return complain(
                1,
                format!(
                    "its lineage is {lineage}, and {source} says {}",
                    self.lineage
                ),
            );
        }
        match kept {
            Some(digest) if digest == self.digest.as_bytes() => Ok(()),
            Some(_) => complain(
                self.sequence,
                format!("{source} remembers another entry {}", self.sequence),
            ),
            None => complain(
                last + 1,
                format!(
                    "its last entry is {last}, and {source} says that entry {} was written",
                    self.sequence
                ),
            ),
        }
    }
}
