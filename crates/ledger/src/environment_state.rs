//! The state of one environment according to the ledger: applies, steps, suites, approvals and leases.
//!
//! Plain data and the rules by which entries change it. `state` assigns entries to environments.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::record::{
    ApplyEnded, ApplyOutcome, ApplyStarted, Approved, Drilled, LeaseBroken, LeaseTaken, NOT_BEGUN,
    Origin, Rejected, StepEnd, StepOutcome, StepsEnded, StepsIntended, SuiteEnded, Verb,
    VerdictGiven, Withdrawn,
};
use evenkeel_model::{Digest, Instance, Moment};
use serde::{Deserialize, Serialize};

/// The kind of the suites that run on a release.
const SMOKE: &str = "smoke";

/// A record with the number and the time of its entry.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Noted<T> {
    /// The entry's number. Compare these to order events, never times.
    pub sequence: u64,
    /// The time of the entry.
    pub at: Moment,
    /// The record.
    pub record: T,
}

/// A resource as last applied.
#[derive(Clone, Debug)]
pub struct AppliedResource {
    /// The stored form of its kind: canonical JSON.
    pub record: Box<str>,
    /// The time.
    pub at: Moment,
    /// The apply.
    pub apply: Arc<str>,
}

/// A step of evenkeel that did not succeed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailedStep {
    /// The apply.
    pub apply: Arc<str>,
    /// The time of its end.
    pub at: Moment,
    /// The reason.
    pub reason: Option<Box<str>>,
}

/// An apply and its end, if any.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Apply {
    /// The record of its start.
    pub started: Noted<ApplyStarted>,
    /// The record of its end; `None` while it runs, and for good when it was killed.
    pub ended: Option<Noted<ApplyEnded>>,
}

impl Apply {
    /// Returns its outcome, if it ended.
    #[must_use]
    pub fn outcome(&self) -> Option<ApplyOutcome> {
        self.ended.as_ref().map(|ended| ended.record.outcome)
    }
}

/// The last apply with every step done: the presumed state of the environment.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CompleteApply {
    /// The number, such as `a-7`.
    pub apply: Arc<str>,
    /// The recipe.
    pub recipe: Digest,
    /// The plan.
    pub plan: Digest,
    /// The origin of its definitions.
    pub origin: Origin,
    /// The purpose.
    pub purpose: String,
    /// The time of its end.
    pub at: Moment,
    /// The number of the entry that records its end; later rehearsals and tests have higher numbers.
    pub sequence: u64,
    /// The digest of the observation after it.
    pub observation: Option<Digest>,
}

/// The state of one environment.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct EnvironmentState {
    /// Every resource as last applied.
    #[serde(skip)]
    pub applied: BTreeMap<Instance, AppliedResource>,
    /// Steps with a recorded start and no recorded end: their state must be observed.
    pub open: BTreeMap<Instance, (Arc<str>, Verb)>,
    /// Resources whose last step ended without an observation.
    pub uncertain: BTreeSet<Instance>,
    /// Resources whose last step failed, or ended without an observation.
    pub failed: BTreeMap<Instance, FailedStep>,
    /// The last apply with every step done.
    pub settled: Option<CompleteApply>,
    /// The last apply, regardless of its outcome.
    pub last_apply: Option<Apply>,
    /// The shapes of completed steps, each with the number of its newest entry.
    #[serde(skip)]
    pub rehearsed: HashMap<Digest, u64>,
    /// The suites that ran, oldest first: the newest run of each, and the newest smoke run of each on the last release
    /// since it started. Older runs are in the ledger and decide nothing.
    pub evidence: Vec<Noted<SuiteEnded>>,
    /// The approvals of releases to this environment, oldest first.
    pub approvals: Vec<Noted<Approved>>,
    /// The rejections of releases to this environment, oldest first.
    pub rejections: Vec<Noted<Rejected>>,
    /// The withdrawals of approvals and rejections, oldest first.
    pub withdrawals: Vec<Noted<Withdrawn>>,
    /// The latest verdict on a release to this environment.
    pub verdict: Option<Noted<VerdictGiven>>,
    /// The last drill of the gate.
    pub drilled: Option<Noted<Drilled>>,
    /// The lease that was taken and not returned. Its holder may be dead: only the lock shows that.
    pub lease: Option<Noted<LeaseTaken>>,
    /// The last broken lease.
    pub broken: Option<Noted<LeaseBroken>>,
    /// The entry and the recipe of the last started release to this environment.
    pub(super) released: Option<(u64, Digest)>,
}

