//! How things stand in one environment, as far as the ledger tells: what was applied, tried, tested and decided.
//!
//! Plain data with the rules by which an entry changes it. Which environment an entry is about is for `state`.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::record::{
    ApplyEnded, ApplyOutcome, ApplyStarted, Approved, LeaseBroken, LeaseTaken, NOT_BEGUN, Origin,
    StepEnd, StepOutcome, StepsEnded, StepsIntended, SuiteEnded, Verb, VerdictGiven,
};
use evenkeel_model::{Digest, Instance, Moment};

/// A record with the number and the time of its entry.
#[derive(Clone, Debug)]
pub struct Noted<T> {
    /// The entry's number: who asks what came after what compares these, never times.
    pub sequence: u64,
    /// When it was written.
    pub at: Moment,
    /// The record.
    pub record: T,
}

/// A resource as it was last applied.
#[derive(Clone, Debug)]
pub struct AppliedResource {
    /// What its kind kept of it: canonical JSON.
    pub record: Box<str>,
    /// When.
    pub at: Moment,
    /// By which apply.
    pub apply: Arc<str>,
}

/// A step of evenkeel's own that did not succeed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailedStep {
    /// Its apply.
    pub apply: Arc<str>,
    /// When it ended.
    pub at: Moment,
    /// Why.
    pub reason: Option<Box<str>>,
}

/// An apply, and how it ended if it did.
#[derive(Clone, Debug)]
pub struct Apply {
    /// How it began.
    pub started: Noted<ApplyStarted>,
    /// How it ended; `None` while it runs, and for ever when it was killed.
    pub ended: Option<Noted<ApplyEnded>>,
}

impl Apply {
    /// How it ended, if it did.
    #[must_use]
    pub fn outcome(&self) -> Option<ApplyOutcome> {
        self.ended.as_ref().map(|ended| ended.record.outcome)
    }
}

/// The last apply that ended with every step done: what the environment is believed to run.
#[derive(Clone, Debug)]
pub struct CompleteApply {
    /// Its number: `a-7`.
    pub apply: Arc<str>,
    /// Its recipe.
    pub recipe: Digest,
    /// Its plan.
    pub plan: Digest,
    /// Where its definitions came from.
    pub origin: Origin,
    /// What it was for.
    pub purpose: String,
    /// When it ended.
    pub at: Moment,
    /// The number of the entry that says so: what is rehearsed or tested since has a higher one.
    pub sequence: u64,
    /// What was observed afterwards.
    pub observation: Option<Digest>,
}

/// How things stand in one environment.
#[derive(Clone, Debug, Default)]
pub struct EnvironmentState {
    /// Every resource as it was last applied.
    pub applied: BTreeMap<Instance, AppliedResource>,
    /// Steps that were intended and have no end: to be looked at, never believed.
    pub open: BTreeMap<Instance, (Arc<str>, Verb)>,
    /// Resources whose last step ended unseen.
    pub uncertain: BTreeSet<Instance>,
    /// Resources whose last step failed, or ended unseen.
    pub failed: BTreeMap<Instance, FailedStep>,
    /// The last apply that ended with every step done.
    pub settled: Option<CompleteApply>,
    /// The last apply, however it ended.
    pub last_apply: Option<Apply>,
    /// The shapes of the steps done here, each with the number of the newest entry that says so.
    pub rehearsed: HashMap<Digest, u64>,
    /// The suites that ran here, oldest first.
    pub evidence: Vec<Noted<SuiteEnded>>,
    /// The approvals of releases to here, oldest first.
    pub approvals: Vec<Noted<Approved>>,
    /// The latest verdict on a release to here.
    pub verdict: Option<Noted<VerdictGiven>>,
    /// The lease that was taken and not given back. Its holder may be dead: only its lock knows.
    pub lease: Option<Noted<LeaseTaken>>,
    /// The last lease that was taken away from its holder.
    pub broken: Option<Noted<LeaseBroken>>,
}

impl EnvironmentState {
    /// Whether a step of this shape was done here after the entry `since`.
    #[must_use]
    pub fn has_rehearsed(&self, shape: &Digest, since: u64) -> bool {
        self.rehearsed
            .get(shape)
            .is_some_and(|sequence| *sequence > since)
    }

    /// Closes the gaps that maps have between entries which came one by one.
    pub(super) fn compact(&mut self) {
        self.applied = std::mem::take(&mut self.applied).into_iter().collect();
        self.rehearsed.shrink_to_fit();
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
        // The name that is already kept is used again: fifty thousand resources have fifty thousand names, not more.
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
