//! The digest of a survey: all files in parallel, rejected if anything changed during the read.

use rayon::iter::{IntoParallelRefIterator as _, ParallelIterator as _};

use super::{Item, ItemKind, Survey, TreeDigest, TreeError};
use crate::local::content::{self, Fault};
use crate::local::reason::why;
use evenkeel_model::Digest;

/// Separates these digests from all others. Changing what is hashed below requires a new number here.
const CONTEXT: &str = "evenkeel artifact tree 1";

impl Survey {
    /// Reads everything and digests it.
    pub(crate) fn digest(&self) -> Result<TreeDigest, TreeError> {
        let contents: Vec<Option<Digest>> = self
            .items
            .par_iter()
            .map(|item| self.content(item))
            .collect::<Result<_, _>>()?;
        self.verify_names()?;
        let mut hasher = blake3::Hasher::new_derive_key(CONTEXT);
        hasher.update(if self.single { b"file\0" } else { b"tree\0" });
        let (mut files, mut bytes) = (0, 0);
        for (item, content) in self.items.iter().zip(&contents) {
            if !self.single {
                hasher.update(&(item.path.len() as u64).to_le_bytes());
                hasher.update(item.path.as_bytes());
            }
            match (item.kind, content) {
                (ItemKind::File { executable }, Some(content)) => {
                    hasher.update(if executable { b"x" } else { b"f" });
                    hasher.update(content.as_bytes());
                    files += 1;
                    bytes += u64::try_from(item.status.st_size).unwrap_or(0);
                }
                _ => {
                    hasher.update(b"d");
                }
            }
        }
        Ok(TreeDigest {
            digest: Digest::from_bytes(*hasher.finalize().as_bytes()),
            files,
            bytes,
        })
    }

    fn content(&self, item: &Item) -> Result<Option<Digest>, TreeError> {
        if item.kind == ItemKind::Directory {
            return Ok(None);
        }
        let file = self.open(item)?;
        match content::digest(&file, &item.status, 0) {
            Ok(content) => Ok(Some(content.digest)),
            Err(Fault::Changed) => Err(TreeError::Changed {
                path: self.shown(item),
            }),
            Err(Fault::Refused(errno)) => Err(TreeError::Unreadable {
                path: self.shown(item),
                reason: why(errno),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{TreeError, tree_digest};
    use std::fs;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    #[test]
    fn names_contents_and_executable_bits_count_and_nothing_else() {
        let home = tempfile::tempdir().unwrap();
        let make = |name: &str, file: &str, content: &str, mode: u32| {
            let root = home.path().join(name);
            fs::create_dir_all(root.join("empty")).unwrap();
            fs::write(root.join(file), content).unwrap();
            fs::set_permissions(root.join(file), fs::Permissions::from_mode(mode)).unwrap();
            tree_digest(&root).unwrap()
        };
        let first = make("1", "a", "x", 0o644);
        assert_eq!(first, make("2", "a", "x", 0o600));
        assert_eq!((first.files, first.bytes), (1, 1));
        assert_ne!(first.digest, make("3", "b", "x", 0o644).digest);
        assert_ne!(first.digest, make("4", "a", "y", 0o644).digest);
        assert_ne!(first.digest, make("5", "a", "x", 0o755).digest);
        fs::remove_dir(home.path().join("1/empty")).unwrap();
        assert_ne!(
            first.digest,
            tree_digest(&home.path().join("1")).unwrap().digest
        );
        // A single file has no name, and differs from a directory with one file.
        let single = tree_digest(&home.path().join("2/a")).unwrap();
        fs::rename(home.path().join("2/a"), home.path().join("2/z")).unwrap();
        assert_eq!(single, tree_digest(&home.path().join("2/z")).unwrap());
    }

    #[test]
    fn links_and_invalid_names_are_rejected_and_a_missing_artifact_is_named() {
        let home = tempfile::tempdir().unwrap();
        let root = home.path().join("tree");
        assert!(matches!(tree_digest(&root), Err(TreeError::Missing { .. })));
        fs::create_dir(&root).unwrap();
        symlink("/etc", root.join("link")).unwrap();
        let error = tree_digest(&root).unwrap_err().to_string();
        assert!(error.contains("tree/link` is a symbolic link"), "{error}");
        fs::remove_file(root.join("link")).unwrap();
        let odd = std::os::unix::ffi::OsStrExt::from_bytes(b"\xff");
        fs::write(root.join::<&std::ffi::OsStr>(odd), "").unwrap();
        assert!(matches!(tree_digest(&root), Err(TreeError::Refused { .. })));
    }
}
