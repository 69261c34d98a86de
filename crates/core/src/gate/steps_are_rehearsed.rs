//! Rule: the required share of production's steps was rehearsed in the environment before it.

use super::everything_observed::enough;
use super::{Case, Dossier, Reason, Remedy, Rule};
use evenkeel_model::defect::Code;

/// The required share of production's steps was rehearsed.
pub struct StepsAreRehearsed;

impl Rule for StepsAreRehearsed {
    const CODE: Code = Code::error(
        "gate/not-rehearsed",
        "steps of the release were not rehearsed",
        "The environment before production must have run a step of the same shape since the last release, for each step of production's plan. A step that only restores the last applied state may have been rehearsed at any time. The policy's `rehearsal` sets the share.",
    );

    fn judge(dossier: &Case<'_>) -> Vec<Reason> {
        // Each step restores a state that production had. The policy's `rehearse-rollback` rehearses them.
        if dossier.rollback.is_some() {
            return Vec::new();
        }
        // These steps restore an earlier release; that is left to another rule.
        if dossier.release.already {
            return Vec::new();
        }
        let steps = &dossier.release.steps;
        if is_enough(dossier) {
            return Vec::new();
        }
        let rehearsed = count(dossier);
        let missing: Vec<String> = steps
            .iter()
            .filter(|(_, _, rehearsed)| !rehearsed)
            .take(5)
            .map(|(instance, _, _)| instance.to_string())
            .collect();
        vec![Reason::new(
            &Self::CODE,
            format!(
                "rehearsed {rehearsed} of {}; missing: {}",
                evenkeel_model::text::count(steps.len(), "step"),
                evenkeel_model::text::list(&missing, "and")
            ),
            Remedy::Deliver,
        )]
    }
}

/// Whether the required share of steps was rehearsed.
pub(super) fn is_enough(dossier: &Dossier) -> bool {
    let steps = dossier.release.steps.len();
    enough(count(dossier), steps, dossier.policy.rehearsal)
}

/// Returns the number of rehearsed steps.
fn count(dossier: &Dossier) -> usize {
    let steps = dossier.release.steps.iter();
    steps.filter(|(_, _, rehearsed)| *rehearsed).count()
}
