//! Objects in files, each named by its digest.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::files;
use super::opening::{self, Content};
use super::sweep::Presence;
use crate::{LedgerError, Objects};
use evenkeel_model::Digest;

/// The largest object that is read.
const LARGEST: u64 = 1024 * 1024 * 1024;

/// Objects in files: `<folder>/objects/ab/<the other 62 digits>`.
#[derive(Clone, Debug)]
pub struct FolderObjects {
    folder: PathBuf,
    presence: Arc<Presence>,
}

impl FolderObjects {
    /// Returns the objects beside the ledger in `folder`. Creates nothing.
    #[must_use]
    pub fn new(folder: &Path) -> Self {
        Self::beside(folder, &Arc::new(Presence::new(folder)))
    }

    /// Returns the objects of a store that registers its own writes.
    pub(super) fn beside(folder: &Path, presence: &Arc<Presence>) -> Self {
        Self {
            folder: folder.to_owned(),
            presence: Arc::clone(presence),
        }
    }

    fn root(&self) -> PathBuf {
        self.folder.join("objects")
    }

    /// Returns the folder and the name of an object.
    pub(super) fn place(&self, digest: &Digest) -> (PathBuf, String) {
        let hex = digest.hex();
        let (drawer, name) = halves(&hex);
        (self.root().join(drawer), name.to_owned())
    }
}

/// Returns the names of an object's folder and file.
fn halves(hex: &str) -> (&str, &str) {
    hex.split_at_checked(2).unwrap_or(("", hex))
}

impl Objects for FolderObjects {
    fn put(&self, bytes: &[u8]) -> Result<Digest, LedgerError> {
        let digest = Digest::of(bytes);
        // Storing the bytes again replaces a damaged object.
        let damaged = match self.get(&digest) {
            Ok(Some(_)) => return Ok(digest),
            Ok(None) => false,
            Err(LedgerError::Damaged { .. }) => true,
            Err(error) => return Err(error),
        };
        let (drawer, name) = self.place(&digest);
        files::ensure(&self.folder)?;
        self.presence.begin();
        files::ensure(&self.root())?;
        files::ensure(&drawer)?;
        let path = drawer.join(&name);
        if damaged {
            fs::remove_file(&path)
                .map_err(|error| LedgerError::storage("replace", &path, error))?;
        }
        files::publish(&drawer, &name, bytes)
            .map_err(|error| LedgerError::storage("write", &path, error))?;
        Ok(digest)
    }

    fn get(&self, digest: &Digest) -> Result<Option<Vec<u8>>, LedgerError> {
        let hex = digest.hex();
        let (drawer, name) = halves(&hex);
        let reason = match opening::read(&self.folder, &["objects", drawer, name], LARGEST)? {
            Content::Absent => return Ok(None),
            Content::Whole(bytes) if Digest::of(&bytes) == *digest => return Ok(Some(bytes)),
            Content::Whole(_) => "its content does not match the digest in its name",
            Content::TooLong => "it exceeds the size limit of objects",
        };
        let (drawer, name) = self.place(digest);
        Err(LedgerError::Damaged {
            path: drawer.join(name).display().to_string(),
            reason: reason.to_owned(),
        })
    }

    fn list(&self) -> Result<Vec<Digest>, LedgerError> {
        let root = self.root();
        let mut digests = Vec::new();
        for drawer in names(&root)? {
            for name in names(&root.join(&drawer))? {
                // Unfinished files have other names.
                if let Ok(digest) = format!("{drawer}{name}").parse() {
                    digests.push(digest);
                }
            }
        }
        digests.sort_unstable();
        Ok(digests)
    }
}

/// Returns the names in a folder; none when it is missing or not a folder.
fn names(folder: &Path) -> Result<Vec<String>, LedgerError> {
    let missing = |error: &io::Error| {
        matches!(
            error.kind(),
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
        )
    };
    if fs::symlink_metadata(folder).is_ok_and(|facts| facts.is_symlink()) {
        return Err(LedgerError::unusable(
            folder,
            "it is a symbolic link, and its target may change",
            "use a separate folder",
        ));
    }
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if missing(&error) => return Ok(Vec::new()),
        Err(error) => return Err(LedgerError::storage("list", folder, error)),
    };
    entries
        .map(|entry| {
            entry
                .map(|entry| entry.file_name().to_string_lossy().into_owned())
                .map_err(|error| LedgerError::storage("list", folder, error))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::FolderObjects;
    use crate::Objects;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn objects_are_private() {
        let world = tempfile::tempdir().unwrap();
        let objects = FolderObjects::new(world.path());
        let digest = objects.put(b"one").unwrap();
        let (drawer, name) = objects.place(&digest);
        let path = drawer.join(name);
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
