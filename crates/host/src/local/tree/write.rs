//! Writes an artifact's entries below an open directory. No link is followed, also none that was written before.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Component, Path};

use rustix::fs::{CWD, Mode, OFlags};
use rustix::io::Errno;

use crate::place::open_beneath;

/// A directory in which an artifact is written, entry by entry. Directories come before what they contain.
pub struct TreeWriter {
    root: OwnedFd,
}

impl TreeWriter {
    /// Opens an existing directory, which must not be a link.
    ///
    /// # Errors
    ///
    /// When it cannot be opened.
    pub fn open(directory: &Path) -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let root = rustix::fs::openat(CWD, directory, flags, Mode::empty())?;
        Ok(Self { root })
    }

    /// Creates a directory for its owner alone.
    ///
    /// # Errors
    ///
    /// When the path is not plain, exists, or cannot be created.
    pub fn directory(&self, path: &str) -> io::Result<()> {
        let (parent, name) = parent(&self.root, plain(path)?)?;
        rustix::fs::mkdirat(&parent, name, Mode::RWXU)?;
        Ok(())
    }

    /// Creates a file for its owner alone.
    ///
    /// # Errors
    ///
    /// When the path is not plain, exists, or cannot be created.
    pub fn file(&self, path: &str, executable: bool) -> io::Result<File> {
        let mode = if executable { 0o700 } else { 0o600 };
        Ok(new_file(&self.root, plain(path)?, mode)?.into())
    }

    /// Opens a file that was written before.
    ///
    /// # Errors
    ///
    /// When the path is not plain, or is no file.
    pub fn reopen(&self, path: &str) -> io::Result<File> {
        let flags = OFlags::RDONLY | OFlags::NONBLOCK;
        Ok(open_beneath(&self.root, plain(path)?, flags, Mode::empty())?.into())
    }

    /// Creates a symbolic link.
    ///
    /// # Errors
    ///
    /// When the path is not plain, exists, or cannot be created.
    pub fn link(&self, path: &str, to: &str) -> io::Result<()> {
        Ok(new_link(&self.root, plain(path)?, to)?)
    }
}

/// Refuses everything but names below the directory.
fn plain(path: &str) -> io::Result<&Path> {
    let relative = Path::new(path);
    let plain = !path.contains('\0')
        && relative
            .components()
            .all(|each| matches!(each, Component::Normal(_)))
        && relative.components().next().is_some();
    plain
        .then_some(relative)
        .ok_or_else(|| io::ErrorKind::InvalidInput.into())
}

/// Opens the directory that will contain an entry.
pub(crate) fn parent<'p>(root: &OwnedFd, path: &'p Path) -> Result<(OwnedFd, &'p OsStr), Errno> {
    let name = path.file_name().ok_or(Errno::INVAL)?;
    let parent = match path.parent() {
        Some(parent) if parent != Path::new("") => open_beneath(
            root,
            parent,
            OFlags::PATH | OFlags::DIRECTORY,
            Mode::empty(),
        )?,
        _ => rustix::io::fcntl_dupfd_cloexec(root, 0)?,
    };
    Ok((parent, name))
}

/// Creates a file that does not exist yet.
pub(crate) fn new_file(root: &OwnedFd, path: &Path, mode: u32) -> Result<OwnedFd, Errno> {
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL;
    open_beneath(root, path, flags, Mode::from_raw_mode(mode))
}

/// Creates a link that does not exist yet.
pub(crate) fn new_link(root: &OwnedFd, path: &Path, to: &str) -> Result<(), Errno> {
    let (parent, name) = parent(root, path)?;
    rustix::fs::symlinkat(to, &parent, name)
}

/// Reads a link.
pub(crate) fn read_link(directory: &OwnedFd, name: &OsStr) -> Result<Vec<u8>, Errno> {
    let target = rustix::fs::readlinkat(directory, name, Vec::new())?;
    Ok(target.into_bytes())
}

#[cfg(test)]
mod tests {
    use super::TreeWriter;
    use std::fs;
    use std::io::Write as _;

    #[test]
    fn entries_are_written_beneath_and_links_are_not_followed() {
        let home = tempfile::tempdir().unwrap();
        let outside = home.path().join("outside");
        let root = home.path().join("root");
        fs::create_dir(&outside).unwrap();
        fs::create_dir(&root).unwrap();
        let tree = TreeWriter::open(&root).unwrap();
        tree.directory("a").unwrap();
        tree.link("a/out", "../../outside").unwrap();
        tree.link("file-out", "../outside/file").unwrap();
        assert!(tree.file("a/out/file", false).is_err());
        assert!(tree.directory("a/out/directory").is_err());
        assert!(tree.link("a/out/link", "x").is_err());
        assert!(tree.file("file-out", false).is_err());
        assert!(tree.reopen("file-out").is_err());
        for path in ["", ".", "..", "../x", "/x", "a/../x", "a\0b"] {
            assert!(tree.file(path, false).is_err(), "{path:?}");
            assert!(tree.directory(path).is_err(), "{path:?}");
            assert!(tree.link(path, "a").is_err(), "{path:?}");
        }
        tree.file("a/b", true).unwrap().write_all(b"1").unwrap();
        assert!(tree.file("a/b", true).is_err());
        assert_eq!(fs::read(root.join("a/b")).unwrap(), b"1");
        assert_eq!(fs::read_dir(&outside).unwrap().count(), 0);
        // The directory itself must not be a link.
        std::os::unix::fs::symlink(&root, home.path().join("link")).unwrap();
        assert!(TreeWriter::open(&home.path().join("link")).is_err());
    }
}
