//! Replaces a small file of the system as one step, if it still has the expected content.
//!
//! The new file is written beside the old one with its owner and mode, made durable, and exchanged with it. Only then is
//! the old one compared with the expectation, and put back if it differs.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::fd::{AsFd as _, OwnedFd};
use std::path::Path;

use rustix::fs::{AtFlags, FileType, Gid, Mode, OFlags, RenameFlags, Uid};
use rustix::io::Errno;

use super::reason::{why, why_io};
use super::sync::sync_directory;
use crate::place;

/// The longest file that is read.
pub(crate) const LONGEST: u64 = 1024 * 1024;

/// Why a file was not replaced.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum NotReplaced {
    /// It had another content.
    Changed,
    /// Another reason, for people.
    Failed(String),
}

/// Reads a file without following links; `None` when it is missing.
///
/// # Errors
///
/// The reason, with the path.
pub(crate) fn read(path: &Path) -> Result<Option<Vec<u8>>, String> {
    let shown = |reason: String| format!("`{}`: {reason}", path.display());
    let (parent, name) = place::split(path).map_err(|obstacle| obstacle.to_string())?;
    let parent = match place::open_directory(&parent) {
        Ok(parent) => parent,
        Err(place::Obstacle::Missing(_)) => return Ok(None),
        Err(obstacle) => return Err(obstacle.to_string()),
    };
    read_at(&parent, &name).map_err(shown)
}

fn read_at(parent: &OwnedFd, name: &OsStr) -> Result<Option<Vec<u8>>, String> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = match rustix::fs::openat(parent, name, flags, Mode::empty()) {
        Ok(file) => File::from(file),
        Err(Errno::NOENT) => return Ok(None),
        Err(errno) => return Err(why(errno)),
    };
    let is_file = file.metadata().map_err(|error| why_io(&error))?.is_file();
    if !is_file {
        return Err("not a regular file".to_owned());
    }
    let mut bytes = Vec::new();
    file.take(LONGEST + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| why_io(&error))?;
    if bytes.len() as u64 > LONGEST {
        return Err(format!("longer than {LONGEST} bytes"));
    }
    Ok(Some(bytes))
}

/// Replaces the content of a file, or removes it with `None`. `expected` is the content now, `None` if it is missing.
///
/// # Errors
///
/// When the content is another one, or nothing could be written. The file is whole in any case.
pub(crate) fn replace(
    path: &Path,
    expected: Option<&[u8]>,
    content: Option<&[u8]>,
) -> Result<(), NotReplaced> {
    let failed = |reason: String| NotReplaced::Failed(format!("`{}`: {reason}", path.display()));
    let refused = |errno: Errno| failed(why(errno));
    let (parent, name) = place::split(path).map_err(|obstacle| failed(obstacle.to_string()))?;
    if content.is_some() && expected.is_none() {
        place::make_directories(&parent, 0o755).map_err(|obstacle| failed(obstacle.to_string()))?;
    }
    let parent = place::open_directory(&parent).map_err(|obstacle| failed(obstacle.to_string()))?;
    if read_at(&parent, &name).map_err(failed)?.as_deref() != expected {
        return Err(NotReplaced::Changed);
    }
    let beside = beside(&name);
    match rustix::fs::unlinkat(&parent, &beside, AtFlags::empty()) {
        Ok(()) | Err(Errno::NOENT) => {}
        Err(errno) => return Err(refused(errno)),
    }
    let Some(content) = content else {
        if expected.is_some() {
            rustix::fs::unlinkat(&parent, &name, AtFlags::empty()).map_err(refused)?;
            sync_directory(&parent).map_err(refused)?;
        }
        return Ok(());
    };
    let written = write(&parent, &name, &beside, content);
    let moved = written.map_err(failed).and_then(|()| {
        let (flags, is_new) = match expected {
            Some(_) => (RenameFlags::EXCHANGE, false),
            None => (RenameFlags::NOREPLACE, true),
        };
        match rustix::fs::renameat_with(&parent, &beside, &parent, &name, flags) {
            Ok(()) if is_new => Ok(()),
            Ok(()) => {
                let old = read_at(&parent, &beside).map_err(failed)?;
                if old.as_deref() == expected {
                    return Ok(());
                }
                rustix::fs::renameat_with(&parent, &beside, &parent, &name, flags)
                    .map_err(refused)?;
                Err(NotReplaced::Changed)
            }
            Err(Errno::EXIST | Errno::NOENT) => Err(NotReplaced::Changed),
            // A file system without these ways of renaming.
            Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => {
                rustix::fs::renameat(&parent, &beside, &parent, &name).map_err(refused)
            }
            Err(errno) => Err(refused(errno)),
        }
    });
    // After an exchange this is the old file, after a failure the new one.
    let cleared = match rustix::fs::unlinkat(&parent, &beside, AtFlags::empty()) {
        Ok(()) | Err(Errno::NOENT) => Ok(()),
        Err(errno) => Err(refused(errno)),
    };
    moved.and(cleared)?;
    sync_directory(&parent).map_err(refused)
}

