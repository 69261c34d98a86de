//! Resources without a record in the ledger: a warning, since the ledger may have been lost.
//!
//! The first use of evenkeel on an existing system gives the same warning. Nothing is refused here: a resource that
//! matches its definition is only recorded, and evenkeel never removes a resource that this ledger did not apply.

use super::Project;
use crate::report::Report;
use evenkeel_core::apply::{OwnerStamp, is_new, unrecorded};
use evenkeel_core::observe::{Observers, Situation};
use evenkeel_core::plan::Unreachable;
use evenkeel_ledger::State;

/// Warns if declared resources exist although this ledger has no apply to the environment.
pub(super) fn tell(
    project: &Project<'_>,
    state: &State,
    situation: &Situation<'_>,
    report: &mut Report,
) {
    let (there, declared) = unrecorded(state, situation);
    if there == 0 {
        return;
    }
    let name = situation.environment();
    report.say(format!(
        "the ledger in `{}` has no apply to {name}, but {there} of {} {}: if evenkeel created them, the ledger was lost; restore it from a backup. Without it, resources removed from the definitions since then will not be cleaned up",
        project.store.place(),
        evenkeel_model::text::count(declared, "declared resource"),
        if there == 1 { "exists" } else { "exist" },
    ));
}

/// Warns if a target carries the stamp of another ledger, which owns it.
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
    if let Err(error) = owner.check(situation.resolved, observers, &Unreachable::new()) {
        report.say(format!(
            "{} cannot be applied to from here: {error}",
            situation.environment()
        ));
    }
}
