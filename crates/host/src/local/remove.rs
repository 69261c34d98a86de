//! Recursive removal that follows no link and holds two open directories at a time, at any depth.

use std::ffi::{OsStr, OsString};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;

use rustix::fs::{AtFlags, Dir, Mode, OFlags};
use rustix::io::Errno;

/// Removes a name in an open directory and, if it is a directory, its contents. A missing name is no error.
///
/// A nested directory is moved up before it is emptied, so neither the stack nor the number of open directories depends
/// on the depth.
///
/// # Errors
///
/// When the system refuses; a part may have been removed.
pub fn remove_tree(parent: impl AsFd, name: &OsStr) -> Result<(), Errno> {
    match rustix::fs::unlinkat(&parent, name, AtFlags::empty()) {
        Ok(()) | Err(Errno::NOENT) => return Ok(()),
        Err(Errno::ISDIR | Errno::PERM) => {}
        Err(errno) => return Err(errno),
    }
    let top = open(&parent, name)?;
    let mut moved = 0_u64;
    loop {
        let directories = empty(&top)?;
        if directories.is_empty() {
            break;
        }
        for directory in directories {
            let inner = open(&top, &directory)?;
            for below in empty(&inner)? {
                move_up(&inner, &below, &top, &mut moved)?;
            }
            remove_directory(&top, &directory)?;
        }
    }
    remove_directory(parent, name)
}

fn open(parent: impl AsFd, name: &OsStr) -> Result<OwnedFd, Errno> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    rustix::fs::openat(parent, name, flags, Mode::empty())
}

/// Removes everything in a directory except for directories; returns their names.
fn empty(directory: &OwnedFd) -> Result<Vec<OsString>, Errno> {
    let mut directories = Vec::new();
    for entry in Dir::read_from(directory)? {
        let entry = entry?;
        let name = OsStr::from_bytes(entry.file_name().to_bytes());
        if name == "." || name == ".." {
            continue;
        }
        match rustix::fs::unlinkat(directory, name, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => {}
            Err(Errno::ISDIR | Errno::PERM) => directories.push(name.to_owned()),
            Err(errno) => return Err(errno),
        }
    }
    Ok(directories)
}

/// Moves a directory into another under a free name there.
fn move_up(from: &OwnedFd, name: &OsStr, to: &OwnedFd, moved: &mut u64) -> Result<(), Errno> {
    loop {
        let free = format!(".evenkeel-{moved}.removed");
        *moved += 1;
        // Rename replaces an existing directory only if it is empty, so nothing is lost.
        match rustix::fs::renameat(from, name, to, free.as_str()) {
            Err(Errno::EXIST | Errno::NOTEMPTY) => {}
            Err(Errno::NOENT) => return Ok(()),
            other => return other,
        }
    }
}

fn remove_directory(parent: impl AsFd, name: &OsStr) -> Result<(), Errno> {
    match rustix::fs::unlinkat(parent, name, AtFlags::REMOVEDIR) {
        Err(Errno::NOENT) => Ok(()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::remove_tree;
    use std::ffi::OsStr;
    use std::fs::{self, File};
    use std::os::unix::fs::symlink;

    #[test]
    fn links_are_removed_and_never_followed() {
        let home = tempfile::tempdir().unwrap();
        let path = |name: &str| home.path().join(name);
        fs::create_dir_all(path("kept/inner")).unwrap();
        fs::create_dir_all(path("tree/a/b")).unwrap();
        fs::create_dir_all(path("tree/.evenkeel-0.removed/x")).unwrap();
        fs::write(path("kept/inner/file"), "").unwrap();
        fs::write(path("tree/a/b/file"), "").unwrap();
        symlink(path("kept"), path("tree/a/link")).unwrap();
        symlink(path("kept"), path("link")).unwrap();
        let parent = File::open(home.path()).unwrap();
        remove_tree(&parent, OsStr::new("tree")).unwrap();
        remove_tree(&parent, OsStr::new("link")).unwrap();
        remove_tree(&parent, OsStr::new("missing")).unwrap();
        assert!(!path("tree").exists() && !path("link").is_symlink());
        assert!(path("kept/inner/file").exists());
    }

    #[test]
    fn depth_needs_neither_stack_nor_descriptors() {
        let home = tempfile::tempdir().unwrap();
        let parent = File::open(home.path()).unwrap();
        let mode = rustix::fs::Mode::RWXU;
        rustix::fs::mkdirat(&parent, "tree", mode).unwrap();
        let mut at = super::open(&parent, OsStr::new("tree")).unwrap();
        for _ in 0..20_000 {
            rustix::fs::mkdirat(&at, "d", mode).unwrap();
            at = super::open(&at, OsStr::new("d")).unwrap();
        }
        remove_tree(&parent, OsStr::new("tree")).unwrap();
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0);
    }
}
