//! What the program is given: clock, variables, directory, signals, and somebody to talk to.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::TargetMaker;
use evenkeel_host::Interruption;
use evenkeel_ledger::record::Actor;
use evenkeel_model::Clock;

/// Everything that is injected.
pub struct World<'a> {
    /// The clock.
    pub clock: &'a (dyn Clock + 'a),
    /// The environment variables.
    pub environment: &'a BTreeMap<String, String>,
    /// The working directory, absolute.
    pub directory: PathBuf,
    /// Asks for an end.
    pub interruption: Interruption,
    /// Who runs this.
    pub actor: Actor,
    /// Is told what happens.
    pub voice: &'a dyn Voice,
    /// Makes targets.
    pub targets: &'a dyn TargetMaker,
}

/// Is told what happens, while it happens: for a person who waits.
pub trait Voice: Sync {
    /// Something long begins: `staging: 12 steps`.
    fn begin(&self, what: &str, steps: usize);
    /// One of its steps ended.
    fn step(&self, what: &str);
    /// It is over.
    fn end(&self);
    /// A line of a command's output.
    fn line(&self, line: &str);
}

/// The version of this evenkeel.
pub const TOOL: &str = concat!("evenkeel ", env!("CARGO_PKG_VERSION"));
