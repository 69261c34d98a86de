//! Opens paths without following symbolic links.
//!
//! The parent directory is opened once; everything else happens relative to that descriptor, so a directory cannot be
//! replaced by a link in between. Callers decide what to do with the opened path.

use std::ffi::OsStr;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Component, Path, PathBuf};

use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, ResolveFlags};
use rustix::io::Errno;

use super::Obstacle;
use crate::local::reason::why;

/// Flags for a directory that is only passed through: this needs no read permission.
const THROUGH: OFlags = OFlags::PATH.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);

/// Opens a directory to reach its entries.
pub(crate) fn open_directory(path: &Path) -> Result<OwnedFd, Obstacle> {
    let resolve = ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
    match rustix::fs::openat2(CWD, path, THROUGH, Mode::empty(), resolve) {
        Ok(directory) => Ok(directory),
        // Older kernels lack the call and some sandboxes forbid it. After any other failure, the slow path finds the
        // component that caused it.
        Err(_) => open_stepwise(path),
    }
}

/// Opens a directory component by component.
pub(crate) fn open_stepwise(path: &Path) -> Result<OwnedFd, Obstacle> {
    let mut reached = PathBuf::from("/");
    let mut directory = rustix::fs::openat(CWD, "/", THROUGH, Mode::empty())
        .map_err(|errno| Obstacle::Refused(reached.clone(), why(errno)))?;
    for component in path.components() {
        let Component::Normal(name) = component else {
            continue;
        };
        reached.push(name);
        directory = step_into(&directory, name, &reached)?;
    }
    Ok(directory)
}

fn step_into(directory: &OwnedFd, name: &OsStr, reached: &Path) -> Result<OwnedFd, Obstacle> {
    match rustix::fs::openat(directory, name, THROUGH | OFlags::NOFOLLOW, Mode::empty()) {
        Ok(next) => Ok(next),
        Err(Errno::NOENT) => Err(Obstacle::Missing(reached.into())),
        Err(Errno::NOTDIR | Errno::LOOP) => Err(if is_link(directory, name) {
            Obstacle::Link(reached.into())
        } else {
            Obstacle::Missing(reached.into())
        }),
        Err(errno) => Err(Obstacle::Refused(reached.into(), why(errno))),
    }
}

/// Creates the missing directories of a path with this mode, each durably.
pub(crate) fn make_directories(path: &Path, mode: u32) -> Result<(), Obstacle> {
    let mut reached = PathBuf::from("/");
    let mut directory = open_stepwise(&reached)?;
    for component in path.components() {
        let Component::Normal(name) = component else {
            continue;
        };
        reached.push(name);
        directory = match step_into(&directory, name, &reached) {
            Err(Obstacle::Missing(_)) => {
                match rustix::fs::mkdirat(&directory, name, Mode::from_raw_mode(mode)) {
                    Ok(()) => settle(&directory, name, mode)
                        .map_err(|errno| Obstacle::Refused(reached.clone(), why(errno)))?,
                    Err(Errno::EXIST) => {}
                    Err(errno) => return Err(Obstacle::Refused(reached, why(errno))),
                }
                step_into(&directory, name, &reached)?
            }
            other => other?,
        };
    }
    Ok(())
}

/// Sets the mode of a new directory regardless of the umask, and makes its name durable.
fn settle(parent: &OwnedFd, name: &OsStr, mode: u32) -> Result<(), Errno> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let made = rustix::fs::openat(parent, name, flags, Mode::empty())?;
    rustix::fs::fchmod(made, Mode::from_raw_mode(mode))?;
    sync(parent)
}

/// Makes the entries of a directory durable. Reopens it, because an `O_PATH` descriptor cannot be synced.
fn sync(directory: &OwnedFd) -> Result<(), Errno> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    rustix::fs::fsync(rustix::fs::openat(directory, ".", flags, Mode::empty())?)
}

fn is_link(directory: impl AsFd, name: &OsStr) -> bool {
    rustix::fs::statat(directory, name, AtFlags::SYMLINK_NOFOLLOW)
        .is_ok_and(|status| FileType::from_raw_mode(status.st_mode) == FileType::Symlink)
}

/// Opens a path below an open directory; follows no link and never leaves the directory.
pub(crate) fn open_beneath(
    directory: impl AsFd,
    path: &Path,
    flags: OFlags,
    mode: Mode,
) -> Result<OwnedFd, Errno> {
    let flags = flags | OFlags::CLOEXEC | OFlags::NOFOLLOW;
    let resolve = ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS | ResolveFlags::BENEATH;
    match rustix::fs::openat2(directory.as_fd(), path, flags, mode, resolve) {
        Err(Errno::NOSYS | Errno::PERM | Errno::AGAIN) => {}
        answer => return answer,
    }
    let mut held: Option<OwnedFd> = None;
    if let Some(parent) = path.parent() {
        for component in parent.components() {
            let Component::Normal(name) = component else {
                return Err(Errno::XDEV);
            };
            let from = held.as_ref().map_or(directory.as_fd(), AsFd::as_fd);
            held = Some(rustix::fs::openat(
                from,
                name,
                THROUGH | OFlags::NOFOLLOW,
                Mode::empty(),
            )?);
        }
    }
    let name = path.file_name().ok_or(Errno::XDEV)?;
    let from = held.as_ref().map_or(directory.as_fd(), AsFd::as_fd);
    rustix::fs::openat(from, name, flags, mode)
}

/// Reopens a directory from [`open_directory`] to list or sync it.
pub(crate) fn reopen(directory: impl AsFd) -> Result<OwnedFd, Errno> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    rustix::fs::openat(directory, ".", flags, Mode::empty())
}

#[cfg(test)]
mod tests {
    use super::{Obstacle, open_directory, open_stepwise};

    #[test]
    fn both_paths_name_the_component_that_is_a_link() {
        let home = tempfile::tempdir().unwrap();
        let real = home.path().canonicalize().unwrap();
        std::fs::create_dir_all(real.join("there/deep")).unwrap();
        std::os::unix::fs::symlink("there", real.join("link")).unwrap();
        for open in [open_directory, open_stepwise] {
            assert!(open(&real.join("there/deep")).is_ok());
            assert_eq!(
                open(&real.join("link/deep")).unwrap_err(),
                Obstacle::Link(real.join("link"))
            );
            assert_eq!(
                open(&real.join("none/deep")).unwrap_err(),
                Obstacle::Missing(real.join("none"))
            );
        }
    }
}