/// Returns the temporary name beside a name: the next run finds and replaces what a killed one left.
fn beside(name: &OsStr) -> OsString {
    let mut beside = OsString::from(".");
    beside.push(name);
    beside.push(".evenkeel-new");
    beside
}

fn write(parent: &OwnedFd, name: &OsStr, beside: &OsStr, content: &[u8]) -> Result<(), String> {
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file =
        rustix::fs::openat(parent, beside, flags, Mode::from_raw_mode(0o600)).map_err(why)?;
    let mut file = File::from(file);
    file.write_all(content).map_err(|error| why_io(&error))?;
    let old = rustix::fs::statat(parent, name, AtFlags::SYMLINK_NOFOLLOW).ok();
    let old = old.filter(|old| FileType::from_raw_mode(old.st_mode) == FileType::RegularFile);
    let mut mode = 0o644;
    if let Some(old) = old {
        mode = old.st_mode & 0o7777;
        let owners = (
            Some(Uid::from_raw(old.st_uid)),
            Some(Gid::from_raw(old.st_gid)),
        );
        rustix::fs::fchown(file.as_fd(), owners.0, owners.1).map_err(why)?;
    }
    rustix::fs::fchmod(file.as_fd(), Mode::from_raw_mode(mode)).map_err(why)?;
    file.sync_all().map_err(|error| why_io(&error))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    use super::{NotReplaced, read, replace};

    #[test]
    fn a_file_is_replaced_only_if_it_has_the_expected_content() {
        let directory = tempfile::tempdir().unwrap();
        let home = directory.path().canonicalize().unwrap();
        let path = home.join("a/table");
        assert_eq!(read(&path), Ok(None));
        replace(&path, None, Some(b"one")).unwrap();
        assert_eq!(
            replace(&path, None, Some(b"two")),
            Err(NotReplaced::Changed)
        );
        assert_eq!(
            replace(&path, Some(b"other"), Some(b"two")),
            Err(NotReplaced::Changed)
        );
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        replace(&path, Some(b"one"), Some(b"two")).unwrap();
        assert_eq!(read(&path), Ok(Some(b"two".to_vec())));
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o7777, 0o640);
        assert_eq!(fs::read_dir(home.join("a")).unwrap().count(), 1);
        assert_eq!(
            replace(&path, Some(b"one"), None),
            Err(NotReplaced::Changed)
        );
        replace(&path, Some(b"two"), None).unwrap();
        assert_eq!(read(&path), Ok(None));
    }

    #[test]
    fn a_link_is_neither_read_nor_replaced() {
        let directory = tempfile::tempdir().unwrap();
        let home = directory.path().canonicalize().unwrap();
        fs::write(home.join("real"), "real").unwrap();
        std::os::unix::fs::symlink("real", home.join("link")).unwrap();
        assert!(read(&home.join("link")).is_err());
        assert!(replace(&home.join("link"), Some(b"real"), Some(b"x")).is_err());
        assert_eq!(fs::read(home.join("real")).unwrap(), b"real");
    }
}
