//! The state: the fold of all entries into how things stand.
//!
//! It believes what the entries say and nothing else; that they are whole is proven by whoever read them. Kinds of
//! records that a newer version added are counted and passed over.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::environment_state::{EnvironmentState, Noted};
use super::lease::Holder;
use super::record::{ApplyOutcome, Founded, LeaseTaken, Record, ReleaseEnded, ReleaseStarted};
use super::{Entry, Ledger, LedgerError, chain};
use evenkeel_model::{Digest, EnvironmentName, Instance, Moment};

/// A release, and how it ended if it did.
#[derive(Clone, Debug)]
pub struct Release {
    /// How it began.
    pub started: Noted<ReleaseStarted>,
    /// How it ended, by the last word on it; `None` while it runs, and when it was killed until somebody finishes it.
    pub ended: Option<Noted<ReleaseEnded>>,
}

/// Where a saved plan was used: it is never used again.
#[derive(Clone, Debug)]
pub struct Used {
    /// The apply.
    pub apply: Arc<str>,
    /// When that began.
    pub at: Moment,
}

/// A recorded check, and since when its findings are known.
#[derive(Clone, Debug)]
pub struct Check {
    /// When it was made.
    pub at: Moment,
    /// Whether everything was read.
    pub complete: bool,
    /// Its findings by fingerprint.
    pub findings: BTreeMap<Digest, Sighting>,
}

/// Between which recorded checks a finding came to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// The last check without it; `None` where the first check had it.
    pub after: Option<Moment>,
    /// The first check with it.
    pub first: Moment,
}

impl Check {
    /// The check that follows `before`, with these findings.
    fn following(before: Option<&Self>, at: Moment, complete: bool, findings: &[Digest]) -> Self {
        let sighting = |fingerprint: &Digest| {
            let known = before.and_then(|before| before.findings.get(fingerprint));
            known.copied().unwrap_or(Sighting {
                after: before.map(|before| before.at),
                first: at,
            })
        };
        Self {
            at,
            complete,
            findings: findings
                .iter()
                .map(|fingerprint| (*fingerprint, sighting(fingerprint)))
                .collect(),
        }
    }
}

/// How things stand.
#[derive(Clone, Debug, Default)]
pub struct State {
    /// How the ledger began.
    pub founded: Option<Founded>,
    /// The number of the last entry that was absorbed.
    pub sequence: u64,
    /// Its digest.
    pub head: Option<Digest>,
    /// Its time.
    pub time: Option<Moment>,
    /// Every environment that an entry was about.
    pub environments: BTreeMap<EnvironmentName, EnvironmentState>,
    /// All releases, oldest first.
    pub releases: Vec<Release>,
    /// The plans from files that were applied.
    pub used_plans: BTreeMap<Digest, Used>,
    /// The last recorded check of each environment.
    pub checks: BTreeMap<EnvironmentName, Check>,
    /// The last recorded check of parity.
    pub parity: Option<Check>,
    /// How many entries were of a kind that this version does not know.
    pub unknown: usize,
    applies: u64,
    released: u64,
}

impl State {
    /// The state after all entries of a ledger, each absorbed as it is read: they are never in memory together.
    ///
    /// # Errors
    ///
    /// As [`Ledger::each`] and [`State::absorb`].
    pub fn of(ledger: &dyn Ledger) -> Result<Self, LedgerError> {
        let mut state = Self::default();
        state.catch_up(ledger)?;
        for standing in state.environments.values_mut() {
            standing.compact();
        }
        Ok(state)
    }

    /// Absorbs what was appended to the ledger since.
    ///
    /// # Errors
    ///
    /// As [`Ledger::each`] and [`State::absorb`].
    pub fn catch_up(&mut self, ledger: &dyn Ledger) -> Result<(), LedgerError> {
        ledger.each(self.sequence, &mut |entry| {
            if entry.sequence > self.sequence {
                return self.absorb(&entry);
            }
            // A look that was taken again gives what is known already.
            if entry.sequence == self.sequence && self.head != Some(entry.digest) {
                return Err(LedgerError::broken(
                    entry.sequence,
                    "it became another entry while the ledger was read",
                ));
            }
            Ok(())
        })
    }

    /// How things stand in an environment; `None` when no entry was ever about it.
    #[must_use]
    pub fn environment(&self, name: &EnvironmentName) -> Option<&EnvironmentState> {
        self.environments.get(name)
    }

    /// Returns the lease on an environment that was taken and not returned, if `holder` took it or none is known. `None`
    /// also while a holder is taking or returning it.
    #[must_use]
    pub fn lease(
        &self,
        environment: &EnvironmentName,
        holder: Option<&Holder>,
    ) -> Option<&Noted<LeaseTaken>> {
        self.environment(environment)?
            .lease
            .as_ref()
            .filter(|lease| holder.is_none_or(|holder| holder.by == lease.record.by))
    }

