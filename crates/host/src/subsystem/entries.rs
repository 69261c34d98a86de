//! Entries: the names in a directory.

use serde::{Deserialize, Serialize};

use super::{Seals, Subject};

/// Asks for the names in a directory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Query {
    /// The directory.
    pub path: String,
}

/// The names in a directory, sorted; `None` when the directory is missing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// The entries.
    pub entries: Option<Vec<Entry>>,
}

/// An entry of a directory.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Entry {
    /// The name; bytes that are not UTF-8 are replaced.
    pub name: String,
    /// The type.
    pub kind: EntryKind,
}

/// The type of a directory entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EntryKind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link.
    Link,
    /// Anything else.
    Other,
}

impl Subject for Query {
    fn subject(&self) -> &str {
        &self.path
    }
}

impl Seals for Answer {}

pub mod wire {
    //! The wire's types.

    use serde::{Deserialize, Serialize};

    use crate::wire::mirror::{Mirror, mirror};

    mirror! {
        /// The names in a directory.
        Query = super::Query { path: String }
        /// The names in a directory.
        Answer = super::Answer { entries: Option<Vec<Entry>> }
        /// An entry of a directory.
        Entry = super::Entry { name: String, kind: EntryKind }
    }

    /// The type of a directory entry.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
    #[serde(rename_all = "kebab-case")]
    pub enum EntryKind {
        /// A regular file.
        File,
        /// A directory.
        Directory,
        /// A symbolic link.
        Link,
        /// Anything else, including types of newer versions.
        #[serde(other)]
        Other,
    }

    impl Mirror<super::EntryKind> for EntryKind {
        fn from_live(live: super::EntryKind) -> Self {
            match live {
                super::EntryKind::File => Self::File,
                super::EntryKind::Directory => Self::Directory,
                super::EntryKind::Link => Self::Link,
                super::EntryKind::Other => Self::Other,
            }
        }

        fn into_live(self) -> super::EntryKind {
            match self {
                Self::File => super::EntryKind::File,
                Self::Directory => super::EntryKind::Directory,
                Self::Link => super::EntryKind::Link,
                Self::Other => super::EntryKind::Other,
            }
        }
    }
}

#[cfg(feature = "local")]
mod here {
    //! The local part.

    use std::ffi::OsStr;
    use std::os::fd::OwnedFd;
    use std::os::unix::ffi::OsStrExt as _;
    use std::path::Path;

    use rayon::iter::{IntoParallelRefIterator as _, ParallelIterator as _};
    use rustix::fs::{AtFlags, Dir, FileType};
    use rustix::io::Errno;

    use super::{Answer, Entry, EntryKind, Query};
    use crate::local::reason::why;
    use crate::local::{Found, Local, LocalTarget, unreadable};
    use crate::place::{self, Obstacle};

    impl Local for Query {
        fn observe(_: &LocalTarget, asked: &[(usize, &Self)], found: Found<'_>) {
            asked
                .par_iter()
                .for_each(|(number, query)| found(*number, entries(Path::new(&query.path))));
        }
    }

    fn entries(path: &Path) -> crate::Answer {
        let opened = place::split(path).and_then(|_| place::open_directory(path));
        let directory = match opened {
            Ok(directory) => directory,
            Err(Obstacle::Missing(_)) => return Answer { entries: None }.into(),
            Err(obstacle) => return unreadable(obstacle.to_string()),
        };
        match list(&directory) {
            Ok(entries) => Answer {
                entries: Some(entries),
            }
            .into(),
            Err(errno) => unreadable(format!("`{}`: {}", path.display(), why(errno))),
        }
    }

    fn list(directory: &OwnedFd) -> Result<Vec<Entry>, Errno> {
        let mut entries = Vec::new();
        for entry in Dir::read_from(place::reopen(directory)?)? {
            let entry = entry?;
            let name = OsStr::from_bytes(entry.file_name().to_bytes());
            if name == "." || name == ".." {
                continue;
            }
            let mut kind = entry.file_type();
            if kind == FileType::Unknown
                && let Ok(status) = rustix::fs::statat(directory, name, AtFlags::SYMLINK_NOFOLLOW)
            {
                kind = FileType::from_raw_mode(status.st_mode);
            }
            entries.push(Entry {
                name: name.to_string_lossy().into_owned(),
                kind: match kind {
                    FileType::RegularFile => EntryKind::File,
                    FileType::Directory => EntryKind::Directory,
                    FileType::Symlink => EntryKind::Link,
                    _ => EntryKind::Other,
                },
            });
        }
        entries.sort();
        Ok(entries)
    }
}

#[cfg(feature = "testing")]
mod recorded {
    //! The part of a target in memory.

    use super::{Answer, Query};
    use crate::PathState;
    use crate::place::Obstacle;
    use crate::recorded::{Recorded, RecordedHost, unreadable};
    use evenkeel_model::Sealer;

    impl Recorded for Query {
        fn answer(&self, host: &RecordedHost, _: &Sealer) -> crate::Answer {
            match host.standing(&self.path, None) {
                Ok(PathState::Directory { .. }) => Answer {
                    entries: Some(host.names(&self.path)),
                }
                .into(),
                Ok(PathState::Link { .. }) => {
                    unreadable(Obstacle::Link(self.path.as_str().into()).to_string())
                }
                Ok(_) => Answer { entries: None }.into(),
                Err(reason) => unreadable(reason),
            }
        }
    }
}
