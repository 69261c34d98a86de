//! The wire types of paths.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::wire::mirror::{Mirror, mirror};
use evenkeel_model::{Digest, Moment};

mirror! {
    /// Asks for the state of a path.
    Query = super::Query { path: String, text_unless: Option<Digest>, sealed: bool }
    /// The state of a path.
    Answer = super::Answer { standing: PathState, text: Option<String>, changed: Option<Moment> }
    /// An owner or a group.
    Account = super::Account { id: u32, name: Option<Arc<str>> }
    /// Creates or changes a directory.
    Directory = super::Directory {
        path: String,
        mode: u32,
        owner: Option<String>,
        group: Option<String>,
        expected: PathState,
    }
    /// Places a file.
    File = super::File {
        path: String,
        content: Digest,
        sealed: bool,
        mode: u32,
        owner: Option<String>,
        group: Option<String>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        validate: Vec<String>,
        expected: PathState,
    }
    /// Places a link.
    Link = super::Link { path: String, to: String, expected: PathState }
    /// Removes a file, a link or an empty directory.
    Remove = super::Remove { path: String, sealed: bool, expected: PathState }
}

/// The state of a path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
#[allow(missing_docs, reason = "the fields are those of the live type")]
pub enum PathState {
    /// The path does not exist.
    Missing,
    /// A regular file.
    File {
        digest: Digest,
        mode: u32,
        owner: Account,
        group: Account,
    },
    /// A directory.
    Directory {
        mode: u32,
        owner: Account,
        group: Account,
    },
    /// A symbolic link.
    Link { to: String },
    /// A socket, a pipe, a device.
    Other { what: String },
    /// A state of a newer version.
    #[serde(other)]
    Unknown,
}

impl Mirror<super::PathState> for PathState {
    fn from_live(live: super::PathState) -> Self {
        match live {
            super::PathState::Missing => Self::Missing,
            super::PathState::File {
                digest,
                mode,
                owner,
                group,
            } => Self::File {
                digest,
                mode,
                owner: Mirror::from_live(owner),
                group: Mirror::from_live(group),
            },
            super::PathState::Directory { mode, owner, group } => Self::Directory {
                mode,
                owner: Mirror::from_live(owner),
                group: Mirror::from_live(group),
            },
            super::PathState::Link { to } => Self::Link { to },
            super::PathState::Other { what } => Self::Other { what },
        }
    }

    fn into_live(self) -> super::PathState {
        match self {
            Self::Missing => super::PathState::Missing,
            Self::File {
                digest,
                mode,
                owner,
                group,
            } => super::PathState::File {
                digest,
                mode,
                owner: owner.into_live(),
                group: group.into_live(),
            },
            Self::Directory { mode, owner, group } => super::PathState::Directory {
                mode,
                owner: owner.into_live(),
                group: group.into_live(),
            },
            Self::Link { to } => super::PathState::Link { to },
            Self::Other { what } => super::PathState::Other { what },
            // It matches nothing that is declared or expected.
            Self::Unknown => super::PathState::Other {
                what: "a type that this version does not know".to_owned(),
            },
        }
    }
}
