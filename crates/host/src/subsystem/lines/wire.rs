//! The wire types of lines.

use serde::{Deserialize, Serialize};

use crate::wire::mirror::{Mirror, mirror};
use evenkeel_model::Digest;

mirror! {
    /// Asks for lines.
    Query = super::Query { file: Place, wanted: Wanted }
    /// Lines.
    Answer = super::Answer { state: LinesState }
    /// A selected line.
    FoundLine = super::FoundLine { number: u32, digest: Digest, is_wanted: bool, text: Option<String> }
    /// Puts lines into a file.
    SetLines = super::SetLines {
        file: Place,
        wanted: Wanted,
        after: Option<String>,
        before: Option<String>,
        all: bool,
        create: bool,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        validate: Vec<String>,
        expected: LinesState,
    }
    /// Removes lines from a file.
    DropLines = super::DropLines {
        file: Place,
        wanted: Wanted,
        all: bool,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        validate: Vec<String>,
        expected: LinesState,
    }
}

/// A file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// A path.
    Path(String),
    /// The keys of a user.
    KeysOf(String),
}

/// Lines, as they should be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs, reason = "the fields are those of the live type")]
pub enum Wanted {
    /// One line.
    Line {
        text: Option<String>,
        matching: Option<String>,
    },
    /// A block.
    Block {
        begin: String,
        end: String,
        lines: Vec<String>,
    },
    /// A key.
    Key { line: String },
}

/// The state of lines.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
#[allow(missing_docs, reason = "the fields are those of the live type")]
pub enum LinesState {
    /// No user.
    NoUser,
    /// No file.
    NoFile,
    /// Lines.
    Seen { found: Vec<FoundLine> },
}

impl Mirror<super::Place> for Place {
    fn from_live(live: super::Place) -> Self {
        match live {
            super::Place::Path(path) => Self::Path(path),
            super::Place::KeysOf(user) => Self::KeysOf(user),
        }
    }

    fn into_live(self) -> super::Place {
        match self {
            Self::Path(path) => super::Place::Path(path),
            Self::KeysOf(user) => super::Place::KeysOf(user),
        }
    }
}

impl Mirror<super::Wanted> for Wanted {
    fn from_live(live: super::Wanted) -> Self {
        match live {
            super::Wanted::Line { text, matching } => Self::Line { text, matching },
            super::Wanted::Block { begin, end, lines } => Self::Block { begin, end, lines },
            super::Wanted::Key { line } => Self::Key { line },
        }
    }

    fn into_live(self) -> super::Wanted {
        match self {
            Self::Line { text, matching } => super::Wanted::Line { text, matching },
            Self::Block { begin, end, lines } => super::Wanted::Block { begin, end, lines },
            Self::Key { line } => super::Wanted::Key { line },
        }
    }
}

impl Mirror<super::LinesState> for LinesState {
    fn from_live(live: super::LinesState) -> Self {
        match live {
            super::LinesState::NoUser => Self::NoUser,
            super::LinesState::NoFile => Self::NoFile,
            super::LinesState::Seen { found } => Self::Seen {
                found: Mirror::from_live(found),
            },
        }
    }

    fn into_live(self) -> super::LinesState {
        match self {
            Self::NoUser => super::LinesState::NoUser,
            Self::NoFile => super::LinesState::NoFile,
            Self::Seen { found } => super::LinesState::Seen {
                found: found.into_live(),
            },
        }
    }
}
