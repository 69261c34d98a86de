//! Leases as a report tells them: who may change which environment now.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use evenkeel_ledger::record::Actor;
use evenkeel_model::Moment;

/// The lease on an environment.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct LockDocument {
    /// The environment.
    pub environment: String,
    /// How it stands.
    pub state: LockState,
    /// Who holds it, or held it last without giving it back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<HolderDocument>,
    /// For what: the command.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub purpose: Option<String>,
    /// Since when. A lease has no end of its own: it is over when its holder gives it back, ends, or it is broken.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub since: Option<Moment>,
    /// Its token; none while it is just being taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<u64>,
    /// What can be told of the holder's process.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub process: Option<HolderProcess>,
}

/// How a lease stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum LockState {
    /// Nobody holds it.
    Free,
    /// Its last holder ended without giving it back. It is free all the same.
    Left,
    /// Somebody who is alive holds it.
    Held,
}

/// Who holds a lease.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct HolderDocument {
    /// The account.
    pub name: String,
    /// The machine.
    pub host: String,
    /// The number of the process there.
    pub process: u32,
}

/// What can be told of a holder's process. Whoever holds the lock is alive: the system takes it from the dead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum HolderProcess {
    /// It runs.
    Running,
    /// It is stopped: alive, and doing nothing until somebody continues it.
    Stopped,
    /// It holds the lock, and its number cannot be looked up from here.
    Unseen,
    /// It ended.
    Ended,
}

impl From<&Actor> for HolderDocument {
    fn from(actor: &Actor) -> Self {
        Self {
            name: actor.name.clone(),
            host: actor.host.clone(),
            process: actor.process,
        }
    }
}
