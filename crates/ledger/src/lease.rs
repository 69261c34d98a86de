//! The lease: the right to change one environment, held by one writer at a time.
//!
//! Two mechanisms make it safe. The lock of a [`Store`] excludes other writers and dies with its holder. The ledger
//! checks a token that rises with every lease in the transaction of every append, which stops a holder that was
//! superseded while it was suspended.

use std::fmt;
use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::record::{Actor, LeaseBroken, LeaseReturned, LeaseTaken};
use super::{Fence, Ledger, LedgerError, LockGuard, Store};
use evenkeel_model::text::inert;
use evenkeel_model::{Clock, EnvironmentName, Moment, name};

/// A held lease; returned on drop.
#[must_use = "the lease is returned on drop"]
pub struct Lease<'ledger> {
    ledger: &'ledger dyn Ledger,
    clock: &'ledger dyn Clock,
    fence: Fence,
    /// `None` once it was returned.
    lock: Option<Box<dyn LockGuard>>,
}

/// The holder of a lock, as written into the lock. This is the stored type: a lock file is its JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Holder {
    /// The actor.
    pub by: Actor,
    /// The time at which it took the lock.
    pub since: Moment,
    /// The command.
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

/// The state of an environment's lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lock {
    /// Not locked on this machine.
    Free,
    /// Locked by a living process, with its holder; `None` when that is unreadable.
    Held(Option<Holder>),
}

impl<'ledger> Lease<'ledger> {
    /// Takes the lease on an environment, waiting at most `wait` for its holder, and records that.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Held`] when another holder has it; any other when the record cannot be written.
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
        let mut lock = store.lock(environment, &holder, wait)?;
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
                // Another writer with a different lock, such as a broken one, was faster. Where the lock is shared with other
                // machines, it may be that writer's now.
                Err(LedgerError::Fenced { .. }) => {
                    drop(lock);
                    lock = store.lock(environment, &holder, wait)?;
                }
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

    /// Returns the fence that every append of the holder must present.
    #[must_use]
    pub fn fence(&self) -> &Fence {
        &self.fence
    }

    /// Makes sure that the lease is still held, right before a change.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Fenced`] when it was lost, and any error of the store.
    pub fn confirm(&self) -> Result<(), LedgerError> {
        let confirmed = self.lock.as_ref().map_or(Ok(()), |lock| lock.confirm());
        match confirmed {
            Err(LedgerError::Held { environment, .. }) => Err(LedgerError::Fenced {
                newest: self.ledger.newest_token(&environment)?,
                environment,
                held: self.fence.token,
            }),
            other => other,
        }
    }

    /// Returns the lease and records that; if recording fails, the lease is free anyway.
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
        // Nothing depends on the entry: other writers wait for the lock.
        let _ = self.release();
    }
}

/// Breaks a lease whose holder hangs: the ledger refuses all later entries of that holder.
///
/// Returns the token that replaced it; the environment is free then. The ledger records the actor and the reason.
///
/// # Errors
///
/// [`LedgerError::Fenced`] when a newer lease exists: another writer holds the environment.
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
    // Versions without this record understand these two, as does code that only counts tokens.
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
    // The ledger first: in between, the old holder cannot write and no new one can start.
    ledger.append(
        clock.now(),
        &[broken.into(), taken.into(), returned.into()],
        Some(&fence),
    )?;
    store.break_lock(environment)?;
    Ok(token)
}

/// Rejects an invalid environment name: a backend may use it as a file name.
pub(crate) fn check_name(environment: &EnvironmentName) -> Result<(), LedgerError> {
    if name::is_word(environment.as_str()) {
        return Ok(());
    }
    Err(LedgerError::unusable(
        Path::new(environment.as_str()),
        "not a valid environment name",
        "use lower-case letters, digits and hyphens",
    ))
}

/// Describes the holder of a lock.
pub fn introduce(holder: Option<&Holder>) -> String {
    holder.map_or_else(|| "an unknown process".to_owned(), Holder::to_string)
}

#[cfg(test)]
mod tests {
    use super::Holder;

    /// The format of lock files, which another version may read.
    #[test]
    fn the_stored_form_is_stable() {
        let text = r#"{"by":{"name":"ada","host":"engine","process":7},"since":"2026-11-28T11:08:57.267Z","purpose":"apply"}"#;
        let read: Holder = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), text);
        assert_eq!(read.by.process, 7);
    }
}
