//! Changes that an apply may make without confirmation, and environments that need no apply.

use crate::environment::Definition;
use crate::observe::Situation;
use crate::plan::Plan;
use evenkeel_ledger::State;
use evenkeel_ledger::environment_state::Apply;
use evenkeel_ledger::record::ApplyOutcome;
use evenkeel_model::{Digest, EnvironmentName};

/// Returns whether the ledger already records a complete apply of this recipe, with no open step.
#[must_use]
pub fn is_recorded(state: &State, environment: &EnvironmentName, recipe: Digest) -> bool {
    state.environment(environment).is_some_and(|standing| {
        standing.open.is_empty()
            && standing.uncertain.is_empty()
            && standing
                .settled
                .as_ref()
                .is_some_and(|settled| settled.recipe == recipe)
            && standing.last_apply.as_ref().and_then(Apply::outcome) == Some(ApplyOutcome::Done)
    })
}

/// Returns the first removals of a plan that needs a confirmation and has none: one that removes from production.
#[must_use]
pub fn unconfirmed_removals(
    definition: &Definition,
    plan: &Plan,
    confirmed: Option<&str>,
) -> Vec<String> {
    let name = &plan.environment;
    if plan.removals() == 0 || !definition.is_last(name) || confirmed == Some(name.as_str()) {
        return Vec::new();
    }
    plan.steps
        .iter()
        .filter(|step| step.is_removal())
        .take(10)
        .map(|step| step.instance.to_string())
        .collect()
}

/// Returns whether this ledger never applied anything to the environment of a situation.
#[must_use]
pub fn is_new(state: &State, situation: &Situation<'_>) -> bool {
    state
        .environment(situation.environment())
        .is_none_or(|standing| standing.last_apply.is_none())
}

/// Returns the number of declared resources that exist although this ledger never applied anything to their
/// environment: the ledger may have been lost.
#[must_use]
pub fn unrecorded(state: &State, situation: &Situation<'_>) -> usize {
    if !is_new(state, situation) {
        return 0;
    }
    situation
        .seen
        .values()
        .filter_map(|seen| seen.seen())
        .filter(|observed| observed.is_there())
        .count()
}
