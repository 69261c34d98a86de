//! Rule: enough of production's steps were rehearsed in the environment before it.

use super::everything_observed::enough;
use super::{Dossier, Reason, Remedy, Rule};
use evenkeel_model::defect::Code;

/// Enough of production's steps were rehearsed.
pub struct StepsAreRehearsed;

impl Rule for StepsAreRehearsed {
    const CODE: Code = Code::error(
        "gate/not-rehearsed",
        "a step of the release was not rehearsed",
        "For each step of production's plan, the environment before it must have brought the same resource to the same symbolic definition since production was last released to, or at any time where the step only restores what was last applied there. The policy's `rehearsal` says which share must be.",
    );

    fn judge(dossier: &Dossier) -> Vec<Reason> {
        // What was released before is restored by these steps, not released: that is the business of another rule.
        if dossier.release.already {
            return Vec::new();
        }
        let steps = &dossier.release.steps;
        let rehearsed = steps.iter().filter(|(_, _, rehearsed)| *rehearsed).count();
        if enough(rehearsed, steps.len(), dossier.policy.rehearsal) {
            return Vec::new();
        }
        let missing: Vec<String> = steps
            .iter()
            .filter(|(_, _, rehearsed)| !rehearsed)
            .take(5)
            .map(|(instance, _, _)| instance.to_string())
            .collect();
        vec![Reason::new(
            &Self::CODE,
            format!(
                "rehearsed {rehearsed} of {}; not {}",
                evenkeel_model::text::count(steps.len(), "step"),
                evenkeel_model::text::list(&missing, "or")
            ),
            Remedy::Deliver,
        )]
    }
}
