//! Release: applies the recipe to production, runs its smoke suites, and reports the result. With the policy's
//! `rollback`, failed smoke suites start a rollback.

use std::time::Duration;

use super::apply::{Run, Went, exit_code, take_lease};
use super::dossier::GateReview;
use super::picture::Resolution;
use super::refusal::Attempt;
use super::rollback::after_failed_smoke;
use super::session::{Needs, Session};
use super::verify::Verification;
use super::{Failure, Project, ProjectLocation, World, timeline};
use crate::report::Report;
use evenkeel_core::environment::policy::RollbackTrigger;
use evenkeel_core::environment::suite::Suite;
use evenkeel_core::release::rollback_target;
use evenkeel_ledger::record::{ApplyOutcome, ReleaseEnded, ReleaseStarted};
use evenkeel_ledger::{Lease, Ledger, Record, State};
use evenkeel_model::Digest;

/// Releases, if the gate is open.
///
/// # Errors
///
/// When it cannot start; a shut gate is a report with exit code 3.
pub fn release(
    world: &World<'_>,
    location: &ProjectLocation,
    plan: Option<&str>,
    confirm: Option<&str>,
    wait: Option<Duration>,
) -> Result<Report, Failure> {
    let attempt = Attempt::new("release").plan(plan.unwrap_or_default());
    let outcome = release_now(world, location, plan, confirm, wait);
    attempt.recorded(world, location, outcome)
}

fn release_now(
    world: &World<'_>,
    location: &ProjectLocation,
    plan: Option<&str>,
    confirm: Option<&str>,
    wait: Option<Duration>,
) -> Result<Report, Failure> {
    let mut session = Session::open(world, location, "release")?;
    let path = session.project.definition.path.clone();
    session.project.releases_to(&path)?;
    let resolution = session.resolve(&path, Needs::Release)?;
    let Session { project, report } = session;
    let ledger = project.ledger()?;
    let mut state = State::current(&*ledger)?;
    // Refuse another plan before production is locked. Under the lock everything is observed again, since others can
    // change production between verdict and release until then.
    if let Some(wanted) = plan {
        let asked = GateReview::now(&project, &resolution, &*ledger, &mut state)?;
        if !asked.plan.digest().begins_with(wanted) {
            return Err(Failure::Stale {
                reason: format!(
                    "plan `{wanted}` is out of date; the current plan is `{}`",
                    asked.plan.digest().short()
                ),
                changes: Vec::new(),
            });
        }
    }
    press(
        &project,
        &resolution,
        &*ledger,
        &mut state,
        confirm,
        wait,
        report,
    )
}

/// Judges the gate under production's lease, and releases.
pub(super) fn press(
    project: &Project<'_>,
    resolution: &Resolution,
    ledger: &dyn Ledger,
    state: &mut State,
    confirm: Option<&str>,
    wait: Option<Duration>,
    report: Report,
) -> Result<Report, Failure> {
    let mut report = go_through(project, resolution, ledger, state, confirm, wait, report)?;
    timeline::fill(ledger, state, &mut report);
    Ok(report)
}

fn go_through(
    project: &Project<'_>,
    resolution: &Resolution,
    ledger: &dyn Ledger,
    state: &mut State,
    confirm: Option<&str>,
    wait: Option<Duration>,
    mut report: Report,
) -> Result<Report, Failure> {
    let name = project.production()?;
    let smoke = resolution.environment(&name)?.suites.iter();
    project.runs_as_committed(smoke.filter(|suite| suite.kind == "smoke"))?;
    let lease = take_lease(project, ledger, state, &name, "release", wait)?;
    let asked = GateReview::now(project, resolution, ledger, state)?;
    let is_nothing = asked.is_nothing_to_release();
    if is_nothing {
        report.say(format!(
            "nothing to release: {name} already runs this recipe"
        ));
        if !asked.is_shut_without_release(false) {
            return Ok(report);
        }
    }
    let dossier = asked.record(project, ledger, Some(lease.fence()))?;
    asked.tell_of_policy(&mut report);
    if is_nothing || !asked.verdict.open {
        report.verdict = Some(asked.document());
        report.exit_code = 3;
        return Ok(report);
    }
    Admitted {
        project,
        resolution,
        ledger,
        lease: &lease,
        asked,
        dossier,
        confirm,
        before: Vec::new(),
    }
    .release(state, report)
}

/// Release that may begin, under production's lease.
pub(super) struct Admitted<'a> {
    pub(super) project: &'a Project<'a>,
    pub(super) resolution: &'a Resolution,
    pub(super) ledger: &'a dyn Ledger,
    pub(super) lease: &'a Lease<'a>,
    pub(super) asked: GateReview,
    /// Its stored dossier.
    pub(super) dossier: Digest,
    pub(super) confirm: Option<&'a str>,
    /// Records that are written together with its start.
    pub(super) before: Vec<Record>,
}

