//! Artifacts on disk: one digest for a file, or for a directory with its contents.
//!
//! The digest covers names, contents, the executable bit and the targets of links. It excludes owners, times and other
//! permission bits, which depend on where the artifact was built. A link leads to something in the artifact. An artifact
//! has no other links, no devices and no names that are not UTF-8: such a tree is rejected, and no link is followed.
//! Copying trees is left to the local target.

pub(crate) mod digest;
pub mod links;
pub mod near;
pub(crate) mod survey;
pub(crate) mod write;

use std::ffi::OsStr;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, Mode, OFlags, Stat};

use crate::local::reason::why;
use evenkeel_model::Digest;
use evenkeel_model::text::inert;

use self::links::LinkFault;
pub(crate) use survey::{Item, ItemKind, Survey};

/// An artifact's digest and size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TreeDigest {
    /// The digest of all names, contents and executable bits.
    pub digest: Digest,
    /// The number of files.
    pub files: u64,
    /// Their total size in bytes.
    pub bytes: u64,
}

/// The reason why an artifact has no digest.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TreeError {
    /// The artifact is missing.
    #[error("no artifact at `{}`: build it first", .path.display())]
    Missing {
        /// The expected path.
        path: PathBuf,
    },
    /// The artifact contains something other than files, directories and links among them.
    #[error("`{}` is {what}: artifacts contain only regular files, directories and links among them", .path.display())]
    Refused {
        /// The path of the entry.
        path: PathBuf,
        /// The type, such as `a symbolic link`.
        what: &'static str,
    },
    /// A link leads elsewhere.
    #[error("`{}` is a symbolic link to `{}`, {fault}: artifacts contain only links to their own files", .path.display(), inert(.to))]
    Link {
        /// The path of the link.
        path: PathBuf,
        /// Its target.
        to: String,
        /// The reason.
        fault: LinkFault,
    },
    /// A limit was exceeded.
    #[error("`{}` has {what}", .path.display())]
    Excessive {
        /// The path at which the limit was exceeded.
        path: PathBuf,
        /// The limit.
        what: &'static str,
    },
    /// The artifact was written to during the read.
    #[error("`{}` changed while it was read: wait until its build is done, then run this again", .path.display())]
    Changed {
        /// The path that changed.
        path: PathBuf,
    },
    /// The artifact could not be read.
    #[error("cannot read `{}`: {reason}", .path.display())]
    Unreadable {
        /// The path that could not be read.
        path: PathBuf,
        /// The reason.
        reason: String,
    },
}

/// Digests the artifact at `path`.
///
/// Its parent directories may be reached through links; the artifact itself must not be a link.
///
/// # Errors
///
/// When it is missing, unreadable, changes during the read, or contains something an artifact must not contain.
pub fn tree_digest(path: &Path) -> Result<TreeDigest, TreeError> {
    let (parent, name) = open_parent(path)?;
    Survey::of(&parent, &name, path)?.digest()
}

/// Opens the directory that contains an artifact.
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

/// Digests the entry with a name in an open directory; `shown` is its path for messages.
pub(crate) fn digest_at(
    parent: impl AsFd,
    name: &OsStr,
    shown: &Path,
) -> Result<TreeDigest, TreeError> {
    Survey::of(parent, name, shown)?.digest()
}

/// Digests like [`digest_at`]; also returns the status of the entry that changed last.
pub(crate) fn digest_and_change_at(
    parent: impl AsFd,
    name: &OsStr,
    shown: &Path,
) -> Result<(TreeDigest, Option<Stat>), TreeError> {
    let survey = Survey::of(parent, name, shown)?;
    Ok((survey.digest()?, survey.newest()))
}

/// Converts a kernel error at a path.
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
