//! Rehearsal: steps of a plan that were done before, on the preceding stage.

use super::rollback::in_effect;
use crate::environment::Definition;
use crate::observe::Situation;
use crate::plan::{Plan, Step};
use evenkeel_ledger::State;
use evenkeel_model::{Digest, EnvironmentName};

/// Returns for each step whether it only restores the last applied state of an unchanged definition.
#[must_use]
pub fn restored(situation: &Situation<'_>, plan: &Plan) -> Vec<bool> {
    let is_unchanged = |step: &Step| {
        let applied = situation.applied.get(&step.instance);
        applied.is_some_and(|applied| applied.unchanged)
    };
    plan.steps.iter().map(is_unchanged).collect()
}

/// Returns for each step whether an environment of the preceding stage did a step of the same shape; `None` for the
/// first stage. Only steps since the last release count, except for a step that only restores: staging has no reason to
/// repeat that one.
#[must_use]
pub fn rehearsed(
    definition: &Definition,
    state: &State,
    plan: &Plan,
    restored: &[bool],
) -> Option<Vec<bool>> {
    let stage = definition.stage_of(&plan.environment)?;
    let before = definition.stages.get(stage.checked_sub(1)?)?;
    let since = last_release(state, &plan.environment);
    let has_done = |(number, step): (usize, &Step)| {
        // Nothing changes but the ledger, and no environment before has this host.
        if step.successor.as_ref() == Some(&step.instance) && step.actions.is_empty() {
            return true;
        }
        let is_restored = restored.get(number) == Some(&true);
        let since = if is_restored { 0 } else { since };
        let mut standings = before.iter().filter_map(|name| state.environment(name));
        standings.any(|standing| standing.has_rehearsed(&step.shape, since))
    };
    Some(plan.steps.iter().enumerate().map(has_done).collect())
}

/// Returns the entry that ended the release in effect in an environment; zero if there was none. After a rollback that is
/// the restored release: everything that the environments before did since then is new to this one.
#[must_use]
pub fn last_release(state: &State, environment: &EnvironmentName) -> u64 {
    in_effect(state, environment)
        .and_then(|release| release.ended.as_ref())
        .map_or(0, |ended| ended.sequence)
}

/// Returns whether an environment runs this recipe since a successful release.
#[must_use]
pub fn already(state: &State, production: &EnvironmentName, recipe: Digest) -> bool {
    last_release(state, production) > 0
        && state
            .environment(production)
            .and_then(|standing| standing.settled.as_ref())
            .is_some_and(|settled| settled.recipe == recipe)
}