impl Admitted<'_> {
    /// Applies the plan, runs the smoke suites, and records the outcome.
    pub(super) fn release(self, state: &mut State, mut report: Report) -> Result<Report, Failure> {
        let Self {
            project,
            resolution,
            ledger,
            lease,
            asked,
            dossier,
            confirm,
            before: mut records,
        } = self;
        let world = project.world;
        let name = asked.dossier.production.clone();
        state.catch_up(ledger)?;
        let number = state.next_release();
        let started = ReleaseStarted {
            release: number.clone(),
            environment: name.clone(),
            plan: asked.plan.digest(),
            recipe: asked.plan.recipe,
            dossier,
            by: world.actor.clone(),
            binding: Some(asked.plan.binding),
            definitions: Some(asked.plan.definitions),
            origin: Some(asked.dossier.origin.clone()),
            rollback: None,
        };
        // The applied plan must equal the judged one. Production is observed again for that, since the gate takes time for
        // the other environments and the whole ledger.
        let run = Run {
            project,
            resolution,
            ledger,
            lease,
            name: &name,
            purpose: "release",
            confirm,
            saved: Some(&asked.plan),
            found: None,
        };
        run.allowed(&asked.plan)?;
        records.push(started.into());
        ledger.append(world.clock.now(), &records, Some(lease.fence()))?;
        state.catch_up(ledger)?;
        let mut observed = None;
        let outcome = run.go(state, &mut report);
        let (outcome, failure) = match outcome {
            Ok(Went::Ended(outcome, seen)) => {
                observed = seen;
                (outcome, None)
            }
            Ok(Went::Overtaken(code)) => {
                report.say(format!("{number} did not finish: {name} is partly changed"));
                report.exit_code = code;
                return Ok(report);
            }
            // Refused before the first write: the release ended without a change.
            Err(failure) => (ApplyOutcome::Failed, Some(failure)),
        };
        let mut smoke = None;
        let mut interrupted = false;
        if outcome == ApplyOutcome::Done {
            let suites: Vec<&Suite> = resolution
                .environment(&name)?
                .suites
                .iter()
                .filter(|suite| suite.kind == "smoke")
                .collect();
            if !suites.is_empty() {
                let passed = Verification {
                    project,
                    resolution,
                    ledger,
                    fence: lease.fence(),
                    name: &name,
                }
                .run(&suites, state, observed, &mut report)?;
                // An interrupted suite has neither passed nor failed.
                interrupted = !passed && world.interruption.is_set();
                smoke = (!interrupted).then_some(passed);
            }
        }
        let ended = ReleaseEnded {
            release: number.clone(),
            environment: name.clone(),
            recipe: asked.plan.recipe,
            commit: asked.dossier.origin.commit.clone(),
            outcome,
            smoke,
        };
        ledger.append(world.clock.now(), &[ended.into()], Some(lease.fence()))?;
        if let Some(failure) = failure {
            return Err(failure);
        }
        let is_rolled_back = outcome == ApplyOutcome::Done
            && smoke == Some(false)
            && asked.dossier.policy.rollback == RollbackTrigger::AfterFailedSmoke;
        if is_rolled_back {
            report.say(format!(
                "{number}: {name} runs the new recipe, but its smoke suites failed"
            ));
            report.exit_code =
                after_failed_smoke(project, ledger, lease, state, &name, &number, &mut report)?;
            return Ok(report);
        }
        report.exit_code = match (outcome, smoke) {
            (ApplyOutcome::Done, Some(false)) => 1,
            (ApplyOutcome::Done, _) if interrupted => 130,
            (outcome, _) => exit_code(outcome),
        };
        match (outcome, smoke) {
            (ApplyOutcome::Done, Some(false)) => {
                report.say(format!(
                    "{number}: {name} runs the new recipe, but its smoke suites failed"
                ));
                report.next(match rollback_target(state, &name, None) {
                    Ok(_) => format!("evenkeel rollback {name}"),
                    Err(_) => "evenkeel drift".to_owned(),
                });
            }
            (ApplyOutcome::Done, _) if interrupted => {
                report.say(format!(
                    "{number}: {name} runs the new recipe, but its smoke suites were interrupted"
                ));
                report.next(format!("evenkeel verify {name}"));
            }
            (ApplyOutcome::Done, _) => {
                report.release = Some(number.clone());
                report.next("evenkeel drift");
                report.next("evenkeel status");
            }
            _ => {
                report.say(format!("{number} failed: {name} is partly changed"));
                report.next(format!("evenkeel drift {name}"));
                report.next(format!("evenkeel apply {name}"));
            }
        }
        Ok(report)
    }
}
