//! Changes that an apply may make without confirmation, and environments that need no apply.

use crate::environment::Definition;
use crate::kind::{Observation, Observed, Reach};
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
/// environment, and the number of all: the ledger may have been lost. A package, an account or a service says nothing,
/// since systems come with them.
#[must_use]
pub fn unrecorded(state: &State, situation: &Situation<'_>) -> (usize, usize) {
    if !is_new(state, situation) {
        return (0, 0);
    }
    let concerned = situation
        .resolved
        .instances()
        .filter(|(_, resource)| resource.declared.traits().reach == Reach::Place);
    let mut numbers = (0, 0);
    for (instance, _) in concerned {
        let seen = situation.seen.get(&instance);
        let is_there = seen
            .and_then(Observation::seen)
            .is_some_and(Observed::is_there);
        numbers.0 += usize::from(is_there);
        numbers.1 += 1;
    }
    numbers
}
