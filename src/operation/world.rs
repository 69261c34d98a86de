//! Inputs of the program: clock, variables, directory, standard input, processes, signals, account, and a listener.

use std::collections::BTreeMap;
use std::os::fd::BorrowedFd;
use std::path::PathBuf;

use super::{Listener, StoreMaker, TargetMaker};
use crate::world::git::Git;
use crate::world::processes::Processes;
use crate::world::redaction::RunSecrets;
use evenkeel_host::Interruption;
use evenkeel_ledger::record::Actor;
use evenkeel_model::Clock;

/// Injected inputs.
pub struct World<'a> {
    /// The clock.
    pub clock: &'a (dyn Clock + 'a),
    /// The environment variables.
    pub environment: &'a BTreeMap<String, String>,
    /// The working directory, absolute.
    pub directory: PathBuf,
    /// The standard input.
    pub input: BorrowedFd<'a>,
    /// The processes of this machine.
    pub processes: &'a dyn Processes,
    /// Requests a stop.
    pub interruption: Interruption,
    /// Account that runs the program.
    pub actor: Actor,
    /// Directory of this account for what systems with a shared ledger keep on this machine, absolute.
    pub state_home: PathBuf,
    /// Receives the progress of an operation.
    pub listener: &'a dyn Listener,
    /// Makes targets.
    pub targets: &'a dyn TargetMaker,
    /// Makes stores.
    pub stores: &'a dyn StoreMaker,
    /// Secrets resolved in this run.
    pub secrets: RunSecrets,
}

impl World<'_> {
    /// Returns how git is started: with the program's variables and interruption.
    #[must_use]
    pub fn git(&self) -> Git {
        Git::new(self.environment, &self.interruption)
    }
}

/// Version of this evenkeel.
pub const TOOL: &str = concat!("evenkeel ", env!("CARGO_PKG_VERSION"));
