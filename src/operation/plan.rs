//! Plan: what would be done, for the whole path or for one environment.

use std::path::Path;

use super::picture::Resolution;
use super::project::Depth;
use super::{Failure, Project, ProjectLocation, World, saved, unrecorded};
use crate::report::{PlanReport, Report};
use evenkeel_core::observe::Situation;
use evenkeel_core::plan::Plan;
use evenkeel_model::EnvironmentName;

/// Makes plans. With `output`, the plan of the one environment is saved for `apply`.
///
/// # Errors
///
/// When definitions are wrong, or the ledger or the file cannot be used.
pub fn plan(
    world: &World<'_>,
    location: &ProjectLocation,
    environment: Option<&str>,
    output: Option<&Path>,
) -> Result<Report, Failure> {
    // A plan that is saved belongs to a ledger, which is founded only for a project that can be read.
    let (project, state) = if output.is_some() {
        (Project::open(world, location)?, None)
    } else {
        let (project, state) = Project::open_with_state(world, location)?;
        (project, Some(state))
    };
    let names: Vec<EnvironmentName> = match environment {
        Some(name) => vec![project.environment(name)?],
        None => project.definition.path.clone(),
    };
    project.releases_to(&names)?;
    if output.is_some() && names.len() != 1 {
        return Err(Failure::Usage(
            "a saved plan is for one environment: evenkeel plan ENVIRONMENT -o FILE".into(),
        ));
    }
    let (sealer, state) = match state {
        Some(state) => (project.sealer_for_reading()?, state),
        // The seals of a saved plan belong to a key: ledger and key are made now if there were none.
        None => {
            let ledger = project.ledger()?;
            (project.sealer()?, super::project::state_of(&ledger)?)
        }
    };
    let resolution = Resolution::of(&project, &names, sealer, Depth::Whole)?;
    let origin = project.origin(&resolution.resolved)?;
    let mut report = Report::new("plan", &project.definition.system, world.clock.now());
    report.origin(&origin);
    let mut unseen = false;
    let mut steps = 0;
    for name in &names {
        let targets = resolution.targets(&project, name)?;
        let situation = resolution.look(&project, name, &state, &targets)?;
        let plan = resolution.plan(&project, &situation, &state)?;
        unrecorded::tell(&state, &situation, &mut report);
        unrecorded::tell_of_owners(
            &project,
            &state,
            &situation,
            &targets.observers(),
            &mut report,
        );
        unseen |= !plan.unseen.is_empty();
        steps += plan.steps.len();
        let restored = restored(&situation, &plan);
        let rehearsed = rehearsed(&project, &state, &plan, &restored);
        report.plans.push(PlanReport::new(&plan, rehearsed));
        if let Some(path) = output {
            saved::save(
                &plan,
                &saved::Found::of(&situation),
                &world.directory.join(path),
            )?;
            report.say(format!("saved to {}", path.display()));
            report.next(format!("evenkeel apply {}", path.display()));
        }
    }
    report.exit_code = match (unseen, steps) {
        (true, _) => 1,
        (false, 0) => 0,
        (false, _) => 2,
    };
    Ok(report)
}

/// Which steps only bring something back to what was last applied here: its definition is the same still.
pub(super) fn restored(situation: &Situation<'_>, plan: &Plan) -> Vec<bool> {
    let is_unchanged = |step: &evenkeel_core::plan::Step| {
        let applied = situation.applied.get(&step.address);
        applied.is_some_and(|applied| applied.unchanged)
    };
    plan.steps.iter().map(is_unchanged).collect()
}

/// Which steps an environment of the stage before has done a step of the same shape as; `None` for the first stage of
/// the path. Since production was last released to: what was rehearsed for an earlier release is not what this one
/// brings. For what is only restored it is: staging has no occasion to do that step again.
pub(super) fn rehearsed(
    project: &Project<'_>,
    state: &evenkeel_ledger::State,
    plan: &Plan,
    restored: &[bool],
) -> Option<Vec<bool>> {
    let definition = &project.definition;
    let stage = definition.stage_of(&plan.environment)?;
    let before = definition.stages.get(stage.checked_sub(1)?)?;
    let since = last_release(state, &plan.environment);
    let has_done = |(number, step): (usize, &evenkeel_core::plan::Step)| {
        let is_restored = restored.get(number) == Some(&true);
        let since = if is_restored { 0 } else { since };
        let mut standings = before.iter().filter_map(|name| state.environment(name));
        standings.any(|standing| standing.has_rehearsed(&step.shape, since))
    };
    Some(plan.steps.iter().enumerate().map(has_done).collect())
}

/// The entry with which the last release to an environment ended well; zero when there was none.
pub(super) fn last_release(state: &evenkeel_ledger::State, environment: &EnvironmentName) -> u64 {
    state
        .releases
        .iter()
        .filter_map(|release| release.ended.as_ref())
        .filter(|ended| {
            ended.record.environment == *environment
                && ended.record.outcome == evenkeel_ledger::record::ApplyOutcome::Done
        })
        .map(|ended| ended.sequence)
        .max()
        .unwrap_or(0)
}
