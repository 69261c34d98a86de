//! Deliver: the recipe to every environment before production, the required suites there, and the verdict.

use std::time::Duration;

use super::apply::{Run, Went, exit_code, take_lease};
use super::build::build;
use super::dossier::GateReview;
use super::picture::Resolution;
use super::session::{Needs, Session};
use super::verify::Verification;
use super::{Failure, Project, ProjectLocation, World};
use crate::report::{PlanReport, Report};
use evenkeel_core::environment::suite::Suite;
use evenkeel_ledger::record::ApplyOutcome;
use evenkeel_ledger::{Ledger, State};
use evenkeel_model::EnvironmentName;

/// Delivers. With `build`, artifacts are built first.
///
/// # Errors
///
/// When it cannot begin: definitions are wrong, an artifact is missing, somebody else holds an environment.
pub fn deliver(
    world: &World<'_>,
    location: &ProjectLocation,
    with_build: bool,
    confirm: Option<&str>,
    wait: Option<Duration>,
) -> Result<Report, Failure> {
    let mut session = Session::open(world, location, "deliver")?;
    let path = session.project.definition.path.clone();
    session.project.releases_to(&path)?;
    if with_build {
        build(&session.project)?;
    }
    let resolution = session.resolve(&path, Needs::Release)?;
    let Session {
        project,
        mut report,
    } = session;
    report.parity(
        &resolution.parity,
        &resolution.declarations,
        resolution.documents,
    );
    report.defects(
        resolution
            .parity
            .iter()
            .filter(|defect| defect.counts())
            .cloned(),
    );
    let required = |suite: &&Suite| project.definition.policy.require.contains(&suite.kind);
    let suites = resolution.resolved.values().flat_map(|each| &each.suites);
    project.runs_as_committed(suites.filter(required))?;
    let ledger = project.ledger()?;
    let mut state = State::of(&*ledger)?;
    let before = project.definition.path.len().saturating_sub(1);
    for name in project.definition.path.iter().take(before) {
        match stage(
            &project,
            &resolution,
            &*ledger,
            &mut state,
            name,
            (confirm, wait),
            &mut report,
        )? {
            Stage::Passed => {}
            // The gate is asked all the same: it says why it is shut.
            Stage::Failed => break,
            Stage::Ended(code) => {
                report.exit_code = code;
                return Ok(report);
            }
        }
    }
    let asked = GateReview::now(&project, &resolution, &*ledger, &mut state)?;
    asked.record(&project, &*ledger, None)?;
    report
        .plans
        .push(PlanReport::new(&asked.plan, asked.rehearsed.clone()));
    let mut document = asked.document();
    if asked.dossier.release.already && asked.plan.steps.is_empty() {
        report.say(format!(
            "{} already runs this recipe",
            asked.dossier.production
        ));
        report.next("evenkeel drift");
        document.remedies.clear();
        report.exit_code = 0;
        return Ok(report);
    }
    let releasable = document.releasable;
    report.verdict = Some(document);
    if asked.verdict.open {
        if asked.dossier.policy.delivery {
            report.next(asked.press());
        } else {
            // The gate is asked once more under production's lease: it had none until now.
            return super::release::press(
                &project,
                &resolution,
                &*ledger,
                &mut state,
                confirm,
                wait,
                report,
            );
        }
    }
    asked.tell_of_policy(&project, &mut report);
    report.exit_code = if releasable { 0 } else { 3 };
    Ok(report)
}

/// How one environment before production ended.
enum Stage {
    /// Everything passed: on to the next.
    Passed,
    /// A suite failed: nothing goes further on the path.
    Failed,
    /// With this exit code.
    Ended(u8),
}

/// One environment before production: apply, then its required suites.
fn stage(
    project: &Project<'_>,
    resolution: &Resolution,
    ledger: &dyn Ledger,
    state: &mut State,
    name: &EnvironmentName,
    asked: (Option<&str>, Option<Duration>),
    report: &mut Report,
) -> Result<Stage, Failure> {
    let (confirm, wait) = asked;
    let lease = take_lease(project, ledger, state, name, "deliver", wait)?;
    let outcome = Run {
        project,
        resolution,
        ledger,
        fence: lease.fence(),
        name,
        purpose: "deliver",
        confirm,
        saved: None,
        found: None,
    }
    .go(state, report)?;
    let (outcome, observed) = match outcome {
        Went::Ended(outcome, observed) => (outcome, observed),
        Went::Overtaken(code) => return Ok(Stage::Ended(code)),
    };
    if outcome != ApplyOutcome::Done {
        return Ok(Stage::Ended(exit_code(outcome)));
    }
    let resolved = resolution.environment(name)?;
    let required: Vec<&Suite> = resolved
        .suites
        .iter()
        .filter(|suite| project.definition.policy.require.contains(&suite.kind))
        .collect();
    let passed = Verification {
        project,
        resolution,
        ledger,
        fence: lease.fence(),
        name,
    }
    .run(&required, state, observed, report)?;
    Ok(if project.world.interruption.is_set() {
        Stage::Ended(130)
    } else if passed {
        Stage::Passed
    } else {
        Stage::Failed
    })
}
