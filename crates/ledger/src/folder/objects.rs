//! Objects in files, each under a name that is its digest.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::files;
use crate::{LedgerError, Objects};
use evenkeel_model::Digest;

/// Objects in files: `<folder>/objects/ab/<the other 62 digits>`.
#[derive(Clone, Debug)]
pub struct FolderObjects {
    folder: PathBuf,
}

impl FolderObjects {
    /// The objects beside the ledger in `folder`. Creates nothing.
    #[must_use]
    pub fn new(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
        }
    }

    fn root(&self) -> PathBuf {
        self.folder.join("objects")
    }

    /// The folder and the name of an object.
    pub(super) fn place(&self, digest: &Digest) -> (PathBuf, String) {
        let hex = digest.hex();
        let (drawer, name) = hex.split_at_checked(2).unwrap_or(("", &hex));
        (self.root().join(drawer), name.to_owned())
    }
}

impl Objects for FolderObjects {
    fn put(&self, bytes: &[u8]) -> Result<Digest, LedgerError> {
        let digest = Digest::of(bytes);
        // A damaged object is replaced: its bytes are at hand.
        let damaged = match self.get(&digest) {
            Ok(Some(_)) => return Ok(digest),
            Ok(None) => false,
            Err(LedgerError::Damaged { .. }) => true,
            Err(error) => return Err(error),
        };
        let (drawer, name) = self.place(&digest);
        files::ensure(&self.folder)?;
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
        let (drawer, name) = self.place(digest);
        let path = drawer.join(name);
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(LedgerError::storage("read", &path, error)),
        };
        if Digest::of(&bytes) == *digest {
            return Ok(Some(bytes));
        }
        Err(LedgerError::Damaged {
            path: path.display().to_string(),
            reason: "its bytes have not the digest that is its name".to_owned(),
        })
    }

    fn list(&self) -> Result<Vec<Digest>, LedgerError> {
        let root = self.root();
        let mut digests = Vec::new();
        for drawer in names(&root)? {
            for name in names(&root.join(&drawer))? {
                // Files on their way have other names.
                if let Ok(digest) = format!("{drawer}{name}").parse() {
                    digests.push(digest);
                }
            }
        }
        digests.sort_unstable();
        Ok(digests)
    }
}

/// The names in a folder; none when it is not there or not a folder.
fn names(folder: &Path) -> Result<Vec<String>, LedgerError> {
    let missing = |error: &io::Error| {
        matches!(
            error.kind(),
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
        )
    };
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
