//! Leases as a report tells them: who may change which environment now.

use std::io::{self, Write};

use schemars::JsonSchema;
use serde::Serialize;

use super::text::Style;
use evenkeel_ledger::record::Actor;
use evenkeel_model::Moment;
use evenkeel_model::text::inert;

/// The lease on an environment.
#[derive(Clone, Debug, Serialize, JsonSchema)]
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
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
#[derive(Clone, Debug, Serialize, JsonSchema)]
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
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

impl HolderProcess {
    fn words(self) -> &'static str {
        match self {
            Self::Running => "it runs",
            Self::Stopped => "it is stopped",
            Self::Unseen => "it cannot be looked up from here",
            Self::Ended => "it ended",
        }
    }
}

/// Writes one line for a lease.
pub(super) fn line(lock: &LockDocument, style: Style, to: &mut dyn Write) -> io::Result<()> {
    let name = &lock.environment;
    if lock.state == LockState::Free {
        return writeln!(to, "{name}  free");
    }
    let who = lock.by.as_ref().map_or_else(
        || "somebody who has not said who".to_owned(),
        |by| {
            format!(
                "{} on {}, process {}",
                inert(&by.name),
                inert(&by.host),
                by.process
            )
        },
    );
    let process = lock
        .process
        .map_or_else(String::new, |process| format!(" ({})", process.words()));
    let mut rest = String::new();
    if let Some(since) = lock.since {
        rest.push_str(&format!(", since {since}"));
    }
    if let Some(purpose) = &lock.purpose {
        rest.push_str(&format!(", for `{}`", inert(purpose)));
    }
    if let Some(token) = lock.token {
        rest.push_str(&format!(", token {token}"));
    }
    if lock.state == LockState::Left {
        return writeln!(
            to,
            "{name}  free; its last holder did not give it back: {who}{process}{rest}"
        );
    }
    writeln!(to, "{name}  {} by {who}{process}{rest}", style.odd("held"))
}
