//! The head as a file beside the ledger.
//!
//! Replaced by a rename after every append, without a sync: after a power cut it may lag behind.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::opening::{self, Content};
use crate::{Checkpoint, Head, LedgerError, Link};

/// The file's name.
const NAME: &str = "head";
/// The most bytes read from it.
const LONGEST: u64 = 64 * 1024;

/// Returns its path.
#[must_use]
pub fn path(folder: &Path) -> PathBuf {
    folder.join(NAME)
}

/// Reads it.
///
/// # Errors
///
/// When it exists and is not a regular file, or the system cannot read it.
pub fn read(folder: &Path) -> Result<Head, LedgerError> {
    Ok(match opening::read(folder, &[NAME], LONGEST)? {
        Content::Whole(bytes) => {
            serde_json::from_slice(&bytes).map_or(Head::Unreadable, Head::Known)
        }
        Content::TooLong => Head::Unreadable,
        Content::Absent => Head::Absent,
    })
}

/// Writes it.
///
/// # Errors
///
/// When the system fails; the old head still exists then.
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
