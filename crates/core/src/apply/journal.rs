//! Journal of an apply: intents before, outcomes after, each durable before anything else happens.

use evenkeel_ledger::record::{StepEnd, StepsEnded, StepsIntended, Verb};
use evenkeel_ledger::{Fence, Ledger, LedgerError, Record};
use evenkeel_model::{Clock, EnvironmentName, Instance};

/// Maximum number of steps in one record: its line and the ledger's copy take some hundred bytes for each.
const TOGETHER: usize = 1_024;

/// Writes records of one apply, as long as its lease is the newest.
pub struct Journal<'a> {
    /// The ledger.
    pub ledger: &'a dyn Ledger,
    /// Permission to write.
    pub fence: &'a Fence,
    /// The clock.
    pub clock: &'a dyn Clock,
    /// The apply.
    pub apply: &'a str,
    /// The environment.
    pub environment: &'a EnvironmentName,
}

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

impl JournalError {
    /// Returns the cause.
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

    /// Appends intents or outcomes, all or nothing, in records of bounded size.
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
