//! Lines: one line, one block of lines or one key inside a file that others own.
//!
//! `edit` selects and changes lines and is pure, `key` reads a line of `authorized_keys`; both are the same for every
//! target. All other bytes of the file stay.

#[cfg(any(feature = "local", feature = "testing"))]
mod edit;
pub mod key;
#[cfg(feature = "local")]
mod local;
#[cfg(feature = "testing")]
mod recorded;
pub mod wire;

use serde::{Deserialize, Serialize};

use super::{Seals, Subject};
use evenkeel_model::Digest;

/// Asks for lines of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Query {
    /// The file.
    pub file: Place,
    /// The lines.
    pub wanted: Wanted,
}

/// A file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// The file at this path.
    Path(String),
    /// The file `.ssh/authorized_keys` in the home directory of this user.
    KeysOf(String),
}

/// Lines, as they should be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Wanted {
    /// One line.
    Line {
        /// The line, without its end.
        text: Option<String>,
        /// A regular expression of the lines that it replaces.
        matching: Option<String>,
    },
    /// A block of lines between two marker lines.
    Block {
        /// The marker before it.
        begin: String,
        /// The marker after it.
        end: String,
        /// The lines.
        lines: Vec<String>,
    },
    /// A line of `authorized_keys`: the lines with its key.
    Key {
        /// The whole line.
        line: String,
    },
}

/// Lines of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// The lines, or why there are none.
    pub state: LinesState,
}

/// The state of lines in a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub enum LinesState {
    /// There is no such user.
    NoUser,
    /// There is no such file.
    NoFile,
    /// The file exists.
    Seen {
        /// The selected lines, in order.
        found: Vec<FoundLine>,
    },
}

/// A selected line, or block of lines.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoundLine {
    /// Its number, from 1.
    pub number: u32,
    /// The digest of its text.
    pub digest: Digest,
    /// Whether it is as it should be.
    pub is_wanted: bool,
    /// Its text, if it is short and UTF-8.
    pub text: Option<String>,
}

impl LinesState {
    /// Returns the selected lines.
    #[must_use]
    pub fn found(&self) -> &[FoundLine] {
        match self {
            Self::Seen { found } => found,
            Self::NoUser | Self::NoFile => &[],
        }
    }

    /// Returns the state without numbers and texts: other lines may move, and a plan contains no text of a file.
    #[must_use]
    pub fn bare(&self) -> Self {
        match self {
            Self::Seen { found } => Self::Seen {
                found: found
                    .iter()
                    .map(|line| FoundLine {
                        number: 0,
                        text: None,
                        ..line.clone()
                    })
                    .collect(),
            },
            other => other.clone(),
        }
    }

    /// Returns whether both have the same lines. A file or its user without the lines may be created by an earlier step.
    #[cfg(any(feature = "local", feature = "testing"))]
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.bare().found() == other.bare().found()
    }

    /// Describes the state in a few words.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::NoUser => "no user".to_owned(),
            Self::NoFile => "no file".to_owned(),
            Self::Seen { found } if found.is_empty() => "no such line".to_owned(),
            Self::Seen { found } => {
                let digests: Vec<String> = found.iter().map(|line| line.digest.short()).collect();
                format!("{} ({})", lines(found.len()), digests.join(", "))
            }
        }
    }

    /// Returns the numbers of the lines between which a single line cannot be chosen; `None` if that is clear.
    #[must_use]
    pub fn ambiguous(&self) -> Option<Vec<u32>> {
        let found = self.found();
        (found.len() > 1 && found.iter().any(|line| !line.is_wanted))
            .then(|| found.iter().map(|line| line.number).collect())
    }
}

fn lines(number: usize) -> String {
    evenkeel_model::text::count(number, "line")
}

/// Checks a regular expression.
///
/// # Errors
///
/// What is wrong with it.
pub fn check_pattern(pattern: &str) -> Result<(), String> {
    regex_lite::Regex::new(pattern)
        .map(drop)
        .map_err(|error| error.to_string())
}

/// Puts lines into a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetLines {
    /// The file.
    pub file: Place,
    /// The lines.
    pub wanted: Wanted,
    /// New lines go after the last line that matches this regular expression.
    pub after: Option<String>,
    /// New lines go before the first line that matches this regular expression.
    pub before: Option<String>,
    /// Whether several matching lines become one.
    pub all: bool,
    /// Whether a missing file is created.
    pub create: bool,
    /// A program that checks the new content, with [`crate::path::PLACEHOLDER`] for its path.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub validate: Vec<String>,
    /// The expected state, [bare](LinesState::bare).
    pub expected: LinesState,
}

/// Removes lines from a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DropLines {
    /// The file.
    pub file: Place,
    /// The lines.
    pub wanted: Wanted,
    /// Whether several matching lines are removed.
    pub all: bool,
    /// A program that checks the new content, with [`crate::path::PLACEHOLDER`] for its path.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub validate: Vec<String>,
    /// The expected state, [bare](LinesState::bare).
    pub expected: LinesState,
}

impl Subject for Place {
    fn subject(&self) -> &str {
        match self {
            Self::Path(path) => path,
            Self::KeysOf(user) => user,
        }
    }
}

impl Subject for Query {
    fn subject(&self) -> &str {
        self.file.subject()
    }
}

impl Subject for SetLines {
    fn subject(&self) -> &str {
        self.file.subject()
    }
}

impl Subject for DropLines {
    fn subject(&self) -> &str {
        self.file.subject()
    }
}

impl Seals for Answer {}

impl Seals for SetLines {}

impl Seals for DropLines {}
