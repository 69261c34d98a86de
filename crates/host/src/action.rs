//! Actions: everything that can be done to a target.
//!
//! Each is safe to repeat and carries what it expects to find; the target refuses it when something else is there.
//! None carries a secret: content is named by its digest and handed over separately (see [`super::Materials`]).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::answer::PathState;
use super::query::Ready;
use evenkeel_model::{Digest, Moment};

/// One thing to do. All paths are absolute; no path is ever followed through a symbolic link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "kebab-case")]
pub enum Action {
    /// Make a directory, or give one the right mode and owners. Directories above it are made if they are missing.
    Directory {
        /// The path.
        path: String,
        /// Permission bits.
        mode: u32,
        /// Owner by name or number; as it comes when `None`.
        owner: Option<String>,
        /// Group by name or number.
        group: Option<String>,
        /// What must stand there now.
        expected: PathState,
    },
    /// Put a file in place: a new file beside it, made durable, then renamed over it.
    File {
        /// The path.
        path: String,
        /// The digest of its content, sealed or plain, under which the materials know the bytes.
        content: Digest,
        /// Whether `content` (and the digest in `expected`) is sealed.
        sealed: bool,
        /// Permission bits.
        mode: u32,
        /// Owner by name or number.
        owner: Option<String>,
        /// Group by name or number.
        group: Option<String>,
        /// What must stand there now.
        expected: PathState,
    },
    /// Put a symbolic link in place, by renaming a new one over it.
    Link {
        /// The path.
        path: String,
        /// What the link says.
        to: String,
        /// What must stand there now.
        expected: PathState,
    },
    /// Remove what stands at a path: a file, a link, or an empty directory.
    Remove {
        /// The path.
        path: String,
        /// Whether the digest in `expected` is sealed.
        sealed: bool,
        /// What must stand there now.
        expected: PathState,
    },
    /// Copy an artifact to `releases/<digest>`, verify it there, then switch `current` to it.
    Install {
        /// The directory with `releases/` and `current`.
        into: String,
        /// The artifact's tree digest, under which the materials know its path.
        artifact: Digest,
        /// How many releases to keep, the current one among them.
        keep: u32,
        /// What `current` must point to now.
        expected: Option<Digest>,
    },
    /// Remove an installation: `current`, all releases, and `releases` itself.
    Uninstall {
        /// The directory with `releases/` and `current`.
        into: String,
        /// What `current` must point to now.
        expected: Option<Digest>,
    },
    /// Start a process in its own session and wait until it is ready; stop the one that runs first.
    Start {
        /// The record file.
        record: String,
        /// The log file: standard output and error are appended to it.
        log: String,
        /// Program and arguments.
        command: Vec<String>,
        /// Its environment, besides `PATH`, `HOME`, `LANG` and `TZ`, which it inherits.
        environment: BTreeMap<String, Text>,
        /// Its working directory.
        directory: Option<String>,
        /// How to see that it is ready.
        ready: Option<Ready>,
        /// How long that may take, in milliseconds.
        within: u64,
        /// How long it is given to stop before it is killed, in milliseconds.
        stop_within: u64,
        /// What to keep in the record as what it was started as.
        started_as: BTreeMap<String, Text>,
        /// Which process must run now.
        expected: Option<Running>,
    },
    /// Stop a process and remove its record.
    Stop {
        /// The record file.
        record: String,
        /// How long it is given before it is killed, in milliseconds.
        stop_within: u64,
        /// Which process must run now.
        expected: Option<Running>,
    },
}

/// A process, named so that no other can be meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Running {
    /// Its number.
    pub pid: u32,
    /// Its start time in ticks since boot.
    pub ticks: u64,
    /// When it was started.
    pub since: Moment,
}

/// Text in an action or in an answer: plain, or known only by its seal.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Text {
    /// Plain text.
    Plain(String),
    /// A secret, or text with a secret in it: its sealed digest, under which the materials know it.
    Sealed(Digest),
}
