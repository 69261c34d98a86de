//! Digests of open files, with detection of changes during the read.
//!
//! Files are read, not mapped: truncating a mapped file kills the process that reads it. Large files are read and
//! hashed in pieces on all cores. Callers compare the digest.

use std::cell::RefCell;
use std::os::fd::{AsFd, BorrowedFd};

use blake3::hazmat::{self, ChainingValue, HasherExt, Mode};
use rustix::fs::Stat;
use rustix::io::Errno;

use evenkeel_model::Digest;

/// The read size: small enough to stay in a core's cache until it is hashed.
const PIECE: u64 = 256 * 1024;

thread_local! {
    /// A read buffer per thread, kept because clearing a new one for each file costs more than reading the file.
    static SPACE: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// The status fields that change when a file is replaced or written to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fingerprint {
    device: u64,
    inode: u64,
    size: i64,
    modified: (i64, u64),
    changed: (i64, u64),
}

impl Fingerprint {
    #[allow(
        clippy::useless_conversion,
        clippy::unnecessary_cast,
        reason = "the fields' types differ between processors"
    )]
    pub(crate) fn of(status: &Stat) -> Self {
        Self {
            device: status.st_dev as u64,
            inode: status.st_ino as u64,
            size: status.st_size as i64,
            modified: (status.st_mtime as i64, u64::from(status.st_mtime_nsec)),
            changed: (status.st_ctime as i64, u64::from(status.st_ctime_nsec)),
        }
    }

    /// Returns whether both describe the same file, regardless of changes to it.
    pub(crate) fn same_file(&self, other: &Self) -> bool {
        self.device == other.device && self.inode == other.inode
    }
}

/// The reason why content has no digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The file changed during the read.
    Changed,
    /// The file could not be read.
    Refused(Errno),
}

impl From<Errno> for Fault {
    fn from(errno: Errno) -> Self {
        Self::Refused(errno)
    }
}

/// A file's content, identified by its digest.
pub(crate) struct Content {
    pub(crate) digest: Digest,
    /// The bytes, if requested and small enough.
    pub(crate) bytes: Option<Vec<u8>>,
}

/// Digests a regular file that is open for reading and had the status `before`; keeps its bytes if there are at most
/// `keep`.
pub(crate) fn digest(file: impl AsFd, before: &Stat, keep: u64) -> Result<Content, Fault> {
    let file = file.as_fd();
    let size = u64::try_from(before.st_size).unwrap_or(0);
    let content = if size <= PIECE {
        with_space(size + 1, |space| {
            // One byte more than the expected size: a longer file fills it.
            let read = fill(file, space, size.max(1), 0)?;
            if read as u64 != size {
                return Err(Fault::Changed);
            }
            let bytes = space.get(..read).unwrap_or_default();
            Ok(Content {
                digest: Digest::of(bytes),
                bytes: (size <= keep).then(|| bytes.to_vec()),
            })
        })?
    } else {
        Content {
            digest: large(file, size)?,
            bytes: None,
        }
    };
    let after = rustix::fs::fstat(file)?;
    if Fingerprint::of(&after) == Fingerprint::of(before) {
        Ok(content)
    } else {
        Err(Fault::Changed)
    }
}

fn large(file: BorrowedFd<'_>, size: u64) -> Result<Digest, Fault> {
    let left = hazmat::left_subtree_len(size);
    let (first, second) = rayon::join(
        || subtree(file, 0, left),
        || subtree(file, left, size - left),
    );
    let root = hazmat::merge_subtrees_root(&first?, &second?, Mode::Hash);
    Ok(Digest::from_bytes(*root.as_bytes()))
}

fn subtree(file: BorrowedFd<'_>, offset: u64, length: u64) -> Result<ChainingValue, Fault> {
    if length <= PIECE {
        return with_space(length, |space| {
            if fill(file, space, length, offset)? < space.len() {
                return Err(Fault::Changed);
            }
            let mut hasher = blake3::Hasher::new();
            Ok(hasher
                .set_input_offset(offset)
                .update(space)
                .finalize_non_root())
        });
    }
    let left = hazmat::left_subtree_len(length);
    let (first, second) = rayon::join(
        || subtree(file, offset, left),
        || subtree(file, offset + left, length - left),
    );
    Ok(hazmat::merge_subtrees_non_root(
        &first?,
        &second?,
        Mode::Hash,
    ))
}

fn with_space<T>(
    length: u64,
    work: impl FnOnce(&mut [u8]) -> Result<T, Fault>,
) -> Result<T, Fault> {
    let length = usize::try_from(length).map_err(|_| Fault::Refused(Errno::FBIG))?;
    SPACE.with_borrow_mut(|space| {
        if space.len() < length {
            space.resize(length, 0);
        }
        space.get_mut(..length).map_or(Err(Fault::Changed), work)
    })
}

/// Reads until there are `enough` bytes, the buffer is full, or the file ends. One read is usually enough: a second
/// one, to find the end of the file, would cost a tenth of the whole check.
fn fill(file: BorrowedFd<'_>, space: &mut [u8], enough: u64, offset: u64) -> Result<usize, Errno> {
    let mut filled = 0;
    while let Some(rest) = space.get_mut(filled..)
        && !rest.is_empty()
        && (filled as u64) < enough
    {
        match rustix::io::pread(file, rest, offset + filled as u64) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(Errno::INTR) => {}
            Err(errno) => return Err(errno),
        }
    }
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use super::{Fault, digest};
    use evenkeel_model::Digest;
    use std::io::Write as _;

    #[test]
    fn pieces_add_up_to_the_digest_of_the_whole() {
        for size in [0_usize, 1, 1024, 262_144, 262_145, 1_000_003, 4_194_304] {
            let bytes: Vec<u8> = (0..size)
                .map(|index| u8::try_from(index % 251).unwrap())
                .collect();
            let mut file = tempfile::tempfile().unwrap();
            file.write_all(&bytes).unwrap();
            let status = rustix::fs::fstat(&file).unwrap();
            let content = digest(&file, &status, 1024).unwrap();
            assert_eq!(content.digest, Digest::of(&bytes), "{size} bytes");
            assert_eq!(content.bytes.is_some(), size <= 1024);
        }
    }

    #[test]
    fn a_file_that_changed_has_no_digest() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"before").unwrap();
        let status = rustix::fs::fstat(&file).unwrap();
        file.write_all(b"after").unwrap();
        assert_eq!(digest(&file, &status, 0).err(), Some(Fault::Changed));
    }
}
