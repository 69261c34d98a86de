//! The digest of a survey: all files in parallel, rejected if anything changed during the read.
//!
//! [`TreeHasher`] defines what is hashed. It also digests an artifact that is not on a disk.

use rayon::iter::{IntoParallelRefIterator as _, ParallelIterator as _};

use super::{Item, ItemKind, Survey, TreeDigest, TreeError};
use crate::local::content::{self, Fault};
use crate::local::reason::why;
use evenkeel_model::Digest;

/// Separates these digests from all others. Changing what is hashed below requires a new number here, unless no tree
/// that had a digest before gets another one.
const CONTEXT: &str = "evenkeel artifact tree 1";

/// Digests the entries of an artifact, which come sorted by path.
pub struct TreeHasher {
    hasher: blake3::Hasher,
    single: bool,
    files: u64,
    bytes: u64,
}

impl TreeHasher {
    /// Starts with a directory.
    #[must_use]
    pub fn new() -> Self {
        Self::of(false)
    }

    /// Starts with a directory or a single file.
    fn of(single: bool) -> Self {
        let mut hasher = blake3::Hasher::new_derive_key(CONTEXT);
        hasher.update(if single { b"file\0" } else { b"tree\0" });
        Self {
            hasher,
            single,
            files: 0,
            bytes: 0,
        }
    }

    fn text(&mut self, text: &str) {
        self.hasher.update(&(text.len() as u64).to_le_bytes());
        self.hasher.update(text.as_bytes());
    }

    // A single file has no name.
    fn path(&mut self, path: &str) {
        if !self.single {
            self.text(path);
        }
    }

    /// Adds a directory.
    pub fn directory(&mut self, path: &str) {
        self.path(path);
        self.hasher.update(b"d");
    }

    /// Adds a file.
    pub fn file(&mut self, path: &str, executable: bool, content: &Digest, size: u64) {
        self.path(path);
        self.hasher.update(if executable { b"x" } else { b"f" });
        self.hasher.update(content.as_bytes());
        self.files += 1;
        self.bytes += size;
    }

    /// Adds a link.
    pub fn link(&mut self, path: &str, to: &str) {
        self.path(path);
        self.hasher.update(b"l");
        self.text(to);
    }

    /// Returns the digest.
    #[must_use]
    pub fn finish(self) -> TreeDigest {
        TreeDigest {
            digest: Digest::from_bytes(*self.hasher.finalize().as_bytes()),
            files: self.files,
            bytes: self.bytes,
        }
    }
}

impl Default for TreeHasher {
    fn default() -> Self {
        Self::new()
    }
}

impl Survey {
    /// Reads everything and digests it.
    pub(crate) fn digest(&self) -> Result<TreeDigest, TreeError> {
        let contents = self.contents()?;
        self.verify_names()?;
        let mut hasher = TreeHasher::of(self.single);
        for (item, content) in self.items.iter().zip(&contents) {
            match (item.kind, content, &item.to) {
                (ItemKind::File { executable }, Some(content), _) => {
                    let size = u64::try_from(item.status.st_size).unwrap_or(0);
                    hasher.file(&item.path, executable, content, size);
                }
                (ItemKind::Link, _, Some(to)) => hasher.link(&item.path, to),
                _ => hasher.directory(&item.path),
            }
        }
        Ok(hasher.finish())
    }

    /// Digests each file.
    pub(crate) fn contents(&self) -> Result<Vec<Option<Digest>>, TreeError> {
        self.items
            .par_iter()
            .map(|item| self.content(item))
            .collect()
    }

    fn content(&self, item: &Item) -> Result<Option<Digest>, TreeError> {
        if !matches!(item.kind, ItemKind::File { .. }) {
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
    fn links_inside_count_by_their_targets() {
        let home = tempfile::tempdir().unwrap();
        let make = |name: &str, links: &[(&str, &str)]| {
            let root = home.path().join(name);
            fs::create_dir_all(root.join("a")).unwrap();
            fs::write(root.join("a/b"), "x").unwrap();
            for (path, to) in links {
                symlink(to, root.join(path)).unwrap();
            }
            tree_digest(&root).unwrap().digest
        };
        let plain = make("1", &[]);
        let link = make("2", &[("c", "a/b")]);
        assert_ne!(plain, link);
        assert_eq!(link, make("3", &[("c", "a/b")]));
        // Another text of the same target is another link.
        assert_ne!(link, make("4", &[("c", "a/./b")]));
        assert_ne!(link, make("5", &[("c", "a")]));
        assert_ne!(link, make("6", &[("d", "a/b")]));
        fs::write(home.path().join("1/c"), "x").unwrap();
        assert_ne!(link, tree_digest(&home.path().join("1")).unwrap().digest);
    }

    #[test]
    fn links_and_invalid_names_are_rejected_and_a_missing_artifact_is_named() {
        let home = tempfile::tempdir().unwrap();
        let root = home.path().join("tree");
        assert!(matches!(tree_digest(&root), Err(TreeError::Missing { .. })));
        fs::create_dir(&root).unwrap();
        for (to, reason) in [
            ("/etc", "an absolute path"),
            ("../x", "which leaves the artifact"),
            ("missing", "which is not in the artifact"),
            ("link", "which leads back to the link"),
        ] {
            symlink(to, root.join("link")).unwrap();
            let error = tree_digest(&root).unwrap_err().to_string();
            let expected = format!("tree/link` is a symbolic link to `{to}`, {reason}: ");
            assert!(error.contains(&expected), "{error}");
            fs::remove_file(root.join("link")).unwrap();
        }
        // What is declared must be the artifact itself.
        symlink("tree", home.path().join("alias")).unwrap();
        let error = tree_digest(&home.path().join("alias")).unwrap_err();
        assert!(
            error.to_string().contains("alias` is a symbolic link"),
            "{error}"
        );
        rustix::fs::mkfifoat(rustix::fs::CWD, root.join("pipe"), rustix::fs::Mode::RWXU).unwrap();
        assert!(tree_digest(&root).is_err());
        fs::remove_file(root.join("pipe")).unwrap();
        let odd = std::os::unix::ffi::OsStrExt::from_bytes(b"\xff");
        fs::write(root.join::<&std::ffi::OsStr>(odd), "").unwrap();
        assert!(matches!(tree_digest(&root), Err(TreeError::Refused { .. })));
    }
}