    /// An instance in an environment as it was last applied.
    #[must_use]
    pub fn applied(&self, environment: &EnvironmentName, instance: &Instance) -> Option<&str> {
        let applied = self.environments.get(environment)?.applied.get(instance)?;
        Some(&applied.record)
    }

    /// The number of the next apply: `a-8`.
    #[must_use]
    pub fn next_apply(&self) -> String {
        format!("a-{}", self.applies + 1)
    }

    /// The number of the next release: `r-4`.
    #[must_use]
    pub fn next_release(&self) -> String {
        format!("r-{}", self.released + 1)
    }

    /// Absorbs the next entry.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Broken`] when it is not the next, or its body is not what its kind says.
    pub fn absorb(&mut self, entry: &Entry) -> Result<(), LedgerError> {
        if entry.sequence != self.sequence + 1 {
            return Err(LedgerError::broken(
                entry.sequence,
                format!("the entry after {} was expected", self.sequence),
            ));
        }
        match chain::understand(entry)? {
            Some(record) => self.take(record, entry.sequence, entry.time),
            None => self.unknown += 1,
        }
        self.sequence = entry.sequence;
        self.head = Some(entry.digest);
        self.time = Some(entry.time);
        Ok(())
    }

    fn take(&mut self, record: Record, sequence: u64, at: Moment) {
        let note = Place { sequence, at };
        match record {
            Record::Founded(record) => self.founded = Some(record),
            Record::LeaseTaken(record) => {
                let standing = self.standing(&record.environment);
                standing.lease = Some(note.of(record));
            }
            Record::LeaseReturned(record) => self
                .standing(&record.environment)
                .return_lease(record.token),
            Record::LeaseBroken(record) => {
                let standing = self.standing(&record.environment);
                standing.broken = Some(note.of(record));
            }
            Record::ApplyStarted(record) => {
                self.applies = highest(self.applies, "a-", &record.apply);
                if record.from_file {
                    let apply = record.apply.as_str().into();
                    self.used_plans
                        .entry(record.plan)
                        .or_insert(Used { apply, at });
                }
                self.standing(&record.environment).begin(note.of(record));
            }
            Record::StepsIntended(record) => self.standing(&record.environment).intend(record),
            Record::StepsEnded(record) => {
                self.standing(&record.environment)
                    .end_steps(record, at, sequence);
            }
            Record::ApplyEnded(record) => self.standing(&record.environment).end(note.of(record)),
            Record::SuiteEnded(record) => {
                let standing = self.standing(&record.environment);
                standing.evidence.push(note.of(record));
            }
            Record::VerdictGiven(record) => {
                let standing = self.standing(&record.environment);
                standing.verdict = Some(note.of(record));
            }
            Record::Approved(record) => {
                let standing = self.standing(&record.environment);
                standing.approvals.push(note.of(record));
            }
            Record::ReleaseStarted(record) => {
                self.released = highest(self.released, "r-", &record.release);
                self.releases.push(Release {
                    started: note.of(record),
                    ended: None,
                });
            }
            Record::ReleaseEnded(record) => {
                // A release that did not end well may be finished later; one that did has ended.
                let release = self.releases.iter_mut().rev().find(|release| {
                    release.started.record.release == record.release
                        && release
                            .ended
                            .as_ref()
                            .is_none_or(|ended| ended.record.outcome != ApplyOutcome::Done)
                });
                if let Some(release) = release {
                    release.ended = Some(note.of(record));
                }
            }
            Record::DriftChecked(record) => {
                for (name, findings) in &record.environments {
                    let before = self.checks.get(name);
                    let check = Check::following(before, at, record.complete, findings);
                    self.checks.insert(name.clone(), check);
                }
                if let Some(findings) = &record.parity {
                    let before = self.parity.as_ref();
                    self.parity = Some(Check::following(before, at, record.complete, findings));
                }
            }
        }
    }

    fn standing(&mut self, environment: &EnvironmentName) -> &mut EnvironmentState {
        self.environments.entry(environment.clone()).or_default()
    }
}

/// Where in the ledger a record stands.
struct Place {
    sequence: u64,
    at: Moment,
}

impl Place {
    fn of<T>(&self, record: T) -> Noted<T> {
        Noted {
            sequence: self.sequence,
            at: self.at,
            record,
        }
    }
}

/// The higher of `so_far` and the number in `name`, and more than `so_far` when the name has none: numbers never repeat.
fn highest(so_far: u64, prefix: &str, name: &str) -> u64 {
    name.strip_prefix(prefix)
        .and_then(|number| number.parse().ok())
        .map_or(so_far + 1, |number: u64| so_far.max(number))
}

#[cfg(test)]
mod tests;
