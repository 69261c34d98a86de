//! Leases in a report: who may change an environment.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::world::processes::{ProcessState, Processes};
use evenkeel_ledger::State;
use evenkeel_ledger::lease::{Holder, Lock};
use evenkeel_ledger::record::Actor;
use evenkeel_model::{EnvironmentName, Moment};

/// Lease of an environment.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct LockDocument {
    /// The environment.
    pub environment: String,
    /// State.
    pub state: LockState,
    /// Current holder, or the last one if it did not return the lease.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<HolderDocument>,
    /// Purpose: the command.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub purpose: Option<String>,
    /// Start. A lease does not expire: it ends when its holder returns it or ends, or when it is broken.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub since: Option<Moment>,
    /// Token; absent while it is being taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<u64>,
    /// State of the holder's process.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub process: Option<HolderProcess>,
}

/// State of a lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum LockState {
    /// Not held.
    Free,
    /// Its last holder ended without returning it. It counts as free.
    Left,
    /// Held by a running process.
    Held,
}

/// Holder of a lease.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct HolderDocument {
    /// Account.
    pub name: String,
    /// Machine.
    pub host: String,
    /// Process number on that machine.
    pub process: u32,
}

/// Holder of an environment, as named by its lock.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct HeldDocument {
    /// Account and process.
    pub by: HolderDocument,
    /// Start.
    #[schemars(with = "String")]
    pub since: Moment,
    /// Command.
    pub purpose: String,
}

/// State of a holder's process. The holder of a lock is alive: the system releases the locks of ended processes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum HolderProcess {
    /// It runs.
    Running,
    /// It is stopped: alive, but inactive until it is continued.
    Stopped,
    /// It holds the lock, and its process is not visible from here.
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

impl From<&Holder> for HeldDocument {
    fn from(holder: &Holder) -> Self {
        Self {
            by: (&holder.by).into(),
            since: holder.since,
            purpose: holder.purpose.clone(),
        }
    }
}

impl HolderProcess {
    /// Returns the state, as visible from `here`, of a holder's process, which is alive while it has the lock.
    #[must_use]
    pub fn seen(holder: &Actor, here: &Actor, processes: &dyn Processes) -> Self {
        if holder.host != here.host {
            return Self::Unseen;
        }
        match processes.state(holder.process) {
            Some(ProcessState::Stopped) => Self::Stopped,
            Some(ProcessState::Running) => Self::Running,
            None => Self::Unseen,
        }
    }
}

impl LockDocument {
    /// Creates the lease of an environment from its lock and the ledger. The lock decides about the holder, and the
    /// ledger about a lease that was not returned.
    #[must_use]
    pub fn new(
        name: &EnvironmentName,
        lock: &Lock,
        state: &State,
        here: &Actor,
        processes: &dyn Processes,
    ) -> Self {
        let holder = match lock {
            Lock::Free => None,
            Lock::Held(holder) => holder.as_ref(),
        };
        let lease = state.lease(name, holder);
        let mut document = Self {
            environment: name.to_string(),
            state: LockState::Free,
            by: lease.map(|lease| (&lease.record.by).into()),
            purpose: lease.map(|lease| lease.record.purpose.clone()),
            since: lease.map(|lease| lease.at),
            token: lease.map(|lease| lease.record.token),
            process: None,
        };
        match lock {
            Lock::Free if lease.is_some() => {
                document.state = LockState::Left;
                document.process = Some(HolderProcess::Ended);
            }
            Lock::Free => {}
            Lock::Held(_) => document.state = LockState::Held,
        }
        if let Some(holder) = holder {
            document.process = Some(HolderProcess::seen(&holder.by, here, processes));
            document.by = Some((&holder.by).into());
            document.since = Some(holder.since);
            document.purpose = Some(holder.purpose.clone());
        }
        document
    }
}
