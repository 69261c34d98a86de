//! Deliver: applies the recipe to every environment before production, rehearses its rollback if the policy requires that,
//! runs the required suites there, and judges the gate.

use std::time::Duration;

use super::apply::{Run, Went, exit_code, take_lease};
use super::build::build;
use super::dossier::GateReview;
use super::picture::Resolution;
use super::production::refuse_stages;
use super::refusal::Attempt;
use super::rollback::{RehearsalStage, Rehearsed};
use super::session::{Needs, Session};
use super::verify::Verification;
use super::{Event, Failure, Project, ProjectLocation, World, artifact_store, timeline};
use crate::report::{PlanReport, Report};
use evenkeel_core::environment::suite::Suite;
use evenkeel_ledger::record::{ApplyOutcome, Overridden};
use evenkeel_ledger::{Ledger, State};
use evenkeel_model::EnvironmentName;

/// Request to deliver.
#[derive(Clone, Copy, Debug, Default)]
pub struct DeliverRequest<'a> {
    /// Whether artifacts are built first.
    pub build: bool,
    /// Whether environments before production get definitions that shut the gate: undeclared differences, or
    /// uncommitted definitions.
    pub allow_undeclared: bool,
    /// The environment whose removals are confirmed.
    pub confirm: Option<&'a str>,
    /// Time to wait for a lease.
    pub wait: Option<Duration>,
}

/// Delivers. Definitions that shut the gate are not applied anywhere, unless requested.
///
/// # Errors
///
/// When it cannot start: definitions are wrong, an artifact is missing, another run holds an environment.
pub fn deliver(
    world: &World<'_>,
    location: &ProjectLocation,
    request: &DeliverRequest<'_>,
) -> Result<Report, Failure> {
    let outcome = deliver_now(world, location, request);
    Attempt::new("deliver").recorded(world, location, outcome)
}

fn deliver_now(
    world: &World<'_>,
    location: &ProjectLocation,
    request: &DeliverRequest<'_>,
) -> Result<Report, Failure> {
    let DeliverRequest { confirm, wait, .. } = *request;
    let mut session = Session::open(world, location, "deliver")?;
    let path = session.project.definition.path.clone();
    session.project.releases_to(&path)?;
    if request.build {
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
    let mut state = State::current(&*ledger)?;
    refuse_stages(&project, &state, &resolution.origin)?;
    let codes = GateReview::shut_by_definitions(&project, &resolution, &state)?;
    let is_shut = !codes.is_empty();
    if is_shut && request.allow_undeclared {
        let overridden = Overridden {
            what: "deliver --allow-undeclared".into(),
            environment: None,
            reason: format!(
                "definitions that shut the gate are applied before production: {}",
                codes.join(", ")
            ),
            codes,
            by: world.actor.clone(),
        };
        state.may_go_on()?;
        ledger.append(world.clock.now(), &[overridden.into()], None)?;
        state.catch_up(&*ledger)?;
    } else if is_shut {
        let asked = GateReview::now(&project, &resolution, &*ledger, &mut state)?;
        asked.record(&project, &*ledger, None)?;
        timeline::fill(&*ledger, &mut state, &mut report);
        report.say("nothing was applied: the definitions alone shut the gate");
        asked.tell_of_policy(&mut report);
        report.verdict = Some(asked.document());
        report.next("evenkeel deliver --allow-undeclared   # apply and test anyway");
        report.exit_code = 3;
        return Ok(report);
    }
    artifact_store::fill(&project, &resolution.resolved, &state, &mut report)?;
    let mut has_failed = false;
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
            // The gate is judged as well, for its reasons.
            Stage::Failed => {
                has_failed = true;
                break;
            }
            Stage::Ended(code) => {
                timeline::fill(&*ledger, &mut state, &mut report);
                report.exit_code = code;
                return Ok(report);
            }
        }
    }
    let asked = GateReview::now(&project, &resolution, &*ledger, &mut state)?;
    asked.record(&project, &*ledger, None)?;
    timeline::fill(&*ledger, &mut state, &mut report);
    let is_open = asked.verdict.open && !has_failed;
    let continues = is_open && !asked.dossier.policy.delivery && !asked.is_nothing_to_release();
    // The release reports the same plan.
    if !continues {
        let plan = PlanReport::new(&asked.plan, asked.rehearsed.clone());
        world.listener.event(Event::Planned { plan: &plan });
        report.plans.push(plan);
    }
    let document = asked.document();
    asked.tell_of_policy(&mut report);
    if asked.is_nothing_to_release() {
        report.say(format!(
            "{} already runs this recipe",
            asked.dossier.production
        ));
        report.next("evenkeel drift");
        let is_shut = asked.is_shut_without_release(true);
        report.exit_code = code(has_failed, !is_shut);
        if report.exit_code != 0 {
            report.verdict = Some(document);
        }
        return Ok(report);
    }
    let releasable = document.releasable;
    report.verdict = Some(document);
    if continues {
        // Judge the gate again under production's lease, which was not held until now.
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
    if is_open {
        report.next(asked.press());
    }
    report.exit_code = code(has_failed, releasable);
    Ok(report)
}

/// Returns the exit code: a failed required suite comes first, since it shuts the gate.
fn code(has_failed: bool, is_releasable: bool) -> u8 {
    match (has_failed, is_releasable) {
        (true, _) => 1,
        (false, true) => 0,
        (false, false) => 3,
    }
}

/// Result of one environment before production.
enum Stage {
    /// Everything passed: continue with the next one.
    Passed,
    /// A suite failed: stop here.
    Failed,
    /// Stop with this exit code.
    Ended(u8),
}

/// Applies to one environment before production, then runs its required suites.
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
    let rehearsing = RehearsalStage {
        project,
        resolution,
        ledger,
        lease: &lease,
        name,
    };
    let rehearsal = rehearsing.prepare(state, report)?;
    let outcome = Run {
        project,
        resolution,
        ledger,
        lease: &lease,
        name,
        purpose: "deliver",
        confirm,
        saved: None,
        found: None,
    }
    .go(state, report)?;
    let (outcome, mut observed) = match outcome {
        Went::Ended(outcome, observed) => (outcome, observed),
        Went::Overtaken(code) => return Ok(Stage::Ended(code)),
    };
    if let (Some(rehearsal), ApplyOutcome::Done) = (rehearsal, outcome) {
        match rehearsing.rehearse(&rehearsal, state, report)? {
            Rehearsed::Passed(seen) => observed = seen,
            Rehearsed::Failed => return Ok(Stage::Failed),
            Rehearsed::Ended(code) => return Ok(Stage::Ended(code)),
        }
    }
    if outcome != ApplyOutcome::Done {
        report.next(format!("evenkeel plan {name}"));
        report.next("evenkeel deliver");
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
