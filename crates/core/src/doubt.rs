//! Doubts: decisions made between the last observation in sync and the first one with drift.
//!
//! Drift that is found later regrades earlier decisions: between the two observations nothing shows when the environment
//! changed. Pure: it takes the entries of a ledger in order. Reading them is left to the caller.

use std::collections::BTreeMap;

use evenkeel_ledger::Record;
use evenkeel_ledger::record::{ApplyOutcome, Verb};
use evenkeel_model::{Digest, EnvironmentName, Moment};

/// Codes of a verdict that did not see every environment in sync.
const NOT_IN_SYNC: &[&str] = &[
    "gate/staging-drift",
    "gate/production-drift",
    "gate/not-observed",
];

/// Purpose of an apply that restores the released state of an environment.
const REPAIR: &str = "repair";

/// Decision that relies on the state of an environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// A suite passed.
    Pass {
        /// The suite.
        suite: String,
        /// The environment it ran in.
        environment: EnvironmentName,
    },
    /// A plan was approved.
    Approval {
        /// The plan.
        plan: Digest,
        /// The account.
        by: String,
    },
    /// The gate gave a verdict.
    Verdict {
        /// The plan.
        plan: Digest,
        /// Whether the gate was open.
        open: bool,
    },
    /// A release started.
    Release {
        /// Its number, such as `r-3`.
        release: String,
    },
}

/// Entry that shows the state of an environment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// Number of the entry.
    pub entry: u64,
    /// Its time.
    pub at: Moment,
}

/// Record that shows the drift.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ShownBy {
    /// A drift check, with the fingerprints of its findings.
    Check(Vec<Digest>),
    /// A suite: the environment was another one after it than before.
    Suite(String),
    /// An apply that restored the released state, and had to change something.
    Repair(String),
}

/// Decision in doubt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doubt {
    /// The decision.
    pub decision: Decision,
    /// Entry of the decision.
    pub made: Sighting,
    /// Environment that drifted.
    pub environment: EnvironmentName,
    /// Last observation in sync before the decision; `None` if there was none.
    pub in_sync: Option<Sighting>,
    /// First observation with drift after it.
    pub drifted: Sighting,
    /// What shows the drift.
    pub shown_by: ShownBy,
    /// Whether the decision is a verdict that observed the environment in sync itself: it is doubtful only if the
    /// observation missed something.
    pub observed: bool,
}

/// Doubts about the decisions of a ledger.
#[derive(Clone, Debug)]
pub struct Doubts {
    path: Vec<EnvironmentName>,
    watches: BTreeMap<EnvironmentName, Watch>,
    found: Vec<Doubt>,
    /// Number of decisions.
    pub decisions: usize,
    /// Number of complete drift checks.
    pub checks: usize,
}

/// State of an environment, as far as entries show it.
#[derive(Clone, Debug, Default)]
struct Watch {
    in_sync: Option<Sighting>,
    /// Whether the last apply is complete.
    is_settled: bool,
    /// Running apply that restores.
    repair: Option<String>,
    /// Whether it was seen drifted, and not in sync since.
    is_drifted: bool,
    /// Decisions since the last observation in sync.
    open: Vec<Open>,
}

#[derive(Clone, Debug)]
struct Open {
    decision: Decision,
    made: Sighting,
    observed: bool,
}

impl Doubts {
    /// Creates one for a ledger whose environments are promoted in this order.
    #[must_use]
    pub fn along(path: &[EnvironmentName]) -> Self {
        Self {
            path: path.to_vec(),
            watches: BTreeMap::new(),
            found: Vec::new(),
            decisions: 0,
            checks: 0,
        }
    }

