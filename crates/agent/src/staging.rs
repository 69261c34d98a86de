//! A private folder in which an artifact arrives, entry by entry. Removed on drop.
//!
//! Only its owner can access it, so no other user can replace anything in it; every path of an entry is checked, and no
//! link is followed. The installation verifies the artifact, and which links it has.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use evenkeel_host::TreeWriter;
use evenkeel_host::wire::message::ArtifactFile;

/// Distinguishes folders of one process.
static NUMBER: AtomicU64 = AtomicU64::new(0);

/// The folder.
pub(crate) struct Staging {
    folder: PathBuf,
    single: bool,
    writer: TreeWriter,
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
                    let root = if single {
                        folder.clone()
                    } else {
                        tree(&folder)
                    };
                    let made = if single {
                        Ok(())
                    } else {
                        DirBuilder::new().mode(0o700).create(&root)
                    };
                    match made.and_then(|()| TreeWriter::open(&root)) {
                        Ok(writer) => {
                            return Ok(Self {
                                folder,
                                single,
                                writer,
                            });
                        }
                        Err(error) => {
                            let _ = fs::remove_dir_all(&folder);
                            return Err(error);
                        }
                    }
                }
                // Left by another process with this number, or created by another user: do not touch it.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Creates an entry; returns the file to write to, or `None` for a directory or a link.
    pub(crate) fn entry(
        &self,
        path: &str,
        file: Option<&ArtifactFile>,
        link: Option<&str>,
    ) -> io::Result<Option<File>> {
        if self.single && (file.is_none() || path.contains('/')) {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        match (file, link) {
            (Some(file), None) => self.writer.file(path, file.executable).map(Some),
            (None, Some(to)) => self.writer.link(path, to).map(|()| None),
            (None, None) => self.writer.directory(path).map(|()| None),
            (Some(_), Some(_)) => Err(io::ErrorKind::InvalidInput.into()),
        }
    }

    /// Whether the artifact is one file.
    pub(crate) fn is_single(&self) -> bool {
        self.single
    }

    /// Returns the path of the artifact: the folder, or the one file in it.
    pub(crate) fn artifact(&self) -> Option<PathBuf> {
        if !self.single {
            return Some(tree(&self.folder));
        }
        let mut entries = fs::read_dir(&self.folder).ok()?;
        let only = entries.next()?.ok()?.path();
        entries.next().is_none().then_some(only)
    }
}

/// Returns the directory of an artifact that is a directory.
fn tree(folder: &Path) -> PathBuf {
    folder.join("artifact")
}

impl Drop for Staging {
    fn drop(&mut self) {
        // Leftovers are private, and the system clears its temporary folder.
        let _ = fs::remove_dir_all(&self.folder);
    }
}
