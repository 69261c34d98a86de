//! The head as a file beside the ledger.
//!
//! It is replaced with a rename after every append, and not synced: after a loss of power it may lag behind.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::{Checkpoint, Head, LedgerError, Link};

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