    /// Takes the next entry.
    pub fn take(&mut self, entry: u64, at: Moment, record: &Record) {
        let seen = Sighting { entry, at };
        match record {
            Record::ApplyStarted(it) => {
                let watch = self.watch(&it.environment);
                let restores = it.purpose == REPAIR && watch.is_settled;
                watch.repair = restores.then(|| it.apply.clone());
            }
            Record::StepsIntended(it) => {
                // A `record` step changes nothing.
                if it.steps.iter().all(|(_, verb)| *verb == Verb::Record) {
                    return;
                }
                match self.watch(&it.environment).repair.take() {
                    Some(apply) => self.drifted(&it.environment, seen, &ShownBy::Repair(apply)),
                    // From here on, evenkeel changes the environment: later drift says nothing about the time before.
                    None => self.watch(&it.environment).open.clear(),
                }
            }
            Record::ApplyEnded(it) => {
                let is_done = it.outcome == ApplyOutcome::Done;
                let watch = self.watch(&it.environment);
                watch.is_settled = is_done;
                if is_done && it.observation.is_some() {
                    watch.seen_in_sync(seen);
                }
            }
            Record::SuiteEnded(it) => {
                if it.passed {
                    let decision = Decision::Pass {
                        suite: it.suite.clone(),
                        environment: it.environment.clone(),
                    };
                    // `undisturbed` says that nothing changed during the run, not that it began in sync.
                    let own = std::slice::from_ref(&it.environment);
                    self.decided(own, decision, seen, false);
                }
                if !it.undisturbed {
                    let shown_by = ShownBy::Suite(it.suite.clone());
                    self.drifted(&it.environment, seen, &shown_by);
                }
            }
            Record::DriftChecked(it) if it.complete => {
                self.checks += 1;
                for (name, findings) in &it.environments {
                    let drift: Vec<Digest> = findings
                        .iter()
                        .filter(|finding| !it.pending.contains(finding))
                        .copied()
                        .collect();
                    if !drift.is_empty() {
                        self.drifted(name, seen, &ShownBy::Check(drift));
                    } else if findings.is_empty() {
                        self.watch(name).seen_in_sync(seen);
                    }
                }
            }
            Record::VerdictGiven(it) => {
                let observed = !it.shut_by.iter().any(|code| NOT_IN_SYNC.contains(&&**code));
                let decision = Decision::Verdict {
                    plan: it.plan,
                    open: it.open,
                };
                self.decided(&self.up_to(&it.environment), decision, seen, observed);
            }
            Record::Approved(it) => {
                let decision = Decision::Approval {
                    plan: it.plan,
                    by: it.by.name.clone(),
                };
                self.decided(&self.up_to(&it.environment), decision, seen, false);
            }
            Record::ReleaseStarted(it) => {
                let decision = Decision::Release {
                    release: it.release.clone(),
                };
                let relied_on = match it.rollback {
                    None => self.up_to(&it.environment),
                    // The environments before it run newer definitions.
                    Some(_) => vec![it.environment.clone()],
                };
                self.decided(&relied_on, decision, seen, false);
            }
            _ => {}
        }
    }

    /// Returns every doubt, in the order of the decisions.
    #[must_use]
    pub fn found(mut self) -> Vec<Doubt> {
        self.found.sort_by_key(|doubt| doubt.made.entry);
        self.found
    }

    fn watch(&mut self, environment: &EnvironmentName) -> &mut Watch {
        self.watches.entry(environment.clone()).or_default()
    }

    /// Returns the environments that a decision about one relies on: it, and every one before it.
    fn up_to(&self, environment: &EnvironmentName) -> Vec<EnvironmentName> {
        match self.path.iter().position(|name| name == environment) {
            Some(place) => self.path.iter().take(place + 1).cloned().collect(),
            None => vec![environment.clone()],
        }
    }

    fn decided(
        &mut self,
        environments: &[EnvironmentName],
        decision: Decision,
        made: Sighting,
        observed: bool,
    ) {
        self.decisions += 1;
        for name in environments {
            let watch = self.watch(name);
            if watch.is_drifted {
                // The gate judges known drift, so only a verdict that saw none starts another interval.
                if !observed {
                    continue;
                }
                watch.seen_in_sync(made);
            }
            watch.open.push(Open {
                decision: decision.clone(),
                made,
                observed,
            });
        }
    }

    fn drifted(&mut self, environment: &EnvironmentName, seen: Sighting, shown_by: &ShownBy) {
        let watch = self.watch(environment);
        watch.is_drifted = true;
        let in_sync = watch.in_sync;
        let open = std::mem::take(&mut watch.open);
        self.found.extend(open.into_iter().map(|open| Doubt {
            decision: open.decision,
            made: open.made,
            environment: environment.clone(),
            in_sync,
            drifted: seen,
            shown_by: shown_by.clone(),
            observed: open.observed,
        }));
    }
}

impl Watch {
    fn seen_in_sync(&mut self, seen: Sighting) {
        self.in_sync = Some(seen);
        self.is_drifted = false;
        self.open.clear();
    }
}

#[cfg(test)]
mod tests;
