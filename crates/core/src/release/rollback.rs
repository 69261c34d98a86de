//! Rollbacks: the release that an environment runs, and the one that a rollback restores.
//!
//! A rollback is recorded as a release that names the restored one, which is never a rollback itself. Making the plan and
//! judging it is left to `plan` and `gate`.

use evenkeel_ledger::State;
use evenkeel_ledger::record::{ApplyOutcome, Rollback};
use evenkeel_ledger::state::Release;
use evenkeel_model::text::nearest;
use evenkeel_model::{Digest, EnvironmentName};

use super::unfinished::last;

/// Release that a rollback restores, and the one that it rolls back.
#[derive(Clone, Copy, Debug)]
pub struct RollbackTarget<'s> {
    /// Restored release.
    pub restores: &'s Release,
    /// Release that is rolled back. The restored one itself if the environment runs it.
    pub undoes: &'s Release,
}

/// Reason why there is no release to restore.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoRollback {
    /// The environment was never released to.
    NeverReleased,
    /// No successful release precedes the current one.
    NoEarlier {
        /// Current release.
        current: String,
    },
    /// There is no such release.
    Unknown {
        /// A similar one.
        near: Option<String>,
    },
    /// The release went to another environment.
    Elsewhere(EnvironmentName),
    /// The release did not succeed: it did not end with every step done, or its smoke suites failed.
    Unsuccessful {
        /// The outcome, in words.
        outcome: &'static str,
    },
    /// The release is newer than the current one.
    Newer {
        /// Current release.
        current: String,
    },
}

/// Returns the release in effect: the newest one with every step done. For a rollback, that is the restored release.
#[must_use]
pub fn in_effect<'s>(state: &'s State, name: &EnvironmentName) -> Option<&'s Release> {
    let newest = state.releases.iter().rev().find(|release| {
        release.started.record.environment == *name && outcome(release) == Some(ApplyOutcome::Done)
    })?;
    match &newest.started.record.rollback {
        None => Some(newest),
        Some(rollback) => named(state, &rollback.restores),
    }
}

/// Returns the completed rollback of a release, if any.
#[must_use]
pub fn rolled_back_by<'s>(state: &'s State, release: &Release) -> Option<&'s Release> {
    let id = &release.started.record.release;
    state.releases.iter().rev().find(|later| {
        later.started.sequence > release.started.sequence
            && outcome(later) == Some(ApplyOutcome::Done)
            && rollback(later).is_some_and(|rollback| rollback.undoes == *id)
    })
}

/// Returns the release to restore: the wanted one, or the newest successful one before the current one. After a rollback,
/// finished or not, that is the release that it restores, so that repeating it is safe.
///
/// # Errors
///
/// The reason why there is none.
pub fn rollback_target<'s>(
    state: &'s State,
    name: &EnvironmentName,
    wanted: Option<&str>,
) -> Result<RollbackTarget<'s>, NoRollback> {
    let newest = last(state, name).ok_or(NoRollback::NeverReleased)?;
    let current = match rollback(newest) {
        None => newest,
        Some(rollback) => {
            let is_done = outcome(newest) == Some(ApplyOutcome::Done);
            let id = if is_done {
                &rollback.restores
            } else {
                &rollback.undoes
            };
            named(state, id).unwrap_or(newest)
        }
    };
    let current_id = || current.started.record.release.clone();
    let restores = match (wanted, rollback(newest)) {
        (Some(id), _) => {
            let release = find(state, name, id)?;
            if let Some(outcome) = failure(release) {
                return Err(NoRollback::Unsuccessful { outcome });
            }
            if release.started.sequence > current.started.sequence {
                return Err(NoRollback::Newer {
                    current: current_id(),
                });
            }
            release
        }
        (None, Some(rollback)) => find(state, name, &rollback.restores)?,
        (None, None) => restorable(state, name)
            .find(|release| release.started.sequence < current.started.sequence)
            .ok_or_else(|| NoRollback::NoEarlier {
                current: current_id(),
            })?,
    };
    // Repeating a rollback completes or repairs it.
    let repeated = rollback(newest)
        .filter(|rollback| rollback.restores == restores.started.record.release)
        .and_then(|rollback| named(state, &rollback.undoes));
    Ok(RollbackTarget {
        restores,
        undoes: repeated.unwrap_or(current),
    })
}

/// Returns the release that a rollback of the next release would restore.
#[must_use]
pub fn next_rollback<'s>(state: &'s State, name: &EnvironmentName) -> Option<&'s Release> {
    restorable(state, name).next()
}

/// Returns the digest that evidence of a rehearsed rollback to a release is bound to.
#[must_use]
pub fn rehearsal_digest(release: Option<&Release>) -> Digest {
    let started = release.map(|release| &release.started.record);
    Digest::of_record(
        "evenkeel rollback rehearsal 1",
        &started.map(|started| (&started.release, started.recipe)),
    )
}

/// Returns the successful releases to an environment that were not rolled back, newest first.
fn restorable<'s>(state: &'s State, name: &EnvironmentName) -> impl Iterator<Item = &'s Release> {
    let releases = state.releases.iter().rev();
    releases.filter(move |release| {
        release.started.record.environment == *name
            && rollback(release).is_none()
            && failure(release).is_none()
            && rolled_back_by(state, release).is_none()
    })
}

/// Returns a release by its number; for a rollback, the release that it restored.
fn find<'s>(state: &'s State, name: &EnvironmentName, id: &str) -> Result<&'s Release, NoRollback> {
    let Some(release) = named(state, id) else {
        let known = state.releases.iter();
        let known = known.map(|release| &*release.started.record.release);
        return Err(NoRollback::Unknown {
            near: nearest(id, known).map(str::to_owned),
        });
    };
    if release.started.record.environment != *name {
        let elsewhere = release.started.record.environment.clone();
        return Err(NoRollback::Elsewhere(elsewhere));
    }
    match rollback(release) {
        Some(rollback) if outcome(release) == Some(ApplyOutcome::Done) => {
            Ok(named(state, &rollback.restores).unwrap_or(release))
        }
        _ => Ok(release),
    }
}

fn named<'s>(state: &'s State, id: &str) -> Option<&'s Release> {
    let mut releases = state.releases.iter().rev();
    releases.find(|release| release.started.record.release == id)
}

fn rollback(release: &Release) -> Option<&Rollback> {
    release.started.record.rollback.as_ref()
}

fn outcome(release: &Release) -> Option<ApplyOutcome> {
    Some(release.ended.as_ref()?.record.outcome)
}

/// Returns why a release did not succeed, in words; `None` if it did.
fn failure(release: &Release) -> Option<&'static str> {
    let Some(ended) = &release.ended else {
        return Some("it has no recorded outcome");
    };
    match (ended.record.outcome, ended.record.smoke) {
        (ApplyOutcome::Done, Some(false)) => Some("its smoke suites failed"),
        (ApplyOutcome::Done, _) => None,
        (ApplyOutcome::Failed, _) => Some("it failed"),
        (ApplyOutcome::Interrupted, _) => Some("it was interrupted"),
        (ApplyOutcome::Unknown, _) => Some("its outcome is unknown"),
    }
}

#[cfg(test)]
mod tests;
