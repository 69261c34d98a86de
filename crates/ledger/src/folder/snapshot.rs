//! The snapshot: the encoded state in a file beside the ledger, so that a command need not fold all entries.
//!
//! A writer stores it when it closes the ledger. It counts only while the ledger's file is exactly the one it was made
//! of (device, inode, size, times of modification and of change) and its last entry is the same: any other change to the
//! file, by whatever program, makes the next command fold and verify every entry again. What judges the gate or changes
//! production starts from the entries alone; `audit verify` and the gate compare the snapshot with them.

use std::fs;
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use super::opening::{self, Content};
use super::{database, rows};
use crate::{Link, State};
use evenkeel_model::{Digest, DigestOfPieces};

/// The file's name.
const NAME: &str = "snapshot";
/// The first bytes of the file: the format and the version of the program. States of another version are discarded. Raise
/// the format when the state or its fold changes.
const MAGIC: &[u8] = concat!("evenkeel snapshot 5 ", env!("CARGO_PKG_VERSION"), "\n").as_bytes();
/// Smaller ledgers fold as fast as a snapshot decodes.
const WORTHWHILE: u64 = 256 * 1024;
/// The most bytes read from it.
const LONGEST: u64 = 1 << 30;
/// The granularity of times of change: a change within this time after another one may carry the same time.
const TICK: Duration = Duration::from_millis(20);
/// The number of bytes hashed and written at once.
const AT_ONCE: usize = 64 * 1024;
/// The bytes of an identity.
const IDENTITY: usize = 7 * 8;

/// Returns its path.
pub(super) fn path(folder: &Path) -> PathBuf {
    folder.join(NAME)
}

/// A snapshot that counts for a ledger when it is opened.
pub(super) struct Snapshot {
    folder: PathBuf,
    stored: Stored,
    last: Link,
    /// The body, until the first use: a large state is not in memory twice for the rest of the run.
    body: Mutex<Option<Vec<u8>>>,
}

impl Snapshot {
    /// Reads the snapshot of a ledger that ends with `last`; `None` where it is missing, stale, or damaged.
    pub(super) fn of(folder: &Path, path: &Path, last: Link) -> Option<Self> {
        let (stored, body) = stored(folder)?;
        (identity_of(path)? == stored.identity).then(|| Self {
            folder: folder.to_owned(),
            stored,
            last,
            body: Mutex::new(Some(body)),
        })
    }

    /// Returns its state; `None` where it is of another end, or not readable.
    pub(super) fn state(&self) -> Option<State> {
        let body = self
            .body
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let body = match body {
            Some(body) => body,
            None => {
                stored(&self.folder)
                    .filter(|(stored, _)| *stored == self.stored)?
                    .1
            }
        };
        let state = State::decode(&body)?;
        (state.sequence == self.last.sequence && state.head == Some(self.last.digest))
            .then_some(state)
    }

    /// Returns whether the ledger's file is still the one that it was made of. While a process has the file open, its
    /// appends are in the write-ahead log, and the file is unchanged.
    pub(super) fn is_of_file(&self, path: &Path) -> bool {
        file_of(path) == Some(self.stored.identity)
    }
}

/// Stores the state of a ledger that this process has appended to and closed, if that is worthwhile. Best effort:
/// without a snapshot, the next command folds the entries.
///
/// `earlier` is a snapshot of entries that did not change since: only those after it are folded.
pub(super) fn write(folder: &Path, path: &Path, earlier: Option<&Snapshot>) {
    if fs::metadata(path).is_ok_and(|facts| facts.len() >= WORTHWHILE) {
        let _ = store(folder, path, earlier);
    }
}

fn store(folder: &Path, path: &Path, earlier: Option<&Snapshot>) -> Option<()> {
    let before = identity_of(path)?;
    // A later change within the same tick would go unnoticed.
    let changed = fs::metadata(path).ok()?;
    let seconds = Duration::from_secs(u64::try_from(changed.ctime()).ok()?);
    let rest = Duration::from_nanos(u64::try_from(changed.ctime_nsec()).ok()?);
    let changed = SystemTime::UNIX_EPOCH.checked_add(seconds.checked_add(rest)?)?;
    let state = database::look(path, |connection| {
        let mut state = earlier.and_then(Snapshot::state).unwrap_or_default();
        rows::catch_up(connection, path, &mut state)?;
        Ok(state.compacted())
    })
    .ok()?;
    if let Some(rest) = TICK.checked_sub(changed.elapsed().unwrap_or_default()) {
        std::thread::sleep(rest);
    }
    if identity_of(path)? != before {
        return None;
    }
    persist(folder, before, &state).ok()
}

