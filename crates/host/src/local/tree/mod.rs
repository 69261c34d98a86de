//! Artifacts on disk: one digest for a file, or for a directory with everything in it.
//!
//! The digest covers names, contents and the executable bit; not owners, times and other permission bits, which say
//! where something was built and not what it is. An artifact has no links, no devices and no names that are not
//! UTF-8: such a tree is refused, and nothing of it is followed. Copying trees is left to the local target.

pub(crate) mod digest;
pub(crate) mod survey;

use std::ffi::OsStr;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, Mode, OFlags, Stat};

use crate::local::reason::why;
use evenkeel_model::Digest;

pub(crate) use survey::{Item, ItemKind, Survey};

/// An artifact's digest and size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TreeDigest {
    /// The digest of all names, contents and executable bits.
    pub digest: Digest,
    /// How many files there are.
    pub files: u64,
    /// How many bytes they hold together.
    pub bytes: u64,
}

/// Why an artifact has no digest.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TreeError {
    /// Nothing is there.
    #[error("there is no artifact at `{}`: build it first", .path.display())]
    Missing {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// It holds something an artifact must not hold.
    #[error("`{}` is {what}: an artifact holds regular files and directories only", .path.display())]
    Refused {
        /// Where that is.
        path: PathBuf,
        /// What it is: `a symbolic link`.
        what: &'static str,
    },
    /// It goes beyond a limit.
    #[error("`{}` has {what}", .path.display())]
    Excessive {
        /// Where the limit was reached.
        path: PathBuf,
        /// Which limit.
        what: &'static str,
    },
    /// It was written to at the same time.
    #[error("`{}` changed while it was read: wait until its build is over, then run this again", .path.display())]
    Changed {
        /// What changed.
        path: PathBuf,
    },
    /// It could not be read.
    #[error("cannot read `{}`: {reason}", .path.display())]
    Unreadable {
        /// What could not be read.
        path: PathBuf,
        /// Why.
        reason: String,
    },
}

/// Digests the artifact at `path`.
///
/// Its parent directories are the caller's own and may be reached by links; the artifact itself may not be one.
///
/// # Errors
///
/// When it is missing, unreadable, changes meanwhile, or holds what no artifact may hold.
pub fn tree_digest(path: &Path) -> Result<TreeDigest, TreeError> {
    let (parent, name) = open_parent(path)?;
    Survey::of(&parent, &name, path)?.digest()
}

/// Opens the directory an artifact is in.
pub(crate) fn open_parent(
    path: &Path,
) -> Result<(impl AsFd + Sync, std::ffi::OsString), TreeError> {
    let (Some(name), Some(parent)) = (path.file_name(), path.parent()) else {
        return Err(TreeError::Refused {
            path: path.into(),
            what: "not a path that ends in a name",
        });
    };
    let parent = if parent == Path::new("") {
        Path::new(".")
    } else {
        parent
    };
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let opened = rustix::fs::openat(CWD, parent, flags, Mode::empty())
        .map_err(|errno| unreadable(path, errno))?;
    Ok((opened, name.to_owned()))
}

/// Digests what stands under a name in an open directory; `shown` is its path for messages.
pub(crate) fn digest_at(
    parent: impl AsFd,
    name: &OsStr,
    shown: &Path,
) -> Result<TreeDigest, TreeError> {
    Survey::of(parent, name, shown)?.digest()
}

/// As [`digest_at`], with the status of whatever in it changed last.
pub(crate) fn digest_and_change_at(
    parent: impl AsFd,
    name: &OsStr,
    shown: &Path,
) -> Result<(TreeDigest, Option<Stat>), TreeError> {
    let survey = Survey::of(parent, name, shown)?;
    Ok((survey.digest()?, survey.newest()))
}

/// The error for what the kernel said of a path.
fn unreadable(path: &Path, errno: rustix::io::Errno) -> TreeError {
    match errno {
        rustix::io::Errno::NOENT | rustix::io::Errno::NOTDIR => {
            TreeError::Missing { path: path.into() }
        }
        errno => TreeError::Unreadable {
            path: path.into(),
            reason: why(errno),
        },
    }
}
