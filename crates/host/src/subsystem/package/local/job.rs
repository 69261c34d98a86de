//! The actions of a batch, with what is known about their packages: common to all packaging systems.

use super::super::judge::{Wish, describe, note};
use super::super::version::{Requirement, compare};
use super::super::{PackageFound, System};
use super::refused;
use crate::port::Outcome;
use crate::{ActionError, Performed};
use evenkeel_model::text::inert;

/// The number of versions that a message lists.
const LISTED: usize = 5;

/// A wish, with what is known about its package.
pub(super) struct Job<'a> {
    pub(super) number: usize,
    pub(super) wish: Wish<'a>,
    system: System,
    /// The name that dpkg uses.
    pub(super) shown: String,
    /// Whether its hold was lifted for the change.
    pub(super) is_lifted: bool,
    /// The state before anything was changed.
    pub(super) before: PackageFound,
    /// The state now.
    pub(super) now: PackageFound,
    /// The version to install; the packaging system's choice when `None`.
    pub(super) version: Option<String>,
    /// The outcome, if it is known before the end.
    pub(super) outcome: Option<Outcome>,
    /// Why the last attempt failed.
    pub(super) failure: Option<String>,
}

impl<'a> Job<'a> {
    /// Creates a job for each wish. Those that need nothing, or found another state, have their outcome.
    pub(super) fn begin(
        wishes: &[(usize, Wish<'a>)],
        system: System,
        find: impl Fn(&str) -> Result<(String, PackageFound), String>,
    ) -> Result<Vec<Self>, String> {
        wishes
            .iter()
            .map(|(number, wish)| {
                let (shown, before) = find(wish.package())?;
                let outcome = if wish.is_wanted(&before, system) {
                    Some(Ok(Performed {
                        note: Some("already so".to_owned()),
                    }))
                } else if before != *wish.expected() {
                    Some(Err(wish.changed(&before)))
                } else {
                    None
                };
                Ok(Self {
                    number: *number,
                    wish: *wish,
                    system,
                    shown,
                    is_lifted: false,
                    now: before.clone(),
                    before,
                    version: None,
                    outcome,
                    failure: None,
                })
            })
            .collect()
    }

    /// Ends it before its transaction, which an interruption prevents.
    pub(super) fn interrupt(&mut self) {
        // The joint transaction may have got as far as this package.
        self.outcome = Some(if self.now == self.before || self.is_lifted {
            Err(ActionError::Interrupted)
        } else {
            Err(refused(self.wish, "interrupted: plan again"))
        });
    }

    /// Returns the outcomes, after a batch that may have ended early.
    pub(super) fn end(mut jobs: Vec<Self>, changed: Result<(), String>) -> Vec<(usize, Outcome)> {
        if let Err(reason) = changed {
            for job in jobs.iter_mut().filter(|job| job.is_open()) {
                job.refuse(&*reason);
            }
        }
        jobs.into_iter()
            .map(|job| {
                let outcome = job
                    .outcome
                    .unwrap_or_else(|| Err(refused(job.wish, "not tried")));
                (job.number, outcome)
            })
            .collect()
    }

    /// Judges it by the state that was read last.
    pub(super) fn judge(&mut self, tool: &str) {
        if !self.is_open() {
            return;
        }
        self.outcome = Some(if self.wish.is_wanted(&self.now, self.system) {
            Ok(Performed {
                note: Some(note(&self.before, &self.now)),
            })
        } else {
            let reason = match &self.failure {
                Some(failure) => failure.clone(),
                None => format!("{tool} reported success, but found {}", describe(&self.now)),
            };
            Err(refused(self.wish, reason))
        });
    }

    pub(super) fn is_open(&self) -> bool {
        self.outcome.is_none()
    }

    /// Whether a transaction must change it.
    pub(super) fn is_due(&self) -> bool {
        self.is_open() && !self.wish.has_version(&self.now, self.system)
    }

    pub(super) fn refuse(&mut self, reason: impl Into<String>) {
        self.outcome = Some(Err(refused(self.wish, reason)));
    }
}

/// Returns the same outcome for all wishes.
pub(super) fn all(wishes: &[(usize, Wish<'_>)], reason: &str) -> Vec<(usize, Outcome)> {
    wishes
        .iter()
        .map(|(number, wish)| (*number, Err(refused(*wish, reason))))
        .collect()
}

/// Returns the newest offered version that is as required; `None` if no version is required.
pub(super) fn newest(
    wish: Wish<'_>,
    system: System,
    versions: &[String],
) -> Result<Option<String>, String> {
    let Some(requirement) = wish.requirement() else {
        return Ok(None);
    };
    versions
        .iter()
        .filter(|version| requirement.holds(version, system))
        .max_by(|one, other| compare(system, one, other))
        .map(|version| Some(version.clone()))
        .ok_or_else(|| unavailable(&requirement, versions))
}

fn unavailable(requirement: &Requirement, versions: &[String]) -> String {
    let wanted = match requirement {
        Requirement::Exact(version) => version.clone(),
        Requirement::Pattern(pattern) => pattern.clone(),
        Requirement::Range(bounds) => {
            let bounds: Vec<String> = bounds
                .iter()
                .map(|(comparison, version)| format!("{comparison} {version}"))
                .collect();
            bounds.join(", ")
        }
    };
    let listed: Vec<_> = versions
        .iter()
        .take(LISTED)
        .map(|version| inert(version).into_owned())
        .collect();
    let more = versions.len().saturating_sub(LISTED);
    let more = if more > 0 {
        format!(" and {more} more")
    } else {
        String::new()
    };
    format!(
        "version `{wanted}` is not available; the sources offer {}{more}",
        listed.join(", ")
    )
}
