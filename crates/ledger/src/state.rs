//! The state: the fold of all entries.
//!
//! It trusts the entries; the reader verifies them. Records of a kind that a newer version added are counted and
//! skipped.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::checks::Check;
use super::environment_state::{EnvironmentState, Noted};
use super::lease::Holder;
use super::record::{
    ApplyOutcome, FollowedUp, Founded, GlassBroken, LeaseTaken, Record, ReleaseEnded,
    ReleaseStarted,
};
use super::timeline::Timeline;
use super::times::Times;
use super::{Entry, Ledger, LedgerError, chain};
use evenkeel_model::{Digest, EnvironmentName, Instance, Moment};
use serde::{Deserialize, Serialize};

/// A release and its end, if any.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Release {
    /// The record of its start.
    pub started: Noted<ReleaseStarted>,
    /// The latest record of its end; `None` while it runs, and after a kill until a later run finishes it.
    pub ended: Option<Noted<ReleaseEnded>>,
}

/// A break-glass and its review, if any.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct BreakGlass {
    /// The record, which was written before anything changed.
    pub broken: Noted<GlassBroken>,
    /// The review by another person; until then every report shows it.
    pub followed_up: Option<Noted<FollowedUp>>,
}

/// The use of a saved plan, which cannot be used again.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Used {
    /// The apply.
    pub apply: Arc<str>,
    /// The start time of that apply.
    pub at: Moment,
}

/// The state of a ledger. Its serialized form is part of [`State::encode`], without the large tables.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct State {
    /// The founding record.
    pub founded: Option<Founded>,
    /// The number of the last absorbed entry.
    pub sequence: u64,
    /// The digest of that entry.
    pub head: Option<Digest>,
    /// The time of that entry.
    pub time: Option<Moment>,
    /// Every environment with an entry.
    pub environments: BTreeMap<EnvironmentName, EnvironmentState>,
    /// All releases, oldest first.
    pub releases: Vec<Release>,
    /// Every break-glass, oldest first.
    pub break_glass: Vec<BreakGlass>,
    /// Applied plans from files.
    pub used_plans: BTreeMap<Digest, Used>,
    /// The last recorded check of each environment.
    pub checks: BTreeMap<EnvironmentName, Check>,
    /// The last recorded check of parity.
    pub parity: Option<Check>,
    /// The place where this ledger goes on, if it was moved.
    pub moved: Option<String>,
    /// The newest events.
    pub timeline: Timeline,
    /// Which parts of the ledger may have entries of a period.
    pub times: Times,
    /// The number of entries of a kind that this version does not know.
    pub unknown: usize,
    applies: u64,
    released: u64,
    broken: u64,
}

impl State {
    /// Returns the state after all entries of a ledger, each verified and absorbed in order. A snapshot is not read: what
    /// judges a release or changes production starts from the entries alone.
    ///
    /// # Errors
    ///
    /// Like [`Ledger::each_record`] and [`State::absorb`].
    pub fn of(ledger: &dyn Ledger) -> Result<Self, LedgerError> {
        let mut state = Self::default();
        state.catch_up(ledger)?;
        Ok(state.compacted())
    }

    /// Returns the same state from a snapshot where the backend has one that counts, and from the entries after it.
    ///
    /// # Errors
    ///
    /// Like [`State::of`].
    pub fn current(ledger: &dyn Ledger) -> Result<Self, LedgerError> {
        let Some(mut state) = ledger.snapshot() else {
            return Self::of(ledger);
        };
        state.catch_up(ledger)?;
        Ok(state)
    }

    /// Absorbs the entries appended since.
    ///
    /// # Errors
    ///
    /// Like [`Ledger::each_record`] and [`State::absorb`].
    pub fn catch_up(&mut self, ledger: &dyn Ledger) -> Result<(), LedgerError> {
        ledger.each_record(self.sequence, &mut |entry, record| {
            let changed = |sequence| {
                Err(LedgerError::broken(
                    sequence,
                    "the entry changed while the ledger was read",
                ))
            };
            if entry.sequence > self.sequence {
                if self.head.is_some_and(|head| head != entry.previous) {
                    return changed(self.sequence);
                }
                return self.absorb_record(&entry, record);
            }
            // A restarted read delivers known entries again.
            if entry.sequence == self.sequence && self.head != Some(entry.digest) {
                return changed(entry.sequence);
            }
            Ok(())
        })
    }

    /// Shrinks maps that grew one entry at a time.
    pub(crate) fn compacted(mut self) -> Self {
        for standing in self.environments.values_mut() {
            standing.compact();
        }
        self
    }

    /// Rejects an append to a ledger that goes on elsewhere, which would fork it.
    ///
    /// # Errors
    ///
    /// [`LedgerError::GoesOnElsewhere`].
    pub fn may_go_on(&self) -> Result<(), LedgerError> {
        match &self.moved {
            None => Ok(()),
            Some(to) => Err(LedgerError::GoesOnElsewhere { to: to.clone() }),
        }
    }

    /// Returns the state of an environment; `None` when it has no entry.
    #[must_use]
    pub fn environment(&self, name: &EnvironmentName) -> Option<&EnvironmentState> {
        self.environments.get(name)
    }

