//! Plan: planned changes, for the whole path or for one environment.

use std::path::Path;

use super::production::takes_only_releases;
use super::session::{Needs, Session};
use super::{Failure, ProjectLocation, World, saved, unrecorded};
use crate::report::{PlanReport, Report};
use evenkeel_core::plan::saved::Found;
use evenkeel_core::release::{rehearsed, restored};
use evenkeel_ledger::State;
use evenkeel_model::EnvironmentName;

/// Request to plan.
#[derive(Clone, Copy, Debug, Default)]
pub struct PlanRequest<'a> {
    /// Environment; all when `None`.
    pub environment: Option<&'a str>,
    /// File to save the plan of the one environment to.
    pub output: Option<&'a Path>,
    /// Whether changes give exit code 2.
    pub exit_code: bool,
}

/// Makes plans, and saves one for `apply`.
///
/// # Errors
///
/// When definitions are wrong, or the ledger or the file cannot be used.
pub fn plan(
    world: &World<'_>,
    location: &ProjectLocation,
    request: PlanRequest<'_>,
) -> Result<Report, Failure> {
    let PlanRequest {
        environment,
        output,
        exit_code,
    } = request;
    // A saved plan belongs to a ledger, which is only created for a readable project.
    let (mut session, state) = if output.is_some() {
        (Session::open(world, location, "plan")?, None)
    } else {
        let (session, state) = Session::open_with_state(world, location, "plan")?;
        (session, Some(state))
    };
    let project = &session.project;
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
    let (needs, state) = match state {
        Some(state) => (Needs::Live, state),
        // The seals of a saved plan belong to a key, so ledger and key are created if missing.
        None => {
            let ledger = project.ledger()?;
            (Needs::Change, State::current(&*ledger)?.into())
        }
    };
    let resolution = session.resolve(&names, needs)?;
    let Session {
        project,
        mut report,
    } = session;
    report.outstanding(&state);
    let mut unseen = false;
    let mut steps = 0;
    let mut is_restored = true;
    for name in &names {
        let targets = resolution.targets(&project, name)?;
        let (situation, plan) = resolution.look_and_plan(&project, name, &state, &targets)?;
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
        is_restored &= restored.iter().all(|is_restored| *is_restored);
        let rehearsed = rehearsed(&project.definition, &state, &plan, &restored);
        report.plans.push(PlanReport::new(&plan, rehearsed));
        if let Some(path) = output {
            saved::save(&plan, &Found::of(&situation), &world.directory.join(path))?;
            report.say(format!("saved to {}", path.display()));
            report.next(format!("evenkeel apply {}", path.display()));
        }
        situation.let_go();
    }
    if output.is_none() && !unseen && steps > 0 {
        report.next(match &*names {
            [name]
                if is_restored
                    || !takes_only_releases(&project, &state, name, &resolution.origin) =>
            {
                format!("evenkeel apply {name}")
            }
            _ => "evenkeel deliver".to_owned(),
        });
    }
    report.exit_code = match (unseen, steps) {
        (true, _) => 1,
        (false, 1..) if exit_code => 2,
        (false, _) => 0,
    };
    Ok(report)
}
