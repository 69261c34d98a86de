//! The four DORA figures of an environment, from its ledger and the commits that each release brought.
//!
//! Pure: it takes the entries of a ledger in order. Reading them, and asking git, is left to the caller.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use evenkeel_ledger::Record;
use evenkeel_ledger::record::{ApplyOutcome, Origin};
use evenkeel_model::{Digest, EnvironmentName, Moment};

/// Fewest events of a figure: fewer say nothing about the next one.
pub const FEWEST: usize = 5;

/// Kinds of entries that the figures need.
pub const KINDS: &[&str] = &[
    "founded",
    "apply-started",
    "apply-ended",
    "glass-broken",
    "release-started",
    "release-ended",
];

const WEEK: f64 = 7.0 * 24.0 * 3600.0;

/// Period: its start is part of it, its end is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Start.
    pub since: Moment,
    /// End.
    pub until: Moment,
}

impl Window {
    fn has(&self, at: Moment) -> bool {
        (self.since..self.until).contains(&at)
    }
}

/// Commit that a release brought, with the time at which it was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The commit.
    pub commit: String,
    /// Its time.
    pub time: Moment,
}

/// Question to git: the commits that a release brought first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Brought {
    /// The release.
    pub release: String,
    /// Its commit.
    pub commit: String,
    /// The commit of the release before it; `None` for the first one.
    pub before: Option<String>,
}

/// Figure of times. The values are `None` below [`FEWEST`] events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Times {
    /// Number of events.
    pub events: usize,
    /// Half of them took at most this long.
    pub median: Option<Duration>,
    /// Nine of ten took at most this long.
    pub ninetieth: Option<Duration>,
}

/// Figure of a frequency or a share. The value is `None` below [`FEWEST`] events.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Ratio {
    /// Number of events.
    pub events: usize,
    /// The value.
    pub value: Option<f64>,
}

/// The figures of a period.
#[derive(Clone, Debug, PartialEq)]
pub struct Figures {
    /// The period, which starts at the founding of the ledger at the earliest.
    pub window: Window,
    /// Number of releases that ended in it, without rollbacks.
    pub releases: usize,
    /// Number of these that were made by break-glass.
    pub break_glass: usize,
    /// Number of completed rollbacks.
    pub rollbacks: usize,
    /// Releases that failed or were rolled back.
    pub failed: Vec<String>,
    /// Releases without a recorded end.
    pub unfinished: Vec<String>,
    /// Successful releases in a week.
    pub frequency: Ratio,
    /// From a commit to the end of the release that brought it.
    pub lead_time: Times,
    /// Releases whose commits are unknown.
    pub unknown: Vec<String>,
    /// Share of the releases that failed.
    pub failure_rate: Ratio,
    /// From a failed release to the next good state.
    pub recovery: Times,
    /// Releases that failed before the end of the period, without a recovery in it.
    pub open: Vec<String>,
}

/// Release, as the ledger records it.
#[derive(Clone, Debug)]
struct Deployment {
    name: String,
    started: Moment,
    recipe: Digest,
    /// Its commit; `None` if no commit contains its definitions.
    commit: Option<String>,
    /// Release that it rolls back.
    undoes: Option<String>,
    /// Whether another run changed the environment before this one recorded its end.
    was_killed: bool,
    ends: Vec<End>,
}

#[derive(Clone, Copy, Debug)]
struct End {
    at: Moment,
    is_done: bool,
    /// Whether no smoke suite failed.
    is_good: bool,
}

impl Deployment {
    /// Returns the first recorded end: a later one finishes a release that failed.
    fn ended(&self) -> Option<End> {
        self.ends.first().copied()
    }

    /// Returns when every step was done.
    fn done(&self) -> Option<Moment> {
        self.ends.iter().find(|end| end.is_done).map(|end| end.at)
    }

    /// Returns when it succeeded: every step was done and no smoke suite failed.
    fn good(&self) -> Option<Moment> {
        self.ends.iter().find(|end| end.is_good).map(|end| end.at)
    }
}

/// Releases to one environment.
#[derive(Clone, Debug)]
pub struct Deployments {
    environment: EnvironmentName,
    founded: Option<Moment>,
    all: Vec<Deployment>,
    broken: BTreeSet<String>,
    /// Running apply that belongs to no release, with its recipe.
    running: Option<(String, Digest)>,
    /// Such applies that restored a recipe.
    restored: Vec<(Moment, Digest)>,
}

