//! The messages: what evenkeel sends, and what the agent sends.

use serde::{Deserialize, Serialize};

use crate::port;
use evenkeel_model::Digest;

pub use crate::subsystem::wire::{Action, Answer, Query};

/// Who speaks, and in which version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// The version of the protocol.
    pub protocol: u32,
    /// The version of the program, for people.
    pub version: String,
}

impl Hello {
    /// This side's.
    #[must_use]
    pub fn ours() -> Self {
        Self {
            protocol: super::PROTOCOL,
            version: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }
}

/// What evenkeel sends.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Request {
    /// First of all.
    Hello(Hello),
    /// The key that seals this target's secrets, in 64 hexadecimal digits. It has no `Debug`, and is sent once.
    Key {
        /// The key.
        key: String,
    },
    /// Questions; the agent replies with [`Reply::Answers`], in one or several frames.
    Observe {
        /// The questions, at most [`super::limit::QUERIES`].
        queries: Vec<Query>,
    },
    /// Actions, which do not depend on each other; the agent asks for materials and then replies with
    /// [`Reply::Outcomes`].
    Perform {
        /// The actions, at most [`super::limit::ACTIONS`].
        actions: Vec<Action>,
    },
    /// Ends what is being performed after the step in progress.
    Interrupt,
    /// A content that was asked for follows as raw bytes.
    Content {
        /// How many bytes.
        size: u64,
    },
    /// An artifact that was asked for follows: entries, then [`Request::ArtifactEnd`].
    Artifact {
        /// Whether it is a single file: then there is one entry.
        single: bool,
    },
    /// An entry of an artifact. The bytes of a file follow as raw bytes.
    Entry {
        /// Its path in the artifact.
        path: String,
        /// `None` for a directory.
        file: Option<ArtifactFile>,
    },
    /// The artifact is complete.
    ArtifactEnd,
    /// There is no such material.
    Missing,
    /// The end.
    Bye,
}

/// A file of an artifact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArtifactFile {
    /// Whether it may be executed.
    pub executable: bool,
    /// How many bytes it has.
    pub size: u64,
}

/// What the agent sends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reply {
    /// The reply to a hello.
    Hello(Hello),
    /// Answers, in the order of the questions.
    Answers {
        /// The next answers.
        answers: Vec<Answer>,
        /// Whether others follow.
        more: bool,
    },
    /// The content with this digest is needed.
    WantContent {
        /// The digest, as an action carries it.
        digest: Digest,
    },
    /// The artifact with this digest is needed.
    WantArtifact {
        /// The tree digest.
        digest: Digest,
    },
    /// What came of the actions, in their order, in one or several frames.
    Outcomes {
        /// The next outcomes.
        outcomes: Vec<Outcome>,
        /// Whether others follow.
        more: bool,
    },
    /// The conversation is over because of this; nothing follows.
    Failed {
        /// Why, for people.
        reason: String,
    },
    /// The reply to a bye.
    Bye,
}

/// What came of one action.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub enum Outcome {
    /// It was performed.
    Done {
        /// What a person may want to know.
        note: Option<String>,
    },
    /// Something else was there than was expected; nothing was changed.
    Changed {
        /// Where.
        path: String,
        /// What was expected.
        expected: String,
        /// What was found.
        found: String,
    },
    /// It was tried and failed.
    Failed {
        /// What was tried.
        operation: String,
        /// On what.
        path: String,
        /// Why.
        reason: String,
    },
    /// The work was interrupted before this action began.
    Interrupted,
    /// An outcome of a newer version.
    #[serde(other)]
    Unknown,
}

impl Outcome {
    /// The wire's form.
    #[must_use]
    pub fn from_live(outcome: Result<port::Performed, port::ActionError>) -> Self {
        match outcome {
            Ok(port::Performed { note }) => Self::Done { note },
            Err(port::ActionError::Changed {
                path,
                expected,
                found,
            }) => Self::Changed {
                path,
                expected,
                found,
            },
            Err(port::ActionError::Failed {
                operation,
                path,
                reason,
            }) => Self::Failed {
                operation,
                path,
                reason,
            },
            Err(port::ActionError::Interrupted) => Self::Interrupted,
        }
    }

    /// The live form; `subject` is what the action is about.
    ///
    /// # Errors
    ///
    /// When the action was not performed.
    pub fn into_live(self, subject: &str) -> Result<port::Performed, port::ActionError> {
        Err(match self {
            Self::Done { note } => return Ok(port::Performed { note }),
            Self::Changed {
                path,
                expected,
                found,
            } => port::ActionError::Changed {
                path,
                expected,
                found,
            },
            Self::Failed {
                operation,
                path,
                reason,
            } => port::ActionError::Failed {
                operation,
                path,
                reason,
            },
            Self::Interrupted => port::ActionError::Interrupted,
            Self::Unknown => port::ActionError::Failed {
                operation: "perform".to_owned(),
                path: subject.to_owned(),
                reason: "the agent replied with an outcome that this version does not know: install the same version of both".to_owned(),
            },
        })
    }
}
