//! The state of a target in memory, and the answers about it.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use crate::entries::{Entry, EntryKind};
use crate::group::Group;
use crate::user::User;
use crate::{Account, PathState, Running, Text, place};
use evenkeel_model::{Digest, Moment, Sealer};

/// The whole state, public so that tests can change it outside evenkeel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedHost {
    /// Files, directories and links by path.
    pub things: BTreeMap<String, (Thing, Moment)>,
    /// Installations by their directory.
    pub installations: BTreeMap<String, Installed>,
    /// Processes by their record file.
    pub processes: BTreeMap<String, Process>,
    /// Users by name. The members of `groups` say which groups each is in.
    pub users: BTreeMap<String, User>,
    /// Groups by name.
    pub groups: BTreeMap<String, Group>,
    /// Values of other subsystems, by class and name.
    pub others: BTreeMap<(String, String), String>,
    /// The number of events so far: the clock, and the source of process numbers.
    pub ticks: u64,
}

/// A file, a directory or a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Thing {
    /// A file.
    File {
        /// Its content.
        bytes: Arc<[u8]>,
        /// Permission bits.
        mode: u32,
        /// Owner.
        owner: Account,
        /// Group.
        group: Account,
    },
    /// A directory.
    Directory {
        /// Permission bits.
        mode: u32,
        /// Owner.
        owner: Account,
        /// Group.
        group: Account,
    },
    /// A link.
    Link {
        /// The target of the link.
        to: String,
    },
}

/// An installation.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Installed {
    /// The current release.
    pub current: Option<Digest>,
    /// All releases by name, each with the digest of its content and its time of arrival.
    pub releases: BTreeMap<Digest, (Digest, u64)>,
    /// The time of the last switch.
    pub changed: Option<Moment>,
}

/// A process that has a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    /// The process number and start time.
    pub running: Running,
    /// Whether it still runs.
    pub alive: bool,
    /// Whether its readiness check succeeds.
    pub ready: bool,
    /// The attributes it was started with.
    pub started_as: BTreeMap<String, Text>,
}

/// The owner of everything without an explicit owner.
pub(crate) fn root() -> Account {
    Account {
        id: 0,
        name: Some("root".into()),
    }
}

impl Default for RecordedHost {
    fn default() -> Self {
        let mut world = Self {
            things: BTreeMap::new(),
            installations: BTreeMap::new(),
            processes: BTreeMap::new(),
            users: BTreeMap::new(),
            groups: BTreeMap::new(),
            others: BTreeMap::new(),
            ticks: 0,
        };
        world.put_directory("/", 0o755);
        world
    }
}

impl RecordedHost {
    /// Adds a directory owned by root.
    pub fn put_directory(&mut self, path: &str, mode: u32) {
        let (owner, group) = (root(), root());
        self.put(path, Thing::Directory { mode, owner, group });
    }

    /// Adds a file owned by root.
    pub fn put_file(&mut self, path: &str, bytes: &[u8], mode: u32) {
        let (owner, group) = (root(), root());
        let bytes = bytes.into();
        self.put(
            path,
            Thing::File {
                bytes,
                mode,
                owner,
                group,
            },
        );
    }

    /// Adds anything.
    pub fn put(&mut self, path: &str, thing: Thing) {
        let now = self.now();
        self.things.insert(path.to_owned(), (thing, now));
    }

    /// Returns the next moment.
    pub(crate) fn now(&mut self) -> Moment {
        self.ticks += 1;
        Moment::from_millisecond(1_767_225_600_000 + i64::try_from(self.ticks).unwrap_or(0) * 1000)
    }

    /// Returns the bytes of a file; `None` if nothing is there. The error is the reason why it is unreadable.
    pub(crate) fn content(&self, path: &str) -> Result<Option<Vec<u8>>, String> {
        match (self.standing(path, None)?, self.things.get(path)) {
            (PathState::Missing, _) => Ok(None),
            (_, Some((Thing::File { bytes, .. }, _))) => Ok(Some(bytes.to_vec())),
            (PathState::Link { .. }, _) => Err("it is a symbolic link".to_owned()),
            _ => Err("it is not a regular file".to_owned()),
        }
    }

    /// Returns the state of a path; the error is the reason why it is unreadable.
    pub(crate) fn standing(&self, path: &str, seal: Option<&Sealer>) -> Result<PathState, String> {
        if let Err(obstacle) = place::split(Path::new(path)) {
            return Err(obstacle.to_string());
        }
        for parent in Path::new(path).ancestors().skip(1) {
            match self.things.get(&*parent.to_string_lossy()) {
                Some((Thing::Link { .. }, _)) => {
                    return Err(place::Obstacle::Link(parent.into()).to_string());
                }
                Some((Thing::Directory { .. }, _)) => {}
                _ => return Ok(PathState::Missing),
            }
        }
        Ok(match self.things.get(path) {
            None => PathState::Missing,
            Some((Thing::Link { to }, _)) => PathState::Link { to: to.clone() },
            Some((Thing::Directory { mode, owner, group }, _)) => PathState::Directory {
                mode: *mode,
                owner: owner.clone(),
                group: group.clone(),
            },
            Some((
                Thing::File {
                    bytes,
                    mode,
                    owner,
                    group,
                },
                _,
            )) => PathState::File {
                digest: seal.map_or_else(|| Digest::of(bytes), |sealer| sealer.seal(bytes)),
                mode: *mode,
                owner: owner.clone(),
                group: group.clone(),
            },
        })
    }

    /// Returns the names directly in a directory.
    pub(crate) fn names(&self, path: &str) -> Vec<Entry> {
        let mut entries: Vec<Entry> = self
            .things
            .iter()
            .filter(|(each, _)| *each != "/" && Path::new(each).parent() == Some(Path::new(path)))
            .filter_map(|(each, (thing, _))| {
                Some(Entry {
                    name: Path::new(each).file_name()?.to_string_lossy().into_owned(),
                    kind: match thing {
                        Thing::File { .. } => EntryKind::File,
                        Thing::Directory { .. } => EntryKind::Directory,
                        Thing::Link { .. } => EntryKind::Link,
                    },
                })
            })
            .collect();
        if let Some(installed) = self.installations.get(path) {
            let parts = [
                ("current", EntryKind::Link, installed.current.is_some()),
                ("releases", EntryKind::Directory, true),
            ];
            entries.extend(
                parts
                    .into_iter()
                    .filter(|part| part.2)
                    .map(|(name, kind, _)| Entry {
                        name: name.to_owned(),
                        kind,
                    }),
            );
        }
        entries.sort();
        entries
    }
}
