//! The aftermath: what is not as declared after the last step.
//!
//! A step is judged when it ends, and what it did may be undone by a later one, or by somebody else. Success is said of
//! what is there at the end, of every resource, whether or not it had a step.

use std::collections::HashMap;

use super::execute::{ApplyReport, StepReport};
use crate::kind::Observation;
use crate::observe::Situation;
use evenkeel_ledger::record::{ApplyOutcome, StepOutcome, Verb};
use evenkeel_model::{Instance, beside};

/// Takes success back where the observation after the last step does not show it.
pub fn judge_aftermath(situation: &Situation<'_>, report: &mut ApplyReport) {
    if report.outcome != ApplyOutcome::Done {
        return;
    }
    // Made when the first resource is wrong, which mostly none is.
    let mut numbers: Option<HashMap<Instance, usize>> = None;
    for (instance, resource, seen) in beside(situation.resolved.instances(), &situation.seen) {
        let (outcome, reason) = match seen {
            Some(Observation::Seen(observed)) => {
                let wrong = resource.declared.compare(observed);
                let Some(first) = wrong.first() else {
                    continue;
                };
                let reason = format!(
                    "after the last step, {} is {}, expected {}",
                    first.attribute, first.found, first.expected
                );
                (StepOutcome::Failed, reason)
            }
            Some(Observation::CannotTell(reason)) => (
                StepOutcome::Unknown,
                format!("unreadable after the last step: {reason}"),
            ),
            None => (
                StepOutcome::Unknown,
                "not observed after the last step".to_owned(),
            ),
        };
        if report.outcome != ApplyOutcome::Unknown {
            report.outcome = match outcome {
                StepOutcome::Unknown => ApplyOutcome::Unknown,
                StepOutcome::Failed | StepOutcome::Done => ApplyOutcome::Failed,
            };
        }
        let numbers = numbers.get_or_insert_with(|| {
            let steps = report.steps.iter().enumerate();
            steps
                .map(|(number, step)| (step.instance.clone(), number))
                .collect()
        });
        let found = numbers.get(&instance).copied();
        let (outcome, reason) = (Some(outcome), Some(reason));
        match found.and_then(|number| report.steps.get_mut(number)) {
            Some(step) => (step.outcome, step.reason) = (outcome, reason),
            None => report.steps.push(StepReport {
                instance,
                verb: Verb::Record,
                outcome,
                reason,
            }),
        }
    }
}
