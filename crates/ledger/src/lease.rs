//! The lease: the right to change one environment, held by one writer at a time.
//!
//! Two things make it safe. The lock of a [`Store`] keeps writers apart, and dies with its holder. A token that rises
//! with every lease, checked by the ledger in the transaction of every append, shuts out a holder who was overtaken
//! while he slept.

use std::fmt;
use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::record::{Actor, LeaseBroken, LeaseReturned, LeaseTaken};
use super::{Fence, Ledger, LedgerError, LockGuard, Store};
use evenkeel_model::text::inert;
use evenkeel_model::{Clock, EnvironmentName, Moment, name};

/// A lease that is held; given back when it is dropped.
#[must_use = "the lease is given back when it is dropped"]
pub struct Lease<'ledger> {
    ledger: &'ledger dyn Ledger,
    clock: &'ledger dyn Clock,
    fence: Fence,
    /// `None` once it was given back.
    lock: Option<Box<dyn LockGuard>>,
}

/// What a holder leaves with his lock, for whoever finds it taken. This is the stored type: a lock file is its JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Holder {
    /// Who.
    pub by: Actor,
    /// Since when.
    pub since: Moment,
    /// For what: the command.
    pub purpose: String,
}

impl fmt::Display for Holder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{} on {} (process {}) since {}, for `{}`",
            inert(&self.by.name),
            inert(&self.by.host),
            self.by.process,
            self.since,
            inert(&self.purpose),
        )
    }
}

/// The lock of an environment as it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lock {
    /// Nobody of this machine has it.
    Free,
    /// Somebody who is alive has it, and wrote who he is; nothing, when that cannot be read.
    Held(Option<Holder>),
}

impl<'ledger> Lease<'ledger> {
    /// Takes the lease on an environment, waiting at most `wait` for its holder, and appends that it was taken.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Held`] when somebody else holds it; any other when it could not be written.
    pub fn take(
        store: &dyn Store,
        ledger: &'ledger dyn Ledger,
        clock: &'ledger dyn Clock,
        environment: &EnvironmentName,
        actor: &Actor,
        purpose: &str,
        wait: Option<Duration>,
    ) -> Result<Self, LedgerError> {
        check_name(environment)?;
        let holder = Holder {
            by: actor.clone(),
            since: clock.now(),
            purpose: purpose.to_owned(),
        };
        let lock = store.lock(environment, &holder, wait)?;
        let token = loop {
            let token = ledger.newest_token(environment)? + 1;
            let record = LeaseTaken {
                environment: environment.clone(),
                token,
                by: actor.clone(),
                purpose: purpose.to_owned(),
            };
            match ledger.append(clock.now(), &[record.into()], None) {
                Ok(_) => break token,
                // Somebody with another lock, such as one that was broken, was faster.
                Err(LedgerError::Fenced { .. }) => {}
                Err(error) => return Err(error),
            }
        };
        Ok(Self {
            ledger,
            clock,
            fence: Fence {
                environment: environment.clone(),
                token,
            },
            lock: Some(lock),
        })
    }

    /// The right that every append of its holder shows.
    #[must_use]
    pub fn fence(&self) -> &Fence {
        &self.fence
    }

    /// Gives it back, and appends that it was; when that cannot be appended, the lease is free all the same.
    fn release(&mut self) -> Result<(), LedgerError> {
        let Some(lock) = self.lock.take() else {
            return Ok(());
        };
        let returned = LeaseReturned {
            environment: self.fence.environment.clone(),
            token: self.fence.token,
        };
        let outcome = self
            .ledger
            .append(self.clock.now(), &[returned.into()], Some(&self.fence));
        drop(lock);
        outcome.map(drop)
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        // Nobody depends on the entry: the lock is what others wait for.
        let _ = self.release();
    }
}

/// Breaks a lease, for a holder who hangs: whatever he still does, the ledger refuses his entries.
///
/// Returns the token that took its place; the environment is free then. The breaking is in the ledger, with who did it
/// and why.
///
/// # Errors
///
/// [`LedgerError::Fenced`] when it is not the newest lease: somebody else holds the environment by now.
pub fn break_open(
    store: &dyn Store,
    ledger: &dyn Ledger,
    clock: &dyn Clock,
    held: &LeaseTaken,
    actor: &Actor,
    reason: &str,
) -> Result<u64, LedgerError> {
    let environment = &held.environment;
    check_name(environment)?;
    let fence = Fence {
        environment: environment.clone(),
        token: held.token,
    };
    let broken = LeaseBroken {
        environment: environment.clone(),
        token: held.token,
        held_by: held.by.clone(),
        purpose: held.purpose.clone(),
        by: actor.clone(),
        reason: reason.to_owned(),
    };
    // Versions that do not know of breaking understand these two, and so do those who only count tokens.
    let token = held.token + 1;
    let taken = LeaseTaken {
        environment: environment.clone(),
        token,
        by: actor.clone(),
        purpose: format!("break the lease with token {}", held.token),
    };
    let returned = LeaseReturned {
        environment: environment.clone(),
        token,
    };
    // The ledger first: between the two, the old holder can write nothing and nobody else is let in.
    ledger.append(
        clock.now(),
        &[broken.into(), taken.into(), returned.into()],
        Some(&fence),
    )?;
    store.break_lock(environment)?;
    Ok(token)
}

/// Refuses what is no environment's name: a backend may make the name of a file of it.
pub(crate) fn check_name(environment: &EnvironmentName) -> Result<(), LedgerError> {
    if name::is_word(environment.as_str()) {
        return Ok(());
    }
    Err(LedgerError::unusable(
        Path::new(environment.as_str()),
        "it is not the name of an environment",
        "use lower-case letters, digits and hyphens",
    ))
}

/// Who holds a lock, as a sentence says it.
pub fn introduce(holder: Option<&Holder>) -> String {
    holder.map_or_else(
        || "somebody who has not said who".to_owned(),
        Holder::to_string,
    )
}

#[cfg(test)]
mod tests {
    use super::Holder;

    /// Lock files say this, and another version may be the one that reads them.
    #[test]
    fn the_stored_form_is_exactly_this() {
        let text = r#"{"by":{"name":"ada","host":"engine","process":7},"since":"2026-11-28T11:08:57.267Z","purpose":"apply"}"#;
        let read: Holder = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), text);
        assert_eq!(read.by.process, 7);
    }
}
