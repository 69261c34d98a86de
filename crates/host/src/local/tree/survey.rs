//! The entries of an artifact, sorted, with the status that detects changes.
//!
//! Walks relative to open directories and follows no link. A link is an entry; [`super::links`] decides which ones an
//! artifact may contain. Contents are read by the digest and by the copy.

use std::ffi::OsStr;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, Stat};
use rustix::io::Errno;

use super::links::{self, Leads};
use super::write::read_link;
use super::{TreeError, unreadable};
use crate::local::content::Fingerprint;
use crate::place::open_beneath;

/// The deepest nesting of directories.
const DEEPEST: usize = 128;
/// The largest number of entries.
const MOST: usize = 1_000_000;

/// An artifact as found, still open.
pub(crate) struct Survey {
    /// The directory itself; for a single file, its parent directory.
    pub(crate) root: OwnedFd,
    /// Whether the artifact is a single file; then there is one item.
    pub(crate) single: bool,
    /// All entries, sorted by path.
    pub(crate) items: Vec<Item>,
    /// The path for messages.
    pub(crate) shown: PathBuf,
    /// The status of the directory, if the artifact is one.
    status: Option<Stat>,
}

/// One file, directory or link in an artifact.
pub(crate) struct Item {
    /// The path relative to the root.
    pub(crate) path: String,
    /// The type.
    pub(crate) kind: ItemKind,
    /// The target, if it is a link.
    pub(crate) to: Option<Box<str>>,
    /// The status when it was found.
    pub(crate) status: Stat,
}

/// The type of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ItemKind {
    /// A directory.
    Directory,
    /// A regular file.
    File {
        /// Whether any execute bit is set.
        executable: bool,
    },
    /// A symbolic link.
    Link,
}

impl Survey {
    /// Surveys the entry `name` in an open directory.
    pub(crate) fn of(parent: impl AsFd, name: &OsStr, shown: &Path) -> Result<Self, TreeError> {
        let status = rustix::fs::statat(&parent, name, AtFlags::SYMLINK_NOFOLLOW)
            .map_err(|errno| unreadable(shown, errno))?;
        match kind_of(&status, shown)? {
            ItemKind::Link => Err(TreeError::Refused {
                path: shown.into(),
                what: "a symbolic link",
            }),
            kind @ ItemKind::File { .. } => {
                let path = text(name, shown)?;
                let root = crate::place::reopen(&parent)
                    .or_else(|_| rustix::io::dup(&parent))
                    .map_err(|errno| unreadable(shown, errno))?;
                Ok(Self {
                    root,
                    single: true,
                    items: vec![Item {
                        path,
                        kind,
                        to: None,
                        status,
                    }],
                    shown: shown.into(),
                    status: None,
                })
            }
            ItemKind::Directory => {
                let root =
                    open_directory(&parent, name).map_err(|errno| unreadable(shown, errno))?;
                let mut items = Vec::new();
                walk(&root, "", shown, 0, &mut items)?;
                items.sort_unstable_by(|one, other| one.path.cmp(&other.path));
                check_links(&items, shown)?;
                Ok(Self {
                    root,
                    single: false,
                    items,
                    shown: shown.into(),
                    status: Some(status),
                })
            }
        }
    }

    /// Returns the path of an item for messages.
    pub(crate) fn shown(&self, item: &Item) -> PathBuf {
        if self.single {
            self.shown.clone()
        } else {
            self.shown.join(&item.path)
        }
    }

    /// Opens a file of the artifact for reading.
    pub(crate) fn open(&self, item: &Item) -> Result<OwnedFd, TreeError> {
        let flags = OFlags::RDONLY | OFlags::NONBLOCK;
        open_beneath(&self.root, Path::new(&item.path), flags, Mode::empty()).map_err(|errno| {
            match errno {
                // It existed a moment ago.
                Errno::NOENT | Errno::NOTDIR | Errno::LOOP => TreeError::Changed {
                    path: self.shown(item),
                },
                errno => unreadable(&self.shown(item), errno),
            }
        })
    }

    /// Returns the status of the entry that changed last, including the root directory.
    pub(crate) fn newest(&self) -> Option<Stat> {
        let items = self.items.iter().map(|item| &item.status);
        items
            .chain(&self.status)
            .max_by_key(|status| (status.st_ctime, status.st_ctime_nsec))
            .copied()
    }

