//! Journal of an apply: intents before, outcomes after, each durable before anything else happens.
//!
//! Where an append is expensive, the intents of all steps are written before the first one, and their outcomes after the
//! last: a run that is killed in between leaves more steps for the next run to check, and nothing unknown.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use crate::plan::Step;
use evenkeel_ledger::record::{
    ApplyStarted, NOT_BEGUN, StepEnd, StepOutcome, StepsEnded, StepsIntended, Verb,
};
use evenkeel_ledger::{Fence, Ledger, LedgerError, Record};
use evenkeel_model::{Clock, EnvironmentName, Instance};

/// Maximum number of steps in one record: its line and the ledger's copy take some hundred bytes for each.
const TOGETHER: usize = 1_024;

/// Writes records of one apply, as long as its lease is the newest.
pub struct Journal<'a> {
    ledger: &'a dyn Ledger,
    fence: &'a Fence,
    confirm: Confirm<'a>,
    clock: &'a dyn Clock,
    apply: &'a str,
    environment: &'a EnvironmentName,
    /// The outcomes to write at the end; `None` where each is written at once.
    kept: Option<Mutex<Vec<StepEnd>>>,
}

/// Makes sure that the lease is still held.
pub type Confirm<'a> = &'a (dyn Fn() -> Result<(), LedgerError> + Sync);

/// The ledger could not be written; the apply must stop.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// Before the change: these steps left the targets unchanged.
    #[error("the intent could not be recorded, so nothing was changed")]
    Intent(#[source] LedgerError),
    /// After the change: the outcome is not recorded, and the next run observes it.
    #[error("the outcome could not be recorded; the next run will check it")]
    Outcome(#[source] LedgerError),
}

impl<'a> Journal<'a> {
    /// Returns the journal of an apply whose lease has this fence.
    pub fn new(
        ledger: &'a dyn Ledger,
        (fence, confirm): (&'a Fence, Confirm<'a>),
        clock: &'a dyn Clock,
        apply: &'a str,
        environment: &'a EnvironmentName,
    ) -> Self {
        Self {
            ledger,
            fence,
            confirm,
            clock,
            apply,
            environment,
            kept: ledger.prefers_few_appends().then(Mutex::default),
        }
    }

    /// Records that the apply started, before its first change.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be written; nothing was changed then.
    pub fn start(&self, started: ApplyStarted, steps: &[Step]) -> Result<(), LedgerError> {
        let mut records = vec![started.into()];
        if self.kept.is_some() {
            let all = steps.iter().map(|step| (step.instance.clone(), step.verb));
            records.extend(in_parts(all.collect(), |steps| self.intended(steps)));
        }
        self.write(&records)
    }

    /// Records that no step was started, where their intents are written already.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be written.
    pub fn abandon(&self, steps: &[Step]) -> Result<(), LedgerError> {
        if self.kept.is_none() || steps.is_empty() {
            return Ok(());
        }
        let ends = steps.iter().map(not_begun).collect();
        self.write(&in_parts(ends, |steps| self.outcomes(steps)))
    }

    /// Returns the apply's name.
    pub(super) const fn apply(&self) -> &'a str {
        self.apply
    }

    /// Makes sure that the lease is still held, right before a change.
    pub(super) fn confirm(&self) -> Result<(), LedgerError> {
        (self.confirm)()
    }

    pub(super) fn intend(&self, steps: Vec<(Instance, Verb)>) -> Result<(), JournalError> {
        let written = match self.kept {
            None => self.write(&in_parts(steps, |steps| self.intended(steps))),
            // The intents of all steps are there.
            Some(_) => self.confirm(),
        };
        written.map_err(JournalError::Intent)
    }

    pub(super) fn end(&self, steps: Vec<StepEnd>) -> Result<(), JournalError> {
        match &self.kept {
            None => self.write(&in_parts(steps, |steps| self.outcomes(steps))),
            Some(kept) => {
                let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                kept.extend(steps);
                Ok(())
            }
        }
        .map_err(JournalError::Outcome)
    }

    /// Writes the outcomes that were kept, and closes the intents of the steps that were not started.
    pub(super) fn finish<'s>(
        &self,
        unbegun: impl Iterator<Item = &'s Step>,
    ) -> Result<(), JournalError> {
        let Some(kept) = &self.kept else {
            return Ok(());
        };
        let mut ends = std::mem::take(&mut *kept.lock().unwrap_or_else(PoisonError::into_inner));
        let ended: BTreeSet<Instance> = ends.iter().map(|end| end.instance.clone()).collect();
        let unbegun = unbegun.filter(|step| !ended.contains(&step.instance));
        ends.extend(unbegun.map(not_begun));
        if ends.is_empty() {
            return Ok(());
        }
        self.write(&in_parts(ends, |steps| self.outcomes(steps)))
            .map_err(JournalError::Outcome)
    }

    fn intended(&self, steps: Vec<(Instance, Verb)>) -> Record {
        StepsIntended {
            apply: self.apply.to_owned(),
            environment: self.environment.clone(),
            steps,
        }
        .into()
    }

    fn outcomes(&self, steps: Vec<StepEnd>) -> Record {
        StepsEnded {
            apply: self.apply.to_owned(),
            environment: self.environment.clone(),
            steps,
        }
        .into()
    }

    /// Appends records, all or nothing.
    fn write(&self, records: &[Record]) -> Result<(), LedgerError> {
        self.ledger
            .append(self.clock.now(), records, Some(self.fence))
            .map(|_| ())
    }
}

/// Returns the end of a step that was intended and never started.
fn not_begun(step: &Step) -> StepEnd {
    StepEnd {
        instance: step.instance.clone(),
        verb: step.verb,
        // The target is unchanged.
        outcome: StepOutcome::Failed,
        shape: step.shape,
        applied: None,
        reason: Some(NOT_BEGUN.to_owned()),
    }
}

/// Returns records of bounded size about some steps.
fn in_parts<S>(steps: Vec<S>, record: impl Fn(Vec<S>) -> Record) -> Vec<Record> {
    let mut records = Vec::with_capacity(steps.len() / TOGETHER + 1);
    let mut steps = steps.into_iter();
    loop {
        records.push(record(steps.by_ref().take(TOGETHER).collect()));
        if steps.len() == 0 {
            return records;
        }
    }
}
