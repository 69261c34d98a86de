//! The local part: reads an installation, `releases/<digest>/…` and the link `current` to one of them.
//!
//! A single file is installed as `releases/<digest>/<its name>`, a directory as `releases/<digest>` itself; `current`
//! points to that. [`super::install`] and [`super::uninstall`] change installations.

mod copy;
mod install;
pub mod keep;
mod prune;
mod uninstall;

use std::ffi::OsStr;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, Stat};
use rustix::io::Errno;

use rayon::iter::{IntoParallelRefIterator as _, ParallelIterator as _};

use super::{Answer, Query};
use crate::local::reason::why;
use crate::local::tree::{TreeError, digest_and_change_at};
use crate::local::{Found, Local, LocalTarget, Work, each, unreadable};
use crate::place::{self, Obstacle, open_beneath};
use crate::port::Outcome;
use crate::subsystem::Action;
use crate::subsystem::path::local::look;
use evenkeel_model::Digest;

impl Local for Query {
    fn observe(_: &LocalTarget, asked: &[(usize, &Self)], found: Found<'_>) {
        asked
            .par_iter()
            .for_each(|(number, query)| found(*number, observe(query)));
    }

    fn perform(work: &Work<'_>, actions: &[(usize, &Action)]) -> Vec<(usize, Outcome)> {
        each(actions, |action| match action {
            Action::Install(wanted) => Some(install::Install { wanted }.perform(work)),
            Action::Uninstall(wanted) => Some(uninstall::uninstall(wanted, work.interruption)),
            _ => None,
        })
    }
}

/// The target of `current`: `releases/<digest>`, or `releases/<digest>/<file name>` for a single file.
#[must_use]
pub fn current_target(artifact: &Digest, file_name: Option<&str>) -> String {
    match file_name {
        Some(name) => format!("releases/{}/{name}", artifact.hex()),
        None => format!("releases/{}", artifact.hex()),
    }
}

/// The parsed target of `current`.
pub(super) enum Pointer {
    /// `current` is missing.
    Nothing,
    /// A release.
    Release(Current),
    /// Something that no installation creates, in words.
    Foreign(String),
}

/// The current release.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Current {
    pub(super) digest: Digest,
    /// The file's name, if the artifact is one file.
    pub(super) file: Option<String>,
    /// The link as written.
    pub(super) link: String,
}

/// Reads `current`.
pub(super) fn pointer(into: impl AsFd) -> Result<Pointer, Errno> {
    let link = match rustix::fs::readlinkat(into, "current", Vec::new()) {
        Ok(link) => link.to_string_lossy().into_owned(),
        Err(Errno::NOENT) => return Ok(Pointer::Nothing),
        Err(Errno::INVAL) => {
            return Ok(Pointer::Foreign(
                "is not a link to a release: move it away".to_owned(),
            ));
        }
        Err(errno) => return Err(errno),
    };
    let parsed = link.strip_prefix("releases/").and_then(|rest| {
        let (hex, file) = rest
            .split_once('/')
            .map_or((rest, None), |(hex, file)| (hex, Some(file)));
        let plain = file.is_none_or(|file| {
            !file.is_empty() && !file.contains('/') && file != "." && file != ".."
        });
        let digest = release(hex).filter(|_| plain)?;
        Some((digest, file.map(str::to_owned)))
    });
    Ok(match parsed {
        Some((digest, file)) => Pointer::Release(Current { digest, file, link }),
        None => Pointer::Foreign(format!(
            "points to `{link}`, which is not a release of this installation: remove the link"
        )),
    })
}

/// Returns the digest in the name of a release.
pub(super) fn release(name: &str) -> Option<Digest> {
    (name.len() == 64).then(|| name.parse().ok()).flatten()
}

/// Opens `releases`; `None` when it is missing.
pub(super) fn open_releases(into: impl AsFd) -> Result<Option<OwnedFd>, Errno> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    match rustix::fs::openat(into, "releases", flags, Mode::empty()) {
        Ok(releases) => Ok(Some(releases)),
        Err(Errno::NOENT) => Ok(None),
        Err(errno) => Err(errno),
    }
}

/// Opens a directory in `releases`.
pub(super) fn open_inside(releases: impl AsFd, name: &str) -> Result<OwnedFd, Errno> {
    open_beneath(
        releases,
        Path::new(name),
        OFlags::RDONLY | OFlags::DIRECTORY,
        Mode::empty(),
    )
}

/// Returns the names in a directory, except for `.` and `..`.
pub(super) fn names(directory: impl AsFd) -> Result<Vec<(String, FileType)>, Errno> {
    let mut names = Vec::new();
    for entry in Dir::read_from(directory)? {
        let entry = entry?;
        let name = OsStr::from_bytes(entry.file_name().to_bytes())
            .to_string_lossy()
            .into_owned();
        if name != "." && name != ".." {
            names.push((name, entry.file_type()));
        }
    }
    Ok(names)
}