impl EnvironmentState {
    /// Returns whether a step of this shape was done after the entry `since`.
    #[must_use]
    pub fn has_rehearsed(&self, shape: &Digest, since: u64) -> bool {
        self.rehearsed
            .get(shape)
            .is_some_and(|sequence| *sequence > since)
    }

    /// Shrinks maps that grew one entry at a time.
    pub(super) fn compact(&mut self) {
        self.applied = std::mem::take(&mut self.applied).into_iter().collect();
        self.rehearsed.shrink_to_fit();
    }

    /// Keeps the result of a suite in place of those that it supersedes, so that the state does not grow with the number of
    /// deliveries.
    pub(super) fn keep_evidence(&mut self, noted: Noted<SuiteEnded>) {
        let released = self.released;
        let proves_release = |it: &Noted<SuiteEnded>| {
            it.record.kind == SMOKE
                && released.is_some_and(|(sequence, recipe)| {
                    it.sequence > sequence && it.record.bound.recipe == recipe
                })
        };
        let is_of_release = proves_release(&noted);
        self.evidence.retain(|earlier| {
            earlier.record.suite != noted.record.suite
                || (proves_release(earlier) && !is_of_release)
        });
        self.evidence.push(noted);
    }

    pub(super) fn begin(&mut self, started: Noted<ApplyStarted>) {
        self.last_apply = Some(Apply {
            started,
            ended: None,
        });
    }

    pub(super) fn intend(&mut self, intended: StepsIntended) {
        let apply: Arc<str> = intended.apply.into();
        for (instance, verb) in intended.steps {
            self.open.insert(instance, (Arc::clone(&apply), verb));
        }
    }

    pub(super) fn end_steps(&mut self, ended: StepsEnded, at: Moment, sequence: u64) {
        let apply: Arc<str> = ended.apply.into();
        self.rehearsed.reserve(ended.steps.len());
        for step in ended.steps {
            self.end_step(step, &apply, at, sequence);
        }
    }

    fn end_step(&mut self, step: StepEnd, apply: &Arc<str>, at: Moment, sequence: u64) {
        // Reuses the existing name, since fifty thousand resources would otherwise store each name several times.
        let instance = self
            .open
            .remove_entry(&step.instance)
            .map_or(step.instance, |(instance, _)| instance);
        if step.outcome == StepOutcome::Done {
            self.failed.remove(&instance);
        } else if step.reason.as_deref() != Some(NOT_BEGUN) {
            let failed = FailedStep {
                apply: Arc::clone(apply),
                at,
                reason: step.reason.as_deref().map(Box::from),
            };
            self.failed.insert(instance.clone(), failed);
        }
        match step.outcome {
            StepOutcome::Failed => {
                self.uncertain.remove(&instance);
            }
            StepOutcome::Unknown => {
                self.uncertain.insert(instance);
            }
            StepOutcome::Done => {
                self.uncertain.remove(&instance);
                self.rehearsed.insert(step.shape, sequence);
                if step.verb == Verb::Remove {
                    self.applied.remove(&instance);
                } else if let Some(record) = step.applied {
                    let applied = AppliedResource {
                        record: record.into(),
                        at,
                        apply: Arc::clone(apply),
                    };
                    self.applied.insert(instance, applied);
                }
            }
        }
    }

    pub(super) fn end(&mut self, ended: Noted<ApplyEnded>) {
        let Some(apply) = &mut self.last_apply else {
            return;
        };
        if apply.started.record.apply != ended.record.apply {
            return;
        }
        if ended.record.outcome == ApplyOutcome::Done {
            let started = &apply.started.record;
            self.settled = Some(CompleteApply {
                apply: started.apply.as_str().into(),
                recipe: started.recipe,
                plan: started.plan,
                origin: started.origin.clone(),
                purpose: started.purpose.clone(),
                at: ended.at,
                sequence: ended.sequence,
                observation: ended.record.observation,
            });
        }
        apply.ended = Some(ended);
    }

    pub(super) fn return_lease(&mut self, token: u64) {
        if self
            .lease
            .as_ref()
            .is_some_and(|lease| lease.record.token == token)
        {
            self.lease = None;
        }
    }
}