    /// Returns the unreturned lease on an environment, if `holder` took it or no holder is known. Also `None` while a
    /// holder is taking or returning it.
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

    /// Returns an instance in an environment as last applied.
    #[must_use]
    pub fn applied(&self, environment: &EnvironmentName, instance: &Instance) -> Option<&str> {
        let applied = self.environments.get(environment)?.applied.get(instance)?;
        Some(&applied.record)
    }

    /// Returns the number of the next apply, such as `a-8`.
    #[must_use]
    pub fn next_apply(&self) -> String {
        format!("a-{}", self.applies + 1)
    }

    /// Returns the number of the next release, such as `r-4`.
    #[must_use]
    pub fn next_release(&self) -> String {
        format!("r-{}", self.released + 1)
    }

    /// Returns whether a release was made although the gate was shut.
    #[must_use]
    pub fn is_break_glass(&self, release: &str) -> bool {
        let mut all = self.break_glass.iter();
        all.any(|it| it.broken.record.release == release)
    }

    /// Returns the name of the next break-glass.
    #[must_use]
    pub fn next_break_glass(&self) -> String {
        format!("b-{}", self.broken + 1)
    }

    /// Absorbs the next entry.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Broken`] when it is not the next, or its body does not match its kind.
    pub fn absorb(&mut self, entry: &Entry) -> Result<(), LedgerError> {
        self.absorb_record(entry, chain::understand(entry)?)
    }

    /// Absorbs the next entry, whose record is known.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Broken`] when it is not the next.
    pub(crate) fn absorb_record(
        &mut self,
        entry: &Entry,
        record: Option<Record>,
    ) -> Result<(), LedgerError> {
        if entry.sequence != self.sequence + 1 {
            return Err(LedgerError::broken(
                entry.sequence,
                format!("expected the entry after {}", self.sequence),
            ));
        }
        match record {
            Some(record) => self.take(record, entry.sequence, entry.time),
            None => self.unknown += 1,
        }
        self.times.note(entry.sequence, entry.time);
        self.sequence = entry.sequence;
        self.head = Some(entry.digest);
        self.time = Some(entry.time);
        Ok(())
    }

    fn take(&mut self, record: Record, sequence: u64, at: Moment) {
        self.timeline.note(&record, sequence, at);
        let note = Place { sequence, at };
        match record {
            Record::Founded(record) => self.founded = Some(record),
            Record::Moved(record) => self.moved = Some(record.to),
            // A decision for readers of the log: the next apply checks the stamps itself.
            Record::TargetsAdopted(_)
            | Record::NotificationFailed(_)
            | Record::Refused(_)
            | Record::Overridden(_) => {}
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
                standing.keep_evidence(note.of(record));
            }
            Record::VerdictGiven(record) => {
                let standing = self.standing(&record.environment);
                standing.verdict = Some(note.of(record));
            }
            Record::Approved(record) => {
                let standing = self.standing(&record.environment);
                standing.approvals.push(note.of(record));
            }
            Record::Rejected(record) => {
                let standing = self.standing(&record.environment);
                standing.rejections.push(note.of(record));
            }
            Record::Withdrawn(record) => {
                let standing = self.standing(&record.environment);
                standing.withdrawals.push(note.of(record));
            }
            Record::Drilled(record) => {
                let standing = self.standing(&record.environment);
                standing.drilled = Some(note.of(record));
            }
            Record::GlassBroken(record) => {
                self.broken = highest(self.broken, "b-", &record.break_glass);
                self.break_glass.push(BreakGlass {
                    broken: note.of(record),
                    followed_up: None,
                });
            }
            Record::FollowedUp(record) => {
                let mut all = self.break_glass.iter_mut().rev();
                let it = all.find(|it| it.broken.record.break_glass == record.break_glass);
                if let Some(it) = it.filter(|it| it.followed_up.is_none()) {
                    it.followed_up = Some(note.of(record));
                }
            }
            Record::ReleaseStarted(record) => {
                self.released = highest(self.released, "r-", &record.release);
                self.standing(&record.environment).released = Some((sequence, record.recipe));
                self.releases.push(Release {
                    started: note.of(record),
                    ended: None,
                });
            }
            Record::ReleaseEnded(record) => {
                // An unsuccessful release may be finished later; a successful one has ended.
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
                    let before = self.checks.remove(name);
                    let (check, _) = Check::following(before, at, &record, findings);
                    self.checks.insert(name.clone(), check);
                }
                if let Some(findings) = &record.parity {
                    let before = self.parity.take();
                    self.parity = Some(Check::following(before, at, &record, findings).0);
                }
            }
        }
    }

    fn standing(&mut self, environment: &EnvironmentName) -> &mut EnvironmentState {
        self.environments.entry(environment.clone()).or_default()
    }
}

/// The position of a record in the ledger.
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

/// Returns the higher of `so_far` and the number in `name`, and more than `so_far` when the name has none, so numbers
/// never repeat.
fn highest(so_far: u64, prefix: &str, name: &str) -> u64 {
    name.strip_prefix(prefix)
        .and_then(|number| number.parse().ok())
        .map_or(so_far + 1, |number: u64| so_far.max(number))
}

mod encoded;
#[cfg(test)]
mod tests;
