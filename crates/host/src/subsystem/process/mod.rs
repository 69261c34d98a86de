//! Processes: running programs with a record file each, for machines without a service manager.

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

/// Asks for the process with this record file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Query {
    /// The record file.
    pub record: String,
    /// The readiness check; performed once, within two seconds, if the process runs.
    pub ready: Option<Ready>,
}

/// A process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// Whether it runs, and its attributes.
    pub state: ProcessState,
}

/// Whether a process runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum ProcessState {
    /// There is no record.
    Missing,
    /// There is a record, and its process has ended.
    Ended {
        /// The attributes it was started with.
        started_as: BTreeMap<String, Text>,
    },
    /// The process runs.
    Running {
        /// Its process number.
        pid: u32,
        /// The start time in the kernel's ticks since boot: unique together with number and boot.
        ticks: u64,
        /// Whether its readiness check succeeds; `None` without a check.
        ready: Option<bool>,
        /// The attributes it was started with.
        started_as: BTreeMap<String, Text>,
        /// The start time.
        since: Moment,
    },
}

/// A readiness check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ready {
    /// A GET of this URL answers with a status from 200 to 299.
    Http(String),
    /// A connection to `host:port` succeeds.
    Tcp(String),
}

/// Starts a process in its own session and waits until it is ready; first stops the running one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Start {
    /// The record file.
    pub record: String,
    /// The log file: standard output and error are appended to it.
    pub log: String,
    /// The program and its arguments.
    pub command: Vec<String>,
    /// The environment, in addition to the inherited `PATH`, `HOME`, `LANG` and `TZ`.
    pub environment: BTreeMap<String, Text>,
    /// The working directory.
    pub directory: Option<String>,
    /// The readiness check.
    pub ready: Option<Ready>,
    /// The time limit for readiness, in milliseconds.
    pub within: u64,
    /// The time between stop and kill, in milliseconds.
    pub stop_within: u64,
    /// The attributes to keep in the record.
    pub started_as: BTreeMap<String, Text>,
    /// The process that must run now.
    pub expected: Option<Running>,
}

/// Stops a process and removes its record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stop {
    /// The record file.
    pub record: String,
    /// The time between stop and kill, in milliseconds.
    pub stop_within: u64,
    /// The process that must run now.
    pub expected: Option<Running>,
}

/// Moves a running process to another record and log file. The process itself is not touched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TakeOver {
    /// The new record file.
    pub record: String,
    /// The record file it was started with.
    pub from: String,
    /// The new log file.
    pub log: String,
    /// The log file it was started with.
    pub from_log: String,
    /// The process that must run now.
    pub expected: Running,
}

/// A uniquely identified process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Running {
    /// The process number.
    pub pid: u32,
    /// The start time in ticks since boot.
    pub ticks: u64,
    /// The start time.
    pub since: Moment,
}

/// Text in an action or an answer: plain, or known only by its seal.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Text {
    /// Plain text.
    Plain(String),
    /// A secret, or text that contains one: its sealed digest, by which the materials find it.
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