fn persist(folder: &Path, identity: [u8; IDENTITY], state: &State) -> io::Result<()> {
    let mut temporary = tempfile::Builder::new()
        .prefix(".snapshot-")
        .tempfile_in(folder)?;
    temporary.write_all(MAGIC)?;
    temporary.write_all(&identity)?;
    // The digest is known when the body is written; until then the file counts for nothing.
    temporary.write_all(&[0; 32])?;
    let mut body = BufWriter::with_capacity(
        AT_ONCE,
        Body {
            file: temporary.as_file_mut(),
            digest: DigestOfPieces::default(),
        },
    );
    state.encode(&mut body)?;
    body.flush()?;
    let digest = body.get_ref().digest.digest();
    drop(body);
    temporary.seek(SeekFrom::Start((MAGIC.len() + IDENTITY) as u64))?;
    temporary.write_all(digest.as_bytes())?;
    temporary
        .persist(path(folder))
        .map(drop)
        .map_err(|refused| refused.error)
}

/// The body of a snapshot that is being written, with its digest so far.
struct Body<'a> {
    file: &'a mut fs::File,
    digest: DigestOfPieces,
}

impl Write for Body<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.digest.add(bytes.get(..written).unwrap_or(bytes));
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Returns whether a snapshot that counts for this ledger differs from the fold of its entries.
pub(super) fn is_false(folder: &Path, path: &Path, state: &State) -> bool {
    let Some((stored, _)) = stored(folder) else {
        return false;
    };
    identity_of(path) == Some(stored.identity) && state.digest() != Some(stored.digest)
}

/// The head of a snapshot's file.
#[derive(PartialEq, Eq)]
struct Stored {
    /// The identity of the ledger's file.
    identity: [u8; IDENTITY],
    /// The digest of the body.
    digest: Digest,
}

/// Returns the head and the body of an undamaged snapshot.
fn stored(folder: &Path) -> Option<(Stored, Vec<u8>)> {
    let Ok(Content::Whole(mut bytes)) = opening::read(folder, &[NAME], LONGEST) else {
        return None;
    };
    let rest = bytes.strip_prefix(MAGIC)?;
    let (identity, rest) = rest.split_first_chunk::<IDENTITY>()?;
    let (digest, body) = rest.split_first_chunk::<32>()?;
    let stored = Stored {
        identity: *identity,
        digest: Digest::from_bytes(*digest),
    };
    if Digest::of(body) != stored.digest {
        return None;
    }
    bytes.drain(..MAGIC.len() + IDENTITY + digest.len());
    Some((stored, bytes))
}

/// Returns the identity of a closed ledger's file; `None` while a process has it open for writing.
fn identity_of(path: &Path) -> Option<[u8; IDENTITY]> {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    if fs::symlink_metadata(Path::new(&log)).is_ok_and(|facts| facts.len() > 0) {
        return None;
    }
    file_of(path)
}

/// Returns the identity of a ledger's file, whether or not a process has it open.
fn file_of(path: &Path) -> Option<[u8; IDENTITY]> {
    let facts = fs::metadata(path).ok()?;
    let numbers = [
        facts.dev(),
        facts.ino(),
        facts.len(),
        facts.mtime().cast_unsigned(),
        facts.mtime_nsec().cast_unsigned(),
        facts.ctime().cast_unsigned(),
        facts.ctime_nsec().cast_unsigned(),
    ];
    let mut identity = [0; IDENTITY];
    for (place, number) in identity.chunks_exact_mut(8).zip(numbers) {
        place.copy_from_slice(&number.to_le_bytes());
    }
    Some(identity)
}

#[cfg(test)]
mod tests;
