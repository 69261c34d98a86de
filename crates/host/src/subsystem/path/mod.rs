//! Paths: files, directories and symbolic links.
//!
//! What stands at a path is a [`PathState`]; an action carries the one it expects to find. Comparing is in `compare`,
//! this machine's part in `local`.

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

/// What stands at a path itself (a link is reported, not followed).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Query {
    /// The path.
    pub path: String,
    /// Text of a regular file is wanted (up to 64 KiB, UTF-8 only) when its digest is not this one.
    pub text_unless: Option<Digest>,
    /// The file's digest is to be sealed with the target's key, and its text never given: it holds a secret.
    pub sealed: bool,
}

/// What stands at a path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// What it is.
    pub standing: PathState,
    /// The text of a file, if it was asked for and is text.
    pub text: Option<String>,
    /// When its content or metadata last changed, by the target's own account (`ctime`).
    pub changed: Option<Moment>,
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

/// Makes a directory, or gives one the right mode and owners. Directories above it are made if they are missing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Directory {
    /// The path.
    pub path: String,
    /// Permission bits.
    pub mode: u32,
    /// Owner by name or number; as it comes when `None`.
    pub owner: Option<String>,
    /// Group by name or number.
    pub group: Option<String>,
    /// What must stand there now.
    pub expected: PathState,
}

/// Puts a file in place: a new file beside it, made durable, then renamed over it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct File {
    /// The path.
    pub path: String,
    /// The digest of its content, sealed or plain, under which the materials know the bytes.
    pub content: Digest,
    /// Whether `content` (and the digest in `expected`) is sealed.
    pub sealed: bool,
    /// Permission bits.
    pub mode: u32,
    /// Owner by name or number.
    pub owner: Option<String>,
    /// Group by name or number.
    pub group: Option<String>,
    /// What must stand there now.
    pub expected: PathState,
}

/// Puts a symbolic link in place, by renaming a new one over it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// The path.
    pub path: String,
    /// What the link says.
    pub to: String,
    /// What must stand there now.
    pub expected: PathState,
}

/// Removes what stands at a path: a file, a link, or an empty directory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remove {
    /// The path.
    pub path: String,
    /// Whether the digest in `expected` is sealed.
    pub sealed: bool,
    /// What must stand there now.
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
    /// Make or adjust a directory.
    Directory(&'a Directory),
    /// Put a file in place.
    File(&'a File),
    /// Put a link in place.
    Link(&'a Link),
    /// Remove what stands there.
    Remove(&'a Remove),
}

#[cfg(any(feature = "local", feature = "testing"))]
impl<'a> Placement<'a> {
    /// The action as one of this subsystem; `None` when it belongs to another.
    pub(crate) fn of(action: &'a super::Action) -> Option<Self> {
        match action {
            super::Action::Directory(action) => Some(Self::Directory(action)),
            super::Action::File(action) => Some(Self::File(action)),
            super::Action::Link(action) => Some(Self::Link(action)),
            super::Action::Remove(action) => Some(Self::Remove(action)),
            _ => None,
        }
    }

    /// Where it happens.
    pub(crate) fn path(&self) -> &'a str {
        match self {
            Self::Directory(action) => &action.path,
            Self::File(action) => &action.path,
            Self::Link(action) => &action.path,
            Self::Remove(action) => &action.path,
        }
    }

    /// What must stand there now.
    pub(crate) fn expected(&self) -> &'a PathState {
        match self {
            Self::Directory(action) => &action.expected,
            Self::File(action) => &action.expected,
            Self::Link(action) => &action.expected,
            Self::Remove(action) => &action.expected,
        }
    }

    /// Whether its digests are sealed.
    pub(crate) fn sealed(&self) -> bool {
        match self {
            Self::File(action) => action.sealed,
            Self::Remove(action) => action.sealed,
            Self::Directory(_) | Self::Link(_) => false,
        }
    }
}
