//! The journal of an apply: intents before, outcomes after, each durable before anything else happens.

use evenkeel_ledger::record::{StepEnd, StepsEnded, StepsIntended, Verb};
use evenkeel_ledger::{Fence, Ledger, LedgerError, Record};
use evenkeel_model::{Clock, EnvironmentName, Instance};

/// At most so many steps stand in one record: its line, and the copy of it that the ledger makes, take some hundred
/// bytes for each.
const TOGETHER: usize = 1_024;

/// Writes about one apply, as long as its lease is the newest.
pub struct Journal<'a> {
    /// The ledger.
    pub ledger: &'a dyn Ledger,
    /// The right to write.
    pub fence: &'a Fence,
    /// The clock.
    pub clock: &'a dyn Clock,
    /// The apply.
    pub apply: &'a str,
    /// The environment.
    pub environment: &'a EnvironmentName,
}

/// The ledger could not be written: nothing more may be done.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// Before anything was done: the targets are untouched by the steps in question.
    #[error("what was about to be done could not be written down, so it was not done")]
    Intent(#[source] LedgerError),
    /// After something was done: what came of it is not recorded, and will be looked at by the next run.
    #[error("the outcome could not be recorded; the next run will check it")]
    Outcome(#[source] LedgerError),
}

impl JournalError {
    /// The cause.
    #[must_use]
    pub fn cause(&self) -> &LedgerError {
        match self {
            Self::Intent(cause) | Self::Outcome(cause) => cause,
        }
    }
}

impl Journal<'_> {
    pub(super) fn intend(&self, steps: Vec<(Instance, Verb)>) -> Result<(), JournalError> {
        self.append(steps, |steps| {
            StepsIntended {
                apply: self.apply.to_owned(),
                environment: self.environment.clone(),
                steps,
            }
            .into()
        })
        .map_err(JournalError::Intent)
    }

    pub(super) fn end(&self, steps: Vec<StepEnd>) -> Result<(), JournalError> {
        self.append(steps, |steps| {
            StepsEnded {
                apply: self.apply.to_owned(),
                environment: self.environment.clone(),
                steps,
            }
            .into()
        })
        .map_err(JournalError::Outcome)
    }

    /// Appends what was or will be done, all or nothing, in records of a size that costs little memory.
    fn append<S>(
        &self,
        steps: Vec<S>,
        record: impl Fn(Vec<S>) -> Record,
    ) -> Result<(), LedgerError> {
        let mut records = Vec::with_capacity(steps.len() / TOGETHER + 1);
        let mut steps = steps.into_iter();
        loop {
            records.push(record(steps.by_ref().take(TOGETHER).collect()));
            if steps.len() == 0 {
                break;
            }
        }
        self.ledger
            .append(self.clock.now(), &records, Some(self.fence))
            .map(|_| ())
    }
}