impl Deployments {
    /// Returns no releases to an environment yet.
    #[must_use]
    pub fn to(environment: &EnvironmentName) -> Self {
        Self {
            environment: environment.clone(),
            founded: None,
            all: Vec::new(),
            broken: BTreeSet::new(),
            running: None,
            restored: Vec::new(),
        }
    }

    /// Takes the next entry.
    pub fn take(&mut self, at: Moment, record: &Record) {
        if let Record::Founded(_) = record {
            self.founded = self.founded.or(Some(at));
        }
        if record.environment() != Some(&self.environment) {
            return;
        }
        match record {
            Record::GlassBroken(it) => {
                self.broken.insert(it.release.clone());
            }
            Record::ReleaseStarted(it) => {
                self.find_killed();
                self.all.push(Deployment {
                    name: it.release.clone(),
                    started: at,
                    recipe: it.recipe,
                    commit: it.origin.as_ref().and_then(committed),
                    undoes: it.rollback.as_ref().map(|rollback| rollback.undoes.clone()),
                    was_killed: false,
                    ends: Vec::new(),
                });
            }
            Record::ReleaseEnded(it) => {
                let mut all = self.all.iter_mut().rev();
                let Some(release) = all.find(|release| release.name == it.release) else {
                    return;
                };
                let is_done = it.outcome == ApplyOutcome::Done;
                release.ends.push(End {
                    at,
                    is_done,
                    is_good: is_done && it.smoke != Some(false),
                });
                // Earlier versions recorded the commit with the end only.
                if release.commit.is_none() && it.commit.is_some() {
                    release.commit.clone_from(&it.commit);
                }
            }
            Record::ApplyStarted(it) => {
                let is_own = matches!(&*it.purpose, "apply" | "repair");
                if is_own {
                    self.find_killed();
                }
                self.running = is_own.then(|| (it.apply.clone(), it.recipe));
            }
            Record::ApplyEnded(it) => {
                let ended = self.running.take_if(|(apply, _)| *apply == it.apply);
                if let (Some((_, recipe)), ApplyOutcome::Done) = (ended, it.outcome) {
                    self.restored.push((at, recipe));
                }
            }
            _ => {}
        }
    }

    /// Marks releases that have no end although another run started.
    fn find_killed(&mut self) {
        let open = self
            .all
            .iter_mut()
            .filter(|release| release.ends.is_empty());
        open.for_each(|release| release.was_killed = true);
    }

    /// Returns the questions to git: the commits of each successful release of the period.
    #[must_use]
    pub fn brought(&self, window: Window) -> Vec<Brought> {
        let mut before: Option<&String> = None;
        let mut all = Vec::new();
        for release in self.releases() {
            let (Some(commit), Some(done)) = (&release.commit, release.done()) else {
                continue;
            };
            if window.has(done) && before != Some(commit) {
                all.push(Brought {
                    release: release.name.clone(),
                    commit: commit.clone(),
                    before: before.cloned(),
                });
            }
            before = Some(commit);
        }
        all
    }

    /// Returns the figures of a period. `changes` has the answers to [`Self::brought`] that are known, by release.
    #[must_use]
    pub fn figures(&self, window: Window, changes: &BTreeMap<String, Vec<Change>>) -> Figures {
        let window = Window {
            since: self
                .founded
                .map_or(window.since, |founded| founded.max(window.since)),
            ..window
        };
        let ended: Vec<&Deployment> = self
            .releases()
            .filter(|release| release.ended().is_some_and(|end| window.has(end.at)))
            .collect();
        let failed: Vec<&Deployment> = ended
            .iter()
            .copied()
            .filter(|release| self.failure(release).is_some())
            .collect();
        let done = self
            .releases()
            .filter(|release| release.done().is_some_and(|at| window.has(at)));
        let (lead_times, unknown) = self.lead_times(window, changes);
        let (recoveries, open) = self.recoveries(window);
        let rollbacks = self.all.iter().filter(|release| release.undoes.is_some());
        let length = window.until.since(window.since).as_secs_f64();
        let names = |all: &[&Deployment]| all.iter().map(|it| it.name.clone()).collect();
        Figures {
            window,
            releases: ended.len(),
            break_glass: ended
                .iter()
                .filter(|release| self.broken.contains(&release.name))
                .count(),
            rollbacks: rollbacks
                .filter(|release| release.done().is_some_and(|at| window.has(at)))
                .count(),
            unfinished: names(
                &self
                    .releases()
                    .filter(|release| release.ends.is_empty() && release.started < window.until)
                    .collect::<Vec<_>>(),
            ),
            frequency: ratio(done.count(), |events| events * WEEK / length.max(1.0)),
            lead_time: times(lead_times),
            unknown,
            failure_rate: ratio(ended.len(), |events| number(failed.len()) / events),
            failed: names(&failed),
            recovery: times(recoveries),
            open,
        }
    }

