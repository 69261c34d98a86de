//! Aftermath of an apply: resources that differ from their definitions after the last step.
//!
//! A step is judged when it ends, but a later step or another program may undo it. So success is judged by the final
//! observation of every resource, with or without a step.

use std::collections::HashMap;

use super::execute::{ApplyReport, StepReport};
use crate::kind::Observation;
use crate::observe::Situation;
use evenkeel_ledger::record::{ApplyOutcome, StepOutcome, Verb};
use evenkeel_model::{Instance, beside};

/// Downgrades an apply whose success the observation after the last step does not confirm.
pub fn judge_aftermath(situation: &Situation<'_>, report: &mut ApplyReport) {
    if report.outcome != ApplyOutcome::Done {
        return;
    }
    // Built for the first wrong resource; mostly there is none.
    let mut numbers: Option<HashMap<Instance, usize>> = None;
    for (instance, resource, seen) in beside(situation.resolved.instances(), &situation.seen) {
        let (outcome, reason) = match seen {
            Some(Observation::Seen(observed)) if observed.unknown().is_some() => continue,
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
    for rollout in &mut report.rollouts {
        rollout.judge(situation.resolved, &report.steps);
    }
}
