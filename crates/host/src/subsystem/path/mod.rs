//! Paths: files, directories and symbolic links.
//!
//! A [`PathState`] is the state of a path; an action carries the one it expects. `compare` compares states, `local` is
//! the local part.

#[cfg(any(feature = "local", feature = "testing"))]
mod compare;
#[cfg(feature = "local")]
pub(crate) mod local;
#[cfg(feature = "testing")]
mod recorded;
pub mod wire;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Seals, Subject};
use evenkeel_model::{Digest, Moment};

/// Asks for the state of a path (a link is reported, not followed).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Query {
    /// The path.
    pub path: String,
    /// Requests the text of a regular file (up to 64 KiB, UTF-8 only) when its digest is not this one.
    pub text_unless: Option<Digest>,
    /// Whether the file contains a secret: its digest is sealed with the target's key and its text never returned.
    pub sealed: bool,
}

/// The state of a path and the text of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// The state.
    pub standing: PathState,
    /// The text of a file, if requested and valid.
    pub text: Option<String>,
    /// The time of the last change of content or metadata, by the target's clock (`ctime`).
    pub changed: Option<Moment>,
}

/// The state of a path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub enum PathState {
    /// The path does not exist.
    Missing,
    /// A regular file.
    File {
        /// The digest of its content; sealed if the query requested that.
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
        /// The target of the link, as written.
        to: String,
    },
    /// A socket, a pipe, a device.
    Other {
        /// The type in words: `a socket`.
        what: String,
    },
}

impl PathState {
    /// Describes the type: `a file`, `nothing`.
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

/// An owner or a group: a number, with a name where the target knows one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// The number.
    pub id: u32,
    /// The name.
    pub name: Option<Arc<str>>,
}

impl Account {
    /// Returns whether a definition's word (a name or a number) means this owner.
    #[must_use]
    pub fn is(&self, word: &str) -> bool {
        self.name.as_deref() == Some(word) || word.parse() == Ok(self.id)
    }

    /// Formats number and name.
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

/// Creates a directory, or changes its mode and owners. Missing parents are created.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Directory {
    /// The path.
    pub path: String,
    /// Permission bits.
    pub mode: u32,
    /// Owner by name or number; unchanged when `None`.
    pub owner: Option<String>,
    /// Group by name or number.
    pub group: Option<String>,
    /// The expected state.
    pub expected: PathState,
}

/// Places a file: writes a new file beside it, makes it durable, then renames it over the old one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct File {
    /// The path.
    pub path: String,
    /// The digest of its content, sealed or plain, by which the materials find the bytes.
    pub content: Digest,
    /// Whether `content` (and the digest in `expected`) is sealed.
    pub sealed: bool,
    /// Permission bits.
    pub mode: u32,
    /// Owner by name or number.
    pub owner: Option<String>,
    /// Group by name or number.
    pub group: Option<String>,
    /// A program that checks the new file before it is in place, with [`PLACEHOLDER`] for its path.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub validate: Vec<String>,
    /// The expected state.
    pub expected: PathState,
}

/// The place of the new file's path in the arguments of the program that checks it.
pub const PLACEHOLDER: &str = "{}";

/// Places a symbolic link by renaming a new one over the old.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// The path.
    pub path: String,
    /// The target of the link.
    pub to: String,
    /// The expected state.
    pub expected: PathState,
}

/// Removes a file, a link, or an empty directory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remove {
    /// The path.
    pub path: String,
    /// Whether the digest in `expected` is sealed.
    pub sealed: bool,
    /// The expected state.
    pub expected: PathState,
}

impl Subject for Query {
    fn subject(&self) -> &str {
        &self.path
    }
}

impl Subject for Directory {
    fn subject(&self) -> &str {
        &self.path
    }
}

impl Subject for File {
    fn subject(&self) -> &str {
        &self.path
    }
}

impl Subject for Link {
    fn subject(&self) -> &str {
        &self.path
    }
}

impl Subject for Remove {
    fn subject(&self) -> &str {
        &self.path
    }
}

impl Seals for PathState {
    fn seals(&mut self, change: &mut dyn FnMut(&mut Digest)) {
        if let Self::File { digest, .. } = self {
            change(digest);
        }
    }
}

impl Seals for Answer {
    fn seals(&mut self, change: &mut dyn FnMut(&mut Digest)) {
        self.standing.seals(change);
    }
}

impl Seals for Directory {
    fn seals(&mut self, change: &mut dyn FnMut(&mut Digest)) {
        self.expected.seals(change);
    }
}

impl Seals for File {
    fn seals(&mut self, change: &mut dyn FnMut(&mut Digest)) {
        change(&mut self.content);
        self.expected.seals(change);
    }
}

impl Seals for Link {
    fn seals(&mut self, change: &mut dyn FnMut(&mut Digest)) {
        self.expected.seals(change);
    }
}

impl Seals for Remove {
    fn seals(&mut self, change: &mut dyn FnMut(&mut Digest)) {
        self.expected.seals(change);
    }
}

/// An action of this subsystem.
#[cfg(any(feature = "local", feature = "testing"))]
#[derive(Clone, Copy)]
pub(crate) enum Placement<'a> {
    /// Create or change a directory.
    Directory(&'a Directory),
    /// Place a file.
    File(&'a File),
    /// Place a link.
    Link(&'a Link),
    /// Remove a path.
    Remove(&'a Remove),
}

#[cfg(any(feature = "local", feature = "testing"))]
impl<'a> Placement<'a> {
    /// Returns the action as one of this subsystem; `None` when it belongs to another.
    pub(crate) fn of(action: &'a super::Action) -> Option<Self> {
        match action {
            super::Action::Directory(action) => Some(Self::Directory(action)),
            super::Action::File(action) => Some(Self::File(action)),
            super::Action::Link(action) => Some(Self::Link(action)),
            super::Action::Remove(action) => Some(Self::Remove(action)),
            _ => None,
        }
    }

    /// Returns the path.
    pub(crate) fn path(&self) -> &'a str {
        match self {
            Self::Directory(action) => &action.path,
            Self::File(action) => &action.path,
            Self::Link(action) => &action.path,
            Self::Remove(action) => &action.path,
        }
    }

    /// Returns the expected state.
    pub(crate) fn expected(&self) -> &'a PathState {
        match self {
            Self::Directory(action) => &action.expected,
            Self::File(action) => &action.expected,
            Self::Link(action) => &action.expected,
            Self::Remove(action) => &action.expected,
        }
    }

    /// Returns whether its digests are sealed.
    pub(crate) fn sealed(&self) -> bool {
        match self {
            Self::File(action) => action.sealed,
            Self::Remove(action) => action.sealed,
            Self::Directory(_) | Self::Link(_) => false,
        }
    }
}
