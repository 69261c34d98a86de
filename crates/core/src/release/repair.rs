//! Repair of production: `apply` restores only the recipe that was released.

use evenkeel_ledger::State;
use evenkeel_ledger::record::Origin;
use evenkeel_model::{Digest, EnvironmentName};

/// Whether `apply` may bring a recipe to production.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Restoration {
    /// It is the recipe that production runs, or that a release began to bring.
    Allowed,
    /// It is another recipe. Where the running one came from, if any runs.
    OtherRecipe(Option<Origin>),
}

/// Judges whether `apply` may bring `recipe` to production.
#[must_use]
pub fn may_restore(state: &State, name: &EnvironmentName, recipe: Digest) -> Restoration {
    let settled = state
        .environment(name)
        .and_then(|standing| standing.settled.as_ref());
    let runs = settled.map(|settled| settled.recipe);
    // A release that was killed or failed half-way is resumed as well: the gate opened for that very recipe.
    let begun = state.releases.last().is_some_and(|release| {
        release.started.record.environment == *name && release.started.record.recipe == recipe
    });
    if runs == Some(recipe) || begun {
        Restoration::Allowed
    } else {
        Restoration::OtherRecipe(settled.map(|settled| settled.origin.clone()))
    }
}
