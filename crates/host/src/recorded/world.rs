//! What is where in a target in memory, and what can be seen of it.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use crate::entries::{Entry, EntryKind};
use crate::{Account, PathState, Running, Text, place};
use evenkeel_model::{Digest, Moment, Sealer};

/// Everything there is: public, so that a test can do by hand whatever a person could.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedHost {
    /// Files, directories and links by path.
    pub things: BTreeMap<String, (Thing, Moment)>,
    /// Installations by their directory.
    pub installations: BTreeMap<String, Installed>,
    /// Processes by their record file.
    pub processes: BTreeMap<String, Process>,
    /// What other subsystems keep, by class and name.
    pub others: BTreeMap<(String, String), String>,
    /// How much has happened: the clock, and the source of process numbers.
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
        /// Where it points.
        to: String,
    },
}

/// An installation.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Installed {
    /// The release that is current.
    pub current: Option<Digest>,
    /// All releases by name, each with the digest of what is really in it and when it came.
    pub releases: BTreeMap<Digest, (Digest, u64)>,
    /// When it was last switched.
    pub changed: Option<Moment>,
}

/// A process that has a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    /// Which process it is.
    pub running: Running,
    /// Whether it still runs.
    pub alive: bool,
    /// Whether it answers when it is asked.
    pub ready: bool,
    /// What it was started as.
    pub started_as: BTreeMap<String, Text>,
}

/// The owner of everything that nobody gave away.
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
            others: BTreeMap::new(),
            ticks: 0,
        };
        world.put_directory("/", 0o755);
        world
    }
}

impl RecordedHost {
    /// Puts a directory somewhere, owned by root.
    pub fn put_directory(&mut self, path: &str, mode: u32) {
        let (owner, group) = (root(), root());
        self.put(path, Thing::Directory { mode, owner, group });
    }

    /// Puts a file somewhere, owned by root.
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

    /// Puts anything anywhere.
    pub fn put(&mut self, path: &str, thing: Thing) {
        let now = self.now();
        self.things.insert(path.to_owned(), (thing, now));
    }

    /// The next moment.
    pub(crate) fn now(&mut self) -> Moment {
        self.ticks += 1;
        Moment::from_millisecond(1_767_225_600_000 + i64::try_from(self.ticks).unwrap_or(0) * 1000)
    }

    /// What stands at a path; the error is the reason why it cannot be seen.
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

    /// The names directly in a directory.
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