    /// Checks that no name was added or removed since.
    pub(crate) fn verify_names(&self) -> Result<(), TreeError> {
        let changed = |path: PathBuf| TreeError::Changed { path };
        if let Some(before) = &self.status {
            let now =
                rustix::fs::fstat(&self.root).map_err(|errno| unreadable(&self.shown, errno))?;
            if Fingerprint::of(&now) != Fingerprint::of(before) {
                return Err(changed(self.shown.clone()));
            }
        }
        for item in self
            .items
            .iter()
            .filter(|each| each.kind == ItemKind::Directory)
        {
            let now = rustix::fs::statat(&self.root, item.path.as_str(), AtFlags::SYMLINK_NOFOLLOW)
                .map_err(|_| changed(self.shown(item)))?;
            if Fingerprint::of(&now) != Fingerprint::of(&item.status) {
                return Err(changed(self.shown(item)));
            }
        }
        Ok(())
    }
}

fn open_directory(parent: impl AsFd, name: &OsStr) -> Result<OwnedFd, Errno> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    rustix::fs::openat(parent, name, flags, Mode::empty())
}

fn walk(
    directory: &OwnedFd,
    prefix: &str,
    shown: &Path,
    depth: usize,
    items: &mut Vec<Item>,
) -> Result<(), TreeError> {
    if depth > DEEPEST {
        return Err(TreeError::Excessive {
            path: shown.into(),
            what: "nested more than 128 directories deep",
        });
    }
    for entry in Dir::read_from(directory).map_err(|errno| unreadable(shown, errno))? {
        let entry = entry.map_err(|errno| unreadable(shown, errno))?;
        let name = OsStr::from_bytes(entry.file_name().to_bytes());
        if name == "." || name == ".." {
            continue;
        }
        let here = shown.join(name);
        let path = format!("{prefix}{}", text(name, &here)?);
        let status =
            rustix::fs::statat(directory, name, AtFlags::SYMLINK_NOFOLLOW).map_err(|errno| {
                match errno {
                    Errno::NOENT => TreeError::Changed { path: here.clone() },
                    errno => unreadable(&here, errno),
                }
            })?;
        let kind = kind_of(&status, &here)?;
        if items.len() >= MOST {
            return Err(TreeError::Excessive {
                path: here,
                what: "more than a million files before it",
            });
        }
        let to = match kind {
            ItemKind::Link => Some(target(directory, name, &here)?),
            ItemKind::Directory | ItemKind::File { .. } => None,
        };
        let below = (kind == ItemKind::Directory).then(|| format!("{path}/"));
        items.push(Item {
            path,
            kind,
            to,
            status,
        });
        if let Some(below) = below {
            let inner =
                open_directory(directory, name).map_err(|errno| unreadable(&here, errno))?;
            walk(&inner, &below, &here, depth + 1, items)?;
        }
    }
    Ok(())
}

/// Reads a link. One that was replaced meanwhile changes its directory, which is verified after the read.
fn target(directory: &OwnedFd, name: &OsStr, shown: &Path) -> Result<Box<str>, TreeError> {
    let target = read_link(directory, name).map_err(|errno| match errno {
        Errno::NOENT | Errno::INVAL => TreeError::Changed { path: shown.into() },
        errno => unreadable(shown, errno),
    })?;
    let target = String::from_utf8(target).map_err(|_| TreeError::Refused {
        path: shown.into(),
        what: "a link to a name that is not UTF-8",
    })?;
    Ok(target.into())
}

/// Checks every link against the other entries, which are sorted.
fn check_links(items: &[Item], shown: &Path) -> Result<(), TreeError> {
    let find = |path: &str| {
        let found = items.binary_search_by(|item| item.path.as_str().cmp(path));
        let item = items.get(found.ok()?)?;
        Some(match (item.kind, &item.to) {
            (ItemKind::Link, Some(to)) => Leads::Link(to),
            (ItemKind::Directory, _) => Leads::Directory,
            _ => Leads::File,
        })
    };
    for item in items {
        let Some(to) = &item.to else { continue };
        links::check(&item.path, to, &find).map_err(|fault| TreeError::Link {
            path: shown.join(&item.path),
            to: to.to_string(),
            fault,
        })?;
    }
    Ok(())
}

fn text(name: &OsStr, shown: &Path) -> Result<String, TreeError> {
    name.to_str()
        .map(str::to_owned)
        .ok_or_else(|| TreeError::Refused {
            path: shown.into(),
            what: "a name that is not UTF-8",
        })
}

fn kind_of(status: &Stat, shown: &Path) -> Result<ItemKind, TreeError> {
    let what = match FileType::from_raw_mode(status.st_mode) {
        FileType::RegularFile => {
            let executable = status.st_mode & 0o111 != 0;
            return Ok(ItemKind::File { executable });
        }
        FileType::Directory => return Ok(ItemKind::Directory),
        FileType::Symlink => return Ok(ItemKind::Link),
        FileType::Socket => "a socket",
        FileType::Fifo => "a pipe",
        FileType::CharacterDevice | FileType::BlockDevice => "a device",
        FileType::Unknown => "of an unknown kind",
    };
    Err(TreeError::Refused {
        path: shown.into(),
        what,
    })
}
