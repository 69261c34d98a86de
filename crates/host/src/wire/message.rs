//! The messages of evenkeel and of the agent.

use serde::{Deserialize, Serialize};

use crate::port;
use evenkeel_model::Digest;

pub use crate::subsystem::wire::{Action, Answer, Query};

/// The program and its versions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// The version of the protocol.
    pub protocol: u32,
    /// The version of the program, for people.
    pub version: String,
    /// From evenkeel: the name of a residence, if it wants to find an agent there later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stay: Option<String>,
    /// From the agent: where it is found after this conversation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub residence: Option<Residence>,
}

/// A socket of the host at which an agent answers later conversations.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Residence {
    /// The path, at most [`super::limit::SOCKET`] bytes.
    pub path: String,
    /// Whether an agent of an earlier conversation answers there.
    pub lives: bool,
}

impl Hello {
    /// Returns this side's hello.
    #[must_use]
    pub fn ours() -> Self {
        Self {
            protocol: super::PROTOCOL,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            stay: None,
            residence: None,
        }
    }
}

/// A message from evenkeel.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Request {
    /// The first message.
    Hello(Hello),
    /// The key that seals this target's secrets, in 64 hexadecimal digits. It has no `Debug` and is sent once.
    Key {
        /// The key.
        key: String,
    },
    /// Questions; the agent replies with [`Reply::Answers`] in one or several frames.
    Observe {
        /// The questions, at most [`super::limit::QUERIES`].
        queries: Vec<Query>,
    },
    /// Actions, which are independent of each other; the agent requests materials and then replies with
    /// [`Reply::Outcomes`].
    Perform {
        /// The actions, at most [`super::limit::ACTIONS`].
        actions: Vec<Action>,
    },
    /// Ends the work after the current step.
    Interrupt,
    /// A requested content follows as raw bytes.
    Content {
        /// The number of bytes.
        size: u64,
    },
    /// This content and all after it are not sent now, since there is no more room: request them again.
    Later,
    /// This content is large, and the host has an older version of the file: request its parts.
    InParts,
    /// A new version in parts of an older one follows: [`Request::Take`] and [`Request::Fresh`] up to its size.
    Recipe {
        /// The number of bytes.
        size: u64,
    },
    /// The next part is a run of the older version's chunks.
    Take {
        /// The number of the first chunk.
        first: u32,
        /// The number of chunks.
        count: u32,
    },
    /// The next part follows as raw bytes.
    Fresh {
        /// The number of bytes.
        size: u64,
    },
    /// A requested artifact follows: entries, then [`Request::ArtifactEnd`].
    Artifact {
        /// Whether it is a single file; then there is one entry.
        single: bool,
    },
    /// An entry of an artifact. The bytes of a file follow as raw bytes, unless its digest is named instead.
    Entry {
        /// The path in the artifact.
        path: String,
        /// `None` for a directory or a link.
        file: Option<ArtifactFile>,
        /// The target of a link.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        link: Option<String>,
    },
    /// The artifact, or the list of requested files of it, is complete.
    ArtifactEnd,
    /// The material does not exist.
    Missing,
    /// The end of the conversation.
    Bye,
}

/// A file of an artifact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArtifactFile {
    /// Whether it is executable.
    pub executable: bool,
    /// The size in bytes.
    pub size: u64,
    /// The digest of the content, if the bytes do not follow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
}

/// A content or a file, of which the host has an older version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Whole {
    /// The content with this digest.
    Content(Digest),
    /// The entry with this number in the last listed artifact.
    Entry(u32),
}

/// A message from the agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reply {
    /// The reply to a hello.
    Hello(Hello),
    /// The work goes on. Sent every [`super::limit::WORKING`] before a reply, and means nothing else.
    Working,
    /// Answers, in the order of the questions.
    Answers {
        /// The next answers.
        answers: Vec<Answer>,
        /// Whether more frames follow.
        more: bool,
    },
    /// A request for contents, which follow in this order, each with [`Request::Content`], [`Request::InParts`] or
    /// [`Request::Missing`]; up to the first [`Request::Later`].
    WantContents {
        /// The digests, as in the actions, at most [`super::limit::CONTENTS`].
        digests: Vec<Digest>,
        /// The largest number of bytes of all but the first content.
        room: u64,
        /// Whether the first one is requested as a whole.
        whole: bool,
    },
    /// A request for the artifact with this digest.
    WantArtifact {
        /// The tree digest.
        digest: Digest,
        /// Whether files are only listed with their digests, since the host has another version of the artifact.
        listed: bool,
    },
    /// A request for files of the last listed artifact, which follow in this order, each with [`Request::Content`]; then
    /// [`Request::ArtifactEnd`].
    WantEntries {
        /// Their numbers among the entries, in ascending order.
        entries: Vec<u32>,
    },
    /// A request for a [`Request::Recipe`]. The names of the older version's chunks follow as raw bytes.
    WantParts {
        /// What is requested.
        of: Whole,
        /// The number of chunks, at most [`super::limit::CHUNKS`].
        chunks: u32,
    },
    /// The results of the actions in their order, in one or several frames.
    Outcomes {
        /// The next outcomes.
        outcomes: Vec<Outcome>,
        /// Whether more frames follow.
        more: bool,
    },
    /// The conversation ended for this reason; nothing follows.
    Failed {
        /// The reason, for people.
        reason: String,
    },
    /// The reply to a bye.
    Bye,
}

/// The result of one action.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub enum Outcome {
    /// The action was performed.
    Done {
        /// A note for the user.
        note: Option<String>,
    },
    /// The found state differs from the expected one; nothing was changed.
    Changed {
        /// The path.
        path: String,
        /// The expected state.
        expected: String,
        /// The found state.
        found: String,
    },
    /// The action was tried and failed.
    Failed {
        /// The operation.
        operation: String,
        /// The subject.
        path: String,
        /// The reason.
        reason: String,
    },
    /// The work was interrupted before this action started.
    Interrupted,
    /// An outcome of a newer version.
    #[serde(other)]
    Unknown,
}

impl Outcome {
    /// Converts to the wire type.
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

    /// Converts to the live type; `subject` is the subject of the action.
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
                reason: "the agent's outcome is of a newer version: install the same version on both sides".to_owned(),
            },
        })
    }
}
