//! A private folder in which an artifact arrives, entry by entry. Removed on drop.
//!
//! Only its owner can access it, so no other user can replace anything in it; every path of an entry is checked. The
//! installation verifies the artifact.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Component, Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use evenkeel_host::wire::message::ArtifactFile;

/// Distinguishes folders of one process.
static NUMBER: AtomicU64 = AtomicU64::new(0);

/// The folder.
pub(crate) struct Staging {
    folder: PathBuf,
    single: bool,
}

impl Staging {
    /// Creates a folder that did not exist before.
    pub(crate) fn make(temporary: &Path, single: bool) -> io::Result<Self> {
        loop {
            let number = NUMBER.fetch_add(1, Ordering::Relaxed);
            let name = format!("evenkeel-agent-{}-{number}", std::process::id());
            let folder = temporary.join(name);
            match DirBuilder::new().mode(0o700).create(&folder) {
                Ok(()) => {
                    let staging = Self { folder, single };
                    if !single {
                        DirBuilder::new().mode(0o700).create(staging.tree())?;
                    }
                    return Ok(staging);
                }
                // Left by another process with this number, or created by another user: do not touch it.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
    }

    fn tree(&self) -> PathBuf {
        self.folder.join("artifact")
    }

    /// Creates an entry; returns the file to write to, or `None` for a directory.
    pub(crate) fn entry(
        &self,
        path: &str,
        file: Option<&ArtifactFile>,
    ) -> io::Result<Option<File>> {
        let relative = Path::new(path);
        let plain = !path.contains('\0')
            && relative
                .components()
                .all(|each| matches!(each, Component::Normal(_)))
            && relative.components().next().is_some()
            && (!self.single || relative.components().count() == 1);
        if !plain {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let root = if self.single {
            self.folder.clone()
        } else {
            self.tree()
        };
        let path = root.join(relative);
        match file {
            None => DirBuilder::new().mode(0o700).create(path).map(|()| None),
            Some(file) => OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(if file.executable { 0o700 } else { 0o600 })
                .open(path)
                .map(Some),
        }
    }

    /// Returns the path of the artifact: the folder, or the one file in it.
    pub(crate) fn artifact(&self) -> Option<PathBuf> {
        if !self.single {
            return Some(self.tree());
        }
        let mut entries = fs::read_dir(&self.folder).ok()?;
        let only = entries.next()?.ok()?.path();
        entries.next().is_none().then_some(only)
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        // Leftovers are private, and the system clears its temporary folder.
        let _ = fs::remove_dir_all(&self.folder);
    }
}
