//! Commands: a program that brings something into a state, and a check of that state.
//!
//! The check only reads, by contract; it runs whenever evenkeel observes.

#[cfg(feature = "local")]
mod local;
#[cfg(feature = "testing")]
mod recorded;
pub mod wire;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Seals, Subject};
use crate::Text;
use evenkeel_model::Digest;

/// Asks whether the state of a command is reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Query {
    /// The command's name.
    pub name: String,
    /// The check.
    pub check: Check,
}

/// A check of a state: a program, or the existence of a path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// The program and its arguments; status 0 means that the state is reached.
    pub run: Option<Vec<String>>,
    /// The path; its existence means that the state is reached.
    pub creates: Option<String>,
    /// The account that runs it; the agent's own when `None`.
    pub user: Option<String>,
    /// The working directory; `/` when `None`.
    pub directory: Option<String>,
    /// The environment, without secrets.
    pub environment: BTreeMap<String, String>,
}

impl Check {
    /// Returns a check of nothing.
    #[must_use]
    pub fn nothing() -> Self {
        Self {
            run: None,
            creates: None,
            user: None,
            directory: None,
            environment: BTreeMap::new(),
        }
    }

    /// Whether it checks nothing: the state is unknown.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.run.is_none() && self.creates.is_none()
    }
}

/// Whether a state is reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// Whether the check succeeds.
    pub holds: bool,
    /// Why it could not run, if it could not: the state is not reached then.
    pub detail: Option<String>,
}

/// Runs a program, and then its check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunCommand {
    /// The command's name.
    pub name: String,
    /// The program and its arguments.
    pub run: Vec<String>,
    /// The environment. The check gets what is plain.
    pub environment: BTreeMap<String, Text>,
    /// The time limit, in milliseconds.
    pub within: u64,
    /// The check. It must fail before. If it is empty, the program's status alone decides.
    pub check: Check,
}

impl Subject for Query {
    fn subject(&self) -> &str {
        &self.name
    }
}

impl Subject for RunCommand {
    fn subject(&self) -> &str {
        &self.name
    }
}

impl Seals for Answer {}

impl Seals for RunCommand {
    fn seals(&mut self, change: &mut dyn FnMut(&mut Digest)) {
        for text in self.environment.values_mut() {
            if let Text::Sealed(seal) = text {
                change(seal);
            }
        }
    }
}
