//! Plan: what would be done, for the whole path or for one environment.

use std::path::Path;

use super::picture::Resolution;
use super::project::Depth;
use super::{Failure, Project, ProjectLocation, World, saved, unrecorded};
use crate::report::{PlanReport, Report};
use evenkeel_core::plan::saved::Found;
use evenkeel_core::release::{rehearsed, restored};
use evenkeel_ledger::State;
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
            (project.sealer()?, State::of(&*ledger)?)
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
        unrecorded::tell(&project, &state, &situation, &mut report);
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
        let rehearsed = rehearsed(&project.definition, &state, &plan, &restored);
        report.plans.push(PlanReport::new(&plan, rehearsed));
        if let Some(path) = output {
            saved::save(&plan, &Found::of(&situation), &world.directory.join(path))?;
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
