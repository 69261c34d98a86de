//! Leases as a report tells them: who may change which environment now.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::world::processes::{ProcessState, Processes};
use evenkeel_ledger::State;
use evenkeel_ledger::lease::{Holder, Lock};
use evenkeel_ledger::record::Actor;
use evenkeel_model::{EnvironmentName, Moment};

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

/// The holder of an environment, as its lock names it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct HeldDocument {
    /// The account and its process.
    pub by: HolderDocument,
    /// Since when.
    #[schemars(with = "String")]
    pub since: Moment,
    /// The command.
    pub purpose: String,
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
    /// What can be seen from `here` of the process of a holder, which is alive while it has the lock.
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
    /// The lease on an environment, from its lock and the ledger. The lock is right about who holds it, and the ledger
    /// about a lease that was left.
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
