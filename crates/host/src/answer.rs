//! Answers: what a target says it saw.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::action::Text;
use evenkeel_model::{Digest, Moment};

/// The answer to one question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "kebab-case")]
pub enum Answer {
    /// What stands at a path.
    Path {
        /// What it is.
        standing: PathState,
        /// The text of a file, if it was asked for and is text.
        text: Option<String>,
        /// When its content or metadata last changed, by the target's own account (`ctime`).
        changed: Option<Moment>,
    },
    /// The names in a directory, sorted; `None` when there is no such directory.
    Entries {
        /// The entries.
        entries: Option<Vec<Entry>>,
    },
    /// An installation.
    Installation {
        /// What `current` points to: the digest in its name.
        current: Option<Digest>,
        /// The tree digest of what is really there; differs from `current` when somebody changed it.
        actual: Option<Digest>,
        /// All releases that are kept, by the digests in their names, sorted.
        releases: Vec<Digest>,
        /// When `current` was last switched.
        changed: Option<Moment>,
    },
    /// A process.
    Process {
        /// Whether it runs, and as what.
        state: ProcessState,
    },
    /// It could not be seen. Never the same as "nothing is there".
    Unreadable {
        /// Why, for people.
        reason: String,
    },
}

/// What stands at a path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub enum PathState {
    /// Nothing.
    Missing,
    /// A regular file.
    File {
        /// The digest of its content; sealed if the query said so.
        digest: Digest,
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
    /// A symbolic link.
    Link {
        /// Where it points, as written in it.
        to: String,
    },
    /// A socket, a pipe, a device.
    Other {
        /// In words: `a socket`.
        what: String,
    },
}

impl PathState {
    /// In words: `a file`, `nothing`.
    #[must_use]
    pub fn words(&self) -> &str {
        match self {
            Self::Missing => "nothing",
            Self::File { .. } => "a file",
            Self::Directory { .. } => "a directory",
            Self::Link { .. } => "a symbolic link",
            Self::Other { what } => what,
        }
    }
}

/// An owner or a group: always a number, and a name where the target knows one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// The number.
    pub id: u32,
    /// The name.
    pub name: Option<Arc<str>>,
}

impl Account {
    /// Whether a definition's word (a name or a number) means this owner.
    #[must_use]
    pub fn is(&self, word: &str) -> bool {
        self.name.as_deref() == Some(word) || word.parse() == Ok(self.id)
    }

    /// Name and number: what was seen of it, and not only what it is called.
    #[must_use]
    pub fn exactly(&self) -> String {
        match &self.name {
            Some(name) => format!("{name} ({})", self.id),
            None => self.id.to_string(),
        }
    }
}

impl std::fmt::Display for Account {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.name {
            Some(name) => formatter.write_str(name),
            None => write!(formatter, "{}", self.id),
        }
    }
}

/// An entry of a directory.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Entry {
    /// Its name; bytes that are not UTF-8 are replaced.
    pub name: String,
    /// What it is.
    pub kind: EntryKind,
}

/// What an entry of a directory is.
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

/// Whether a process runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum ProcessState {
    /// There is no record of it.
    Missing,
    /// There is a record, and the process in it runs no more.
    Ended {
        /// What it had been started as.
        started_as: BTreeMap<String, Text>,
    },
    /// It runs.
    Running {
        /// Its process number.
        pid: u32,
        /// Its start time in the kernel's ticks since boot: with the number and the boot it names one process only.
        ticks: u64,
        /// Whether it answers its readiness check; `None` if none was asked.
        ready: Option<bool>,
        /// What it was started as: attribute by attribute.
        started_as: BTreeMap<String, Text>,
        /// When it was started.
        since: Moment,
    },
}
