//! A revert: the host restores its earlier state unless a change is confirmed in time.
//!
//! `ArmRevert` saves what the coming actions will change, and starts a waiter on the host. `DisarmRevert` removes both. The waiter
//! restores the saved state when the time is over: see `restore`. Which actions need this is the caller's decision.

#[cfg(feature = "local")]
pub(crate) mod local;
#[cfg(feature = "testing")]
mod recorded;
#[cfg(feature = "local")]
pub mod restore;

use serde::{Deserialize, Serialize};

use super::{Seals, Subject};

/// Asks whether a revert is armed, and whether one happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Query {
    /// The run that asks, for messages.
    pub run: String,
}

/// The reverts of a host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// The armed revert.
    pub armed: Option<Revert>,
    /// The last one that happened and was not reported yet.
    pub happened: Option<Revert>,
}

/// A revert.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revert {
    /// The run that armed it.
    pub run: String,
    /// When it happens, in milliseconds since 1970, by the host's clock.
    pub at: u64,
}

/// Saves a state and starts the waiter; adds to what the same run saved before, and extends its time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArmRevert {
    /// The run.
    pub run: String,
    /// Whether it adds to what the run saved before. It fails if the host restored that.
    pub extends: bool,
    /// The time until the revert, in milliseconds from now.
    pub within: u64,
    /// What is saved.
    pub saved: Stake,
}

/// Removes the saved state and the waiter of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DisarmRevert {
    /// The run that armed it.
    pub run: String,
}

/// What a change puts at stake.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stake {
    /// Absolute paths of files, links and directories.
    pub paths: Vec<String>,
    /// Users with their `authorized_keys`.
    pub keys_of: Vec<String>,
    /// Units of systemd. Units that the host does not have are ignored.
    pub units: Vec<String>,
    /// Settings of the kernel.
    pub settings: Vec<String>,
}

/// The subject of everything here.
const SUBJECT: &str = "the revert";

impl Subject for Query {
    fn subject(&self) -> &str {
        SUBJECT
    }
}

impl Subject for ArmRevert {
    fn subject(&self) -> &str {
        SUBJECT
    }
}

impl Subject for DisarmRevert {
    fn subject(&self) -> &str {
        SUBJECT
    }
}

impl Seals for Answer {}

impl Seals for ArmRevert {}

impl Seals for DisarmRevert {}

/// The note of an action: a revert that happened before.
#[cfg(any(feature = "local", feature = "testing"))]
fn happened(revert: &Revert) -> String {
    format!(
        "the host restored its earlier state at {}, since a change of {} was not confirmed",
        moment(revert.at),
        evenkeel_model::text::inert(&revert.run)
    )
}

/// The refusal of an action: another run armed a revert.
#[cfg(any(feature = "local", feature = "testing"))]
fn armed(revert: &Revert) -> String {
    format!(
        "{} left an unconfirmed change, and the host restores its earlier state at {}: run the command again after that",
        evenkeel_model::text::inert(&revert.run),
        moment(revert.at)
    )
}

#[cfg(any(feature = "local", feature = "testing"))]
const GONE: &str = "the host restored its earlier state before the change was confirmed";

#[cfg(any(feature = "local", feature = "testing"))]
fn moment(milliseconds: u64) -> String {
    let milliseconds = i64::try_from(milliseconds).unwrap_or(i64::MAX);
    evenkeel_model::Moment::from_millisecond(milliseconds).for_people()
}

pub mod wire {
    //! The wire types of reverts.

    use crate::wire::mirror::mirror;

    mirror! {
        /// Asks for the reverts of a host.
        Query = super::Query { run: String }
        /// The reverts of a host.
        Answer = super::Answer { armed: Option<Revert>, happened: Option<Revert> }
        /// A revert.
        Revert = super::Revert { run: String, at: u64 }
        /// Saves a state and starts the waiter.
        ArmRevert = super::ArmRevert { run: String, extends: bool, within: u64, saved: Stake }
        /// Removes both.
        DisarmRevert = super::DisarmRevert { run: String }
        /// What a change puts at stake.
        Stake = super::Stake {
            paths: Vec<String>, keys_of: Vec<String>, units: Vec<String>, settings: Vec<String>
        }
    }
}