    /// Returns the releases that are no rollbacks.
    fn releases(&self) -> impl Iterator<Item = &Deployment> {
        self.all.iter().filter(|release| release.undoes.is_none())
    }

    /// Returns when a release failed: its start, if it was killed; its first end, if that is no success; its success, if it
    /// was rolled back later.
    fn failure(&self, release: &Deployment) -> Option<Moment> {
        let ended = release.ended()?;
        if release.was_killed {
            return Some(release.started);
        }
        let was_undone = || {
            let mut later = self.all.iter();
            later.any(|it| it.undoes.as_ref() == Some(&release.name) && it.done().is_some())
        };
        (!ended.is_good || was_undone()).then_some(ended.at)
    }

    /// Returns the time from each commit to the end of the release that brought it first, and the releases without a known
    /// commit.
    fn lead_times(
        &self,
        window: Window,
        changes: &BTreeMap<String, Vec<Change>>,
    ) -> (Vec<Duration>, Vec<String>) {
        let asked: BTreeSet<String> = self
            .brought(window)
            .into_iter()
            .map(|asked| asked.release)
            .collect();
        let mut counted: BTreeSet<&str> = BTreeSet::new();
        let mut lead_times = Vec::new();
        let mut unknown = Vec::new();
        for release in self.releases() {
            let Some(done) = release.done().filter(|at| window.has(*at)) else {
                continue;
            };
            match changes.get(&release.name) {
                Some(changes) => {
                    let new = changes.iter().filter(|it| counted.insert(&it.commit));
                    // A clock that was ahead makes no negative time.
                    lead_times.extend(new.map(|change| done.since(change.time)));
                }
                None if release.commit.is_none() || asked.contains(&release.name) => {
                    unknown.push(release.name.clone());
                }
                // The commit of the release before it: it brought no commit.
                None => {}
            }
        }
        (lead_times, unknown)
    }

    /// Returns the time from each failed release to its recovery in the period, and the releases without one.
    fn recoveries(&self, window: Window) -> (Vec<Duration>, Vec<String>) {
        let mut recoveries = Vec::new();
        let mut open = Vec::new();
        for release in self.releases() {
            let Some(failed) = self.failure(release).filter(|at| *at < window.until) else {
                continue;
            };
            // Its own later end, the next good release or rollback, or an apply that restored the recipe before it.
            let releases = self.all.iter().filter_map(Deployment::good);
            let restored = self.restored.iter();
            let restored = restored.filter(|(_, recipe)| *recipe != release.recipe);
            let recovered = releases
                .chain(restored.map(|(at, _)| *at))
                .filter(|at| *at > failed)
                .min();
            match recovered.filter(|at| *at < window.until) {
                Some(at) if at >= window.since => recoveries.push(at.since(failed)),
                Some(_) => {}
                None => open.push(release.name.clone()),
            }
        }
        (recoveries, open)
    }
}

/// Returns the commit that contains the definitions.
fn committed(origin: &Origin) -> Option<String> {
    origin.commit.clone().filter(|_| !origin.dirty)
}

fn ratio(events: usize, value: impl FnOnce(f64) -> f64) -> Ratio {
    Ratio {
        events,
        value: (events >= FEWEST).then(|| value(number(events))),
    }
}

/// Returns the figure of times: each percentile is one of them, by the nearest rank.
fn times(mut all: Vec<Duration>) -> Times {
    all.sort_unstable();
    let events = all.len();
    let nearest = |percent: usize| {
        let rank = (events * percent).div_ceil(100).max(1);
        all.get(rank - 1).copied().filter(|_| events >= FEWEST)
    };
    Times {
        events,
        median: nearest(50),
        ninetieth: nearest(90),
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts here are below 2^52")]
fn number(count: usize) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests;
