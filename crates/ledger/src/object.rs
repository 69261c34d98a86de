//! Objects: bytes too big for an entry, kept under their digest beside the ledger.
//!
//! An object is never changed, and what is read is proven to be what was put. What the bytes are is for others.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::{LedgerError, folder};
use evenkeel_model::Digest;

/// Keeps bytes by digest.
pub trait Objects: Send + Sync {
    /// Keeps these bytes durably; keeping them again changes nothing.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Storage`]; they are not kept then.
    fn put(&self, bytes: &[u8]) -> Result<Digest, LedgerError>;

    /// The bytes with this digest, if they are kept.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Damaged`] when what is kept has another digest.
    fn get(&self, digest: &Digest) -> Result<Option<Vec<u8>>, LedgerError>;

    /// The digests of everything that is kept, in order.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Storage`].
    fn list(&self) -> Result<Vec<Digest>, LedgerError>;
}

/// Objects in files: `<folder>/objects/ab/<the other 62 digits>`.
#[derive(Clone, Debug)]
pub struct ObjectStore {
    folder: PathBuf,
}

impl ObjectStore {
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
    fn place(&self, digest: &Digest) -> (PathBuf, String) {
        let hex = digest.hex();
        let (drawer, name) = hex.split_at_checked(2).unwrap_or(("", &hex));
        (self.root().join(drawer), name.to_owned())
    }
}

impl Objects for ObjectStore {
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
        folder::ensure(&self.folder)?;
        folder::ensure(&self.root())?;
        folder::ensure(&drawer)?;
        let path = drawer.join(&name);
        if damaged {
            fs::remove_file(&path)
                .map_err(|error| LedgerError::storage("replace", &path, error))?;
        }
        folder::publish(&drawer, &name, bytes)
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

/// Objects in memory: for tests.
#[derive(Debug, Default)]
pub struct MemoryObjects {
    kept: Mutex<BTreeMap<Digest, Vec<u8>>>,
}

impl Objects for MemoryObjects {
    fn put(&self, bytes: &[u8]) -> Result<Digest, LedgerError> {
        let digest = Digest::of(bytes);
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.entry(digest).or_insert_with(|| bytes.to_vec());
        Ok(digest)
    }

    fn get(&self, digest: &Digest) -> Result<Option<Vec<u8>>, LedgerError> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(kept.get(digest).cloned())
    }

    fn list(&self) -> Result<Vec<Digest>, LedgerError> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(kept.keys().copied().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::{MemoryObjects, ObjectStore, Objects};
    use crate::LedgerError;
    use evenkeel_model::Digest;
    use std::os::unix::fs::PermissionsExt;

    fn check(objects: &dyn Objects) {
        assert!(objects.list().unwrap().is_empty());
        let one = objects.put(b"one").unwrap();
        let two = objects.put(b"").unwrap();
        assert_eq!(objects.put(b"one").unwrap(), one);
        assert_eq!(objects.get(&one).unwrap().unwrap(), b"one");
        assert_eq!(objects.get(&two).unwrap().unwrap(), b"");
        assert!(objects.get(&Digest::of(b"three")).unwrap().is_none());
        let mut both = vec![one, two];
        both.sort();
        assert_eq!(objects.list().unwrap(), both);
    }

    #[test]
    fn what_is_put_is_got() {
        let world = tempfile::tempdir().unwrap();
        check(&ObjectStore::new(&world.path().join("ledger")));
        check(&MemoryObjects::default());
    }

    #[test]
    fn a_damaged_object_is_never_handed_out() {
        let world = tempfile::tempdir().unwrap();
        let objects = ObjectStore::new(world.path());
        let digest = objects.put(b"one").unwrap();
        let (drawer, name) = objects.place(&digest);
        let path = drawer.join(name);
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        std::fs::write(&path, b"two").unwrap();
        assert!(matches!(
            objects.get(&digest),
            Err(LedgerError::Damaged { .. })
        ));
        objects.put(b"one").unwrap();
        assert_eq!(objects.get(&digest).unwrap().unwrap(), b"one");
    }
}
