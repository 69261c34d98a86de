//! A store of artifacts by digest: a directory with `releases/`, as an installation has it, and without `current`.
//!
//! An entry is copied, verified and renamed into place, so it is whole or missing. Every use verifies each byte again.
//! Choosing what is kept is left to the caller.

use std::collections::BTreeSet;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, FlockOperation, Mode, OFlags};

use super::super::Install as Wanted;
use super::install::{Install, make_releases, only_file};
use super::{held, names, open_releases, prune, release};
use crate::local::reason::why;
use crate::local::remove_tree;
use crate::local::sync::sync_directory;
use crate::local::tree::{Survey, open_parent};
use evenkeel_model::Digest;

/// A store of artifacts.
#[derive(Clone, Debug)]
pub struct ArtifactStore {
    directory: PathBuf,
}

/// The result of looking for an artifact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stored {
    /// It is there, with exactly this content.
    Whole(PathBuf),
    /// It is missing.
    Missing,
    /// An entry has its name, and other content.
    Altered,
}

impl ArtifactStore {
    /// Returns the store at a directory. Touches nothing.
    #[must_use]
    pub fn new(directory: PathBuf) -> Self {
        Self { directory }
    }

    /// Returns its directory.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Looks for an artifact, and reads all of it.
    ///
    /// # Errors
    ///
    /// When the store cannot be read; the reason is for people.
    pub fn find(&self, artifact: &Digest) -> Result<Stored, String> {
        let Some(store) = self.open()? else {
            return Ok(Stored::Missing);
        };
        let Some(releases) = open_releases(&store).map_err(why)? else {
            return Ok(Stored::Missing);
        };
        let entry = self.directory.join("releases").join(artifact.hex());
        match held(&releases, artifact, &self.directory) {
            Ok(Some(held)) => Ok(Stored::Whole(match held.file {
                Some(file) => entry.join(file),
                None => entry,
            })),
            Ok(None) => {
                let there = names(&releases).map_err(why)?;
                let is_there = there.iter().any(|(name, _)| *name == artifact.hex());
                Ok(if is_there {
                    Stored::Altered
                } else {
                    Stored::Missing
                })
            }
            Err(error) => Err(error.to_string()),
        }
    }

    /// Stores an artifact durably; an altered entry is replaced.
    ///
    /// # Errors
    ///
    /// When it cannot be stored, or the source has another digest; the reason is for people.
    pub fn keep(&self, artifact: &Digest, source: &Path) -> Result<(), String> {
        if matches!(self.find(artifact)?, Stored::Whole(_)) {
            return Ok(());
        }
        std::fs::DirBuilder::new()
            .recursive(true)
            .create(&self.directory)
            .map_err(|error| error.to_string())?;
        let store = self.open()?.ok_or("it was removed meanwhile")?;
        let _alone = Self::lock(&store)?;
        let (parent, name) = open_parent(source).map_err(|error| error.to_string())?;
        let survey = Survey::of(&parent, &name, source).map_err(|error| error.to_string())?;
        let releases = match open_releases(&store).map_err(why)? {
            Some(releases) => releases,
            None => make_releases(&store).map_err(why)?,
        };
        let wanted = Wanted {
            into: self.directory.display().to_string(),
            artifact: *artifact,
            keep: 0,
            expected: None,
        };
        let install = Install { wanted: &wanted };
        install
            .release(&survey, only_file(&survey).as_deref(), &releases)
            .map_err(|error| error.to_string())?;
        sync_directory(&store).map_err(why)
    }

    /// Removes every entry that `keep` does not name, and what killed runs left; returns the number of removed entries.
    ///
    /// # Errors
    ///
    /// When an entry cannot be removed; the reason is for people.
    pub fn prune(&self, keep: &BTreeSet<Digest>) -> Result<usize, String> {
        let Some(store) = self.open()? else {
            return Ok(0);
        };
        let _alone = Self::lock(&store)?;
        let Some(releases) = open_releases(&store).map_err(why)? else {
            return Ok(0);
        };
        let mut removed = 0;
        for (name, _) in names(&releases).map_err(why)? {
            match release(&name) {
                Some(digest) if keep.contains(&digest) => continue,
                Some(_) => removed += 1,
                None if prune::unfinished(&name) => {}
                // Not evenkeel's.
                None => continue,
            }
            remove_tree(&releases, std::ffi::OsStr::new(&name)).map_err(why)?;
        }
        Ok(removed)
    }

    fn open(&self) -> Result<Option<OwnedFd>, String> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        match rustix::fs::openat(CWD, &self.directory, flags, Mode::empty()) {
            Ok(store) => Ok(Some(store)),
            Err(rustix::io::Errno::NOENT) => Ok(None),
            Err(errno) => Err(why(errno)),
        }
    }

    /// Waits until no other run changes the store. The lock ends with the returned descriptor.
    fn lock(store: &OwnedFd) -> Result<OwnedFd, String> {
        // Another description than the one that is used, so that it can be dropped alone.
        let lock = rustix::fs::openat(
            store,
            ".",
            OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC,
            Mode::empty(),
        )
        .map_err(why)?;
        rustix::fs::flock(&lock, FlockOperation::LockExclusive).map_err(why)?;
        Ok(lock)
    }
}

#[cfg(test)]
mod tests {
    use super::{ArtifactStore, Stored};
    use crate::tree_digest;
    use std::collections::BTreeSet;
    use std::fs;

    #[test]
    fn artifacts_are_kept_whole_verified_and_pruned() {
        let home = tempfile::tempdir().unwrap();
        let store = ArtifactStore::new(home.path().join("deep/store"));
        let file = home.path().join("app");
        fs::write(&file, "one file").unwrap();
        let tree = home.path().join("tree");
        fs::create_dir(&tree).unwrap();
        fs::write(tree.join("only"), "a tree of one file").unwrap();
        let mut kept = BTreeSet::new();
        for source in [&file, &tree] {
            let digest = tree_digest(source).unwrap().digest;
            assert_eq!(store.find(&digest), Ok(Stored::Missing));
            store.keep(&digest, source).unwrap();
            store.keep(&digest, source).unwrap();
            let Ok(Stored::Whole(path)) = store.find(&digest) else {
                panic!("not kept");
            };
            assert_eq!(tree_digest(&path).unwrap().digest, digest);
            kept.insert(digest);
        }
        // Another content than the digest says is not stored.
        let other = evenkeel_model::Digest::of(b"other");
        assert!(store.keep(&other, &file).is_err());
        assert_eq!(store.find(&other), Ok(Stored::Missing));
        // An altered entry is found, and replaced by the next run that has the source.
        let digest = tree_digest(&file).unwrap().digest;
        let entry = store.directory().join("releases").join(digest.hex());
        fs::write(entry.join("app"), "altered").unwrap();
        assert_eq!(store.find(&digest), Ok(Stored::Altered));
        store.keep(&digest, &file).unwrap();
        assert!(matches!(store.find(&digest), Ok(Stored::Whole(_))));
        // What a killed run left, and what the caller does not keep.
        fs::create_dir(
            store
                .directory()
                .join(format!("releases/.{}.tmp", other.hex())),
        )
        .unwrap();
        assert_eq!(store.prune(&kept), Ok(0));
        kept.remove(&digest);
        assert_eq!(store.prune(&kept), Ok(1));
        assert_eq!(store.find(&digest), Ok(Stored::Missing));
        let left = fs::read_dir(store.directory().join("releases")).unwrap();
        assert_eq!(left.count(), 1);
    }
}
