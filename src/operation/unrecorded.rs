//! Things in place that nobody recorded: said aloud, since it may mean that the ledger was lost.
//!
//! Whoever uses evenkeel for the first time on what is there already hears the same, and goes on. Nothing is refused
//! here: what is found as declared is only recorded, and nothing is ever removed that this ledger did not apply.

use super::Project;
use crate::report::Report;
use evenkeel_core::apply::{OwnerStamp, is_new, unrecorded};
use evenkeel_core::observe::{Observers, Situation};
use evenkeel_ledger::State;

/// Says how much of what is declared is there although this ledger never applied anything to the environment.
pub(super) fn tell(
    project: &Project<'_>,
    state: &State,
    situation: &Situation<'_>,
    report: &mut Report,
) {
    let there = unrecorded(state, situation);
    if there == 0 {
        return;
    }
    let (name, declared) = (situation.environment(), situation.resolved.resources.len());
    report.say(format!(
        "nothing was ever applied to {name} by the ledger in `{}`, and {there} of {} {} there already: if evenkeel brought them there, that ledger was lost; restore it from a backup. Without it, what is there is taken as it is found, and what was applied once and is declared no longer goes unnoticed",
        project.store.place(),
        evenkeel_model::text::count(declared, "declared resource"),
        if there == 1 { "is" } else { "are" },
    ));
}

/// Says of targets that bear another ledger's stamp that nothing can be applied to them from here.
pub(super) fn tell_of_owners(
    project: &Project<'_>,
    state: &State,
    situation: &Situation<'_>,
    observers: &Observers<'_>,
    report: &mut Report,
) {
    if !is_new(state, situation) {
        return;
    }
    let owner = OwnerStamp::of(&project.definition.system, situation.environment(), state);
    if let Err(error) = owner.check(situation.resolved, observers) {
        report.say(format!(
            "nothing can be applied to {} from here: {error}",
            situation.environment()
        ));
    }
}
