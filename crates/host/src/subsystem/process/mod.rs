//! Processes: programs that run, each known by its record file, for machines without a service manager.

#[cfg(feature = "local")]
pub mod launch;
#[cfg(feature = "local")]
pub(crate) mod local;
#[cfg(feature = "testing")]
mod recorded;
pub mod wire;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Seals, Subject};
use evenkeel_model::{Digest, Moment};

/// A process that was started with this record file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Query {
    /// The record file.
    pub record: String,
    /// How to see that it is ready; asked once, within two seconds, if it runs.
    pub ready: Option<Ready>,
}

/// A process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// Whether it runs, and as what.
    pub state: ProcessState,
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

/// How to see that a process is ready.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ready {
    /// A GET of this URL answers with a status from 200 to 299.
    Http(String),
    /// A connection to `host:port` succeeds.
    Tcp(String),
}

/// Starts a process in its own session and waits until it is ready; stops the one that runs first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Start {
    /// The record file.
    pub record: String,
    /// The log file: standard output and error are appended to it.
    pub log: String,
    /// Program and arguments.
    pub command: Vec<String>,
    /// Its environment, besides `PATH`, `HOME`, `LANG` and `TZ`, which it inherits.
    pub environment: BTreeMap<String, Text>,
    /// Its working directory.
    pub directory: Option<String>,
    /// How to see that it is ready.
    pub ready: Option<Ready>,
    /// How long that may take, in milliseconds.
    pub within: u64,
    /// How long it is given to stop before it is killed, in milliseconds.
    pub stop_within: u64,
    /// What to keep in the record as what it was started as.
    pub started_as: BTreeMap<String, Text>,
    /// Which process must run now.
    pub expected: Option<Running>,
}

/// Stops a process and removes its record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stop {
    /// The record file.
    pub record: String,
    /// How long it is given before it is killed, in milliseconds.
    pub stop_within: u64,
    /// Which process must run now.
    pub expected: Option<Running>,
}

/// Keeps a running process under another record and log file. The process itself is not touched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TakeOver {
    /// The record file that it has from now on.
    pub record: String,
    /// The record file that it was started with.
    pub from: String,
    /// Its log file from now on.
    pub log: String,
    /// The log file that it was started with.
    pub from_log: String,
    /// Which process must run now.
    pub expected: Running,
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

impl Subject for Query {
    fn subject(&self) -> &str {
        &self.record
    }
}

impl Subject for Start {
    fn subject(&self) -> &str {
        &self.record
    }
}

impl Subject for Stop {
    fn subject(&self) -> &str {
        &self.record
    }
}

impl Subject for TakeOver {
    fn subject(&self) -> &str {
        &self.record
    }
}

fn in_texts(texts: &mut BTreeMap<String, Text>, change: &mut dyn FnMut(&mut Digest)) {
    for text in texts.values_mut() {
        if let Text::Sealed(seal) = text {
            change(seal);
        }
    }
}

impl Seals for Answer {
    fn seals(&mut self, change: &mut dyn FnMut(&mut Digest)) {
        match &mut self.state {
            ProcessState::Missing => {}
            ProcessState::Ended { started_as } | ProcessState::Running { started_as, .. } => {
                in_texts(started_as, change);
            }
        }
    }
}

impl Seals for Start {
    fn seals(&mut self, change: &mut dyn FnMut(&mut Digest)) {
        in_texts(&mut self.environment, change);
        in_texts(&mut self.started_as, change);
    }
}

impl Seals for Stop {}

impl Seals for TakeOver {}
