//! The wire types of processes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::wire::mirror::{Mirror, mirror};
use evenkeel_model::{Digest, Moment};

mirror! {
    /// Asks for a process.
    Query = super::Query { record: String, ready: Option<Ready> }
    /// The state of a process.
    Answer = super::Answer { state: ProcessState }
    /// A uniquely identified process.
    Running = super::Running { pid: u32, ticks: u64, since: Moment }
    /// Starts a process.
    Start = super::Start {
        record: String,
        log: String,
        command: Vec<String>,
        environment: BTreeMap<String, Text>,
        directory: Option<String>,
        ready: Option<Ready>,
        within: u64,
        stop_within: u64,
        started_as: BTreeMap<String, Text>,
        expected: Option<Running>,
    }
    /// Stops a process.
    Stop = super::Stop { record: String, stop_within: u64, expected: Option<Running> }
    /// Moves a process to another record.
    TakeOver = super::TakeOver {
        record: String,
        from: String,
        log: String,
        from_log: String,
        expected: Running,
    }
}

/// A readiness check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ready {
    /// A GET of this URL succeeds.
    Http(String),
    /// A connection succeeds.
    Tcp(String),
}

/// Text, plain or known by its seal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Text {
    /// Plain text.
    Plain(String),
    /// A seal.
    Sealed(Digest),
}

/// Whether a process runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
#[allow(missing_docs, reason = "the fields are those of the live type")]
pub enum ProcessState {
    /// There is no record.
    Missing,
    /// There is a record, and its process has ended.
    Ended { started_as: BTreeMap<String, Text> },
    /// The process runs.
    Running {
        pid: u32,
        ticks: u64,
        ready: Option<bool>,
        started_as: BTreeMap<String, Text>,
        since: Moment,
    },
}

impl Mirror<super::Ready> for Ready {
    fn from_live(live: super::Ready) -> Self {
        match live {
            super::Ready::Http(url) => Self::Http(url),
            super::Ready::Tcp(address) => Self::Tcp(address),
        }
    }

    fn into_live(self) -> super::Ready {
        match self {
            Self::Http(url) => super::Ready::Http(url),
            Self::Tcp(address) => super::Ready::Tcp(address),
        }
    }
}

impl Mirror<super::Text> for Text {
    fn from_live(live: super::Text) -> Self {
        match live {
            super::Text::Plain(text) => Self::Plain(text),
            super::Text::Sealed(digest) => Self::Sealed(digest),
        }
    }

    fn into_live(self) -> super::Text {
        match self {
            Self::Plain(text) => super::Text::Plain(text),
            Self::Sealed(digest) => super::Text::Sealed(digest),
        }
    }
}

impl Mirror<super::ProcessState> for ProcessState {
    fn from_live(live: super::ProcessState) -> Self {
        match live {
            super::ProcessState::Missing => Self::Missing,
            super::ProcessState::Ended { started_as } => Self::Ended {
                started_as: Mirror::from_live(started_as),
            },
            super::ProcessState::Running {
                pid,
                ticks,
                ready,
                started_as,
                since,
            } => Self::Running {
                pid,
                ticks,
                ready,
                started_as: Mirror::from_live(started_as),
                since,
            },
        }
    }

    fn into_live(self) -> super::ProcessState {
        match self {
            Self::Missing => super::ProcessState::Missing,
            Self::Ended { started_as } => super::ProcessState::Ended {
                started_as: started_as.into_live(),
            },
            Self::Running {
                pid,
                ticks,
                ready,
                started_as,
                since,
            } => super::ProcessState::Running {
                pid,
                ticks,
                ready,
                started_as: started_as.into_live(),
                since,
            },
        }
    }
}