/// Returns the digest of a release's content and the time of its last change; `None` when it is missing or contains
/// something an artifact cannot contain.
pub(super) fn actual(
    releases: impl AsFd,
    digest: &Digest,
    file: Option<&str>,
    shown: &Path,
) -> Result<Option<(Digest, Option<Stat>)>, TreeError> {
    let hex = digest.hex();
    let shown = shown.join("releases").join(&hex);
    let tree = match file {
        None => digest_and_change_at(releases, OsStr::new(&hex), &shown),
        Some(file) => {
            let only = open_inside(releases, &hex)
                .and_then(|directory| Ok((names(&directory)?, directory)));
            match only {
                Ok((names, directory)) if names.len() == 1 => {
                    digest_and_change_at(&directory, OsStr::new(file), &shown.join(file))
                }
                Ok(_) | Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => return Ok(None),
                Err(errno) => Err(TreeError::Unreadable {
                    path: shown,
                    reason: why(errno),
                }),
            }
        }
    };
    match tree {
        Ok((tree, changed)) => Ok(Some((tree.digest, changed))),
        Err(
            TreeError::Missing { .. }
            | TreeError::Refused { .. }
            | TreeError::Link { .. }
            | TreeError::Excessive { .. },
        ) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Returns a release in `releases` with exactly this digest; `None` if there is none, or its content changed.
pub(super) fn held(
    releases: impl AsFd,
    digest: &Digest,
    shown: &Path,
) -> Result<Option<Held>, TreeError> {
    let releases = releases.as_fd();
    // The only file of a directory may be an artifact itself, or a directory of one file.
    let only = open_inside(releases, &digest.hex())
        .and_then(names)
        .ok()
        .filter(|names| names.len() == 1)
        .and_then(|mut names| names.pop())
        .map(|(name, _)| name);
    for file in only.iter().map(|name| Some(&**name)).chain([None]) {
        let actual = actual(releases, digest, file, shown)?;
        if actual.is_some_and(|(actual, _)| actual == *digest) {
            return Ok(Some(Held {
                file: file.map(str::to_owned),
            }));
        }
    }
    Ok(None)
}

/// A kept release with unchanged content.
pub(super) struct Held {
    /// The file's name, if the artifact is one file.
    pub(super) file: Option<String>,
}

fn observe(query: &Query) -> crate::Answer {
    let into = Path::new(&query.into);
    let opened = place::split(into).and_then(|_| place::open_directory(into));
    let directory = match opened {
        Ok(directory) => directory,
        Err(Obstacle::Missing(_)) => return nothing(Vec::new()).into(),
        Err(obstacle) => return unreadable(obstacle.to_string()),
    };
    read_installation(&directory, into, &query.artifact).map_or_else(unreadable, Into::into)
}

fn read_installation(directory: &OwnedFd, into: &Path, wanted: &Digest) -> Result<Answer, String> {
    let refused = |name: &str| {
        let shown = into.join(name);
        move |errno: Errno| format!("`{}`: {}", shown.display(), why(errno))
    };
    let releases = open_releases(directory).map_err(refused("releases"))?;
    let mut kept: Vec<Digest> = match &releases {
        Some(releases) => names(releases)
            .map_err(refused("releases"))?
            .iter()
            .filter_map(|(name, _)| release(name))
            .collect(),
        None => Vec::new(),
    };
    kept.sort();
    // The current release is read below anyway, and others are read only if they are wanted.
    let is_held = || match &releases {
        Some(releases) if kept.contains(wanted) => held(releases, wanted, into)
            .map(|held| held.is_some())
            .map_err(|error| error.to_string()),
        _ => Ok(false),
    };
    let current = match pointer(directory).map_err(refused("current"))? {
        Pointer::Nothing => {
            let held = is_held()?;
            return Ok(Answer {
                held,
                ..nothing(kept)
            });
        }
        Pointer::Foreign(words) => {
            return Err(format!("`{}` {words}", into.join("current").display()));
        }
        Pointer::Release(current) => current,
    };
    let status = rustix::fs::statat(directory, "current", AtFlags::SYMLINK_NOFOLLOW)
        .map_err(refused("current"))?;
    let actual = match &releases {
        Some(releases) => actual(releases, &current.digest, current.file.as_deref(), into)
            .map_err(|error| error.to_string())?,
        None => None,
    };
    // A file that was exchanged and restored has its old content and a change time later than the link's.
    let (actual, inside) = actual.unzip();
    let held = if current.digest == *wanted {
        actual == Some(*wanted)
    } else {
        is_held()?
    };
    Ok(Answer {
        current: Some(current.digest),
        actual,
        releases: kept,
        held,
        changed: inside
            .flatten()
            .map(|inside| look::changed(&inside))
            .max(Some(look::changed(&status))),
    })
}

fn nothing(releases: Vec<Digest>) -> Answer {
    Answer {
        current: None,
        actual: None,
        releases,
        held: false,
        changed: None,
    }
}
