//! Rollback: restores an earlier release of an environment, by the mechanism, the gate and the journal of a release.
//!
//! The definitions are those of the release's commit, the artifacts those that it recorded. `evenkeel_core::release` selects
//! the release. Starting a rollback after failed smoke suites is left to `release`.

mod artifacts;
mod rehearsal;
mod review;
mod smoke;

use std::time::Duration;

use super::apply::{Run, Went, exit_code, take_lease};
use super::decision::check_reason;
use super::dossier::GateReview;
use super::picture::Resolution;
use super::session::{Needs, Session};
use super::verify::Verification;
use super::{Failure, Project, ProjectLocation, World, in_one_line, timeline};
use crate::report::{Report, RollbackDocument};
use evenkeel_core::apply::is_recorded;
use evenkeel_core::gate;
use evenkeel_core::release::{NoRollback, last, rollback_target};
use evenkeel_ledger::record::{
    ApplyOutcome, ReleaseEnded, ReleaseStarted, Rollback, RollbackCause,
};
use evenkeel_ledger::{Lease, Ledger, Record, State};
use evenkeel_model::EnvironmentName;
use evenkeel_model::text::{count, list};
pub(super) use rehearsal::{Rehearsed, Stage as RehearsalStage};
pub(super) use review::Restored;

/// Rule whose waiver is recorded and not reported.
const OLDER_COMMIT: &str = "gate/older-commit";

/// Request for a rollback.
#[derive(Clone, Copy, Debug, Default)]
pub struct RollbackRequest<'a> {
    /// The environment.
    pub environment: &'a str,
    /// Release to restore; `None` for the one before the current one.
    pub to: Option<&'a str>,
    /// The reason.
    pub reason: Option<&'a str>,
    /// The environment whose removals are confirmed.
    pub confirm: Option<&'a str>,
    /// Time to wait for another run's lease.
    pub wait: Option<Duration>,
}

/// Restores an earlier release. Exit code 8 means that it runs, and 0 that it already ran.
///
/// # Errors
///
/// When it cannot start: no such release, its commit or an artifact is missing, another run holds the environment.
pub fn rollback(
    world: &World<'_>,
    location: &ProjectLocation,
    request: &RollbackRequest<'_>,
) -> Result<Report, Failure> {
    if location.revision.is_some() {
        return Err(Failure::Usage(
            "`--at` has no effect here: a rollback reads the definitions of the release's commit"
                .into(),
        ));
    }
    request.reason.map_or(Ok(()), check_reason)?;
    let today = today(world, location)?;
    // A ledger is not created for this. What is restored follows from the entries alone.
    let mut state = match today.store.open(Some(&today.definition.system))? {
        Some(ledger) => State::of(&*ledger)?,
        None => State::default(),
    };
    let wanted = EnvironmentName::new(request.environment);
    let is_released = state.environments.contains_key(&wanted);
    let name = if is_released {
        wanted
    } else {
        today.environment(request.environment)?
    };
    let target = |state: &State| {
        let found = rollback_target(state, &name, request.to);
        found
            .map(|_| ())
            .map_err(|why| refusal(&name, request.to, why))
    };
    target(&state)?;
    let ledger = today.ledger()?;
    let lease = take_lease(
        &today,
        &*ledger,
        &mut state,
        &name,
        "rollback",
        request.wait,
    )?;
    let order = Order {
        cause: RollbackCause::Request,
        to: request.to,
        reason: request.reason.map(str::to_owned),
        confirm: request.confirm,
    };
    let restored = Restored::prepare(&today, &state, &name, &order)?;
    let Session {
        project,
        mut report,
    } = Session::of(restored.project, "rollback");
    let restored = Restored {
        project,
        ..restored
    };
    let work = RollingBack {
        today: &today,
        ledger: &*ledger,
        lease: &lease,
        name: &name,
        order: &order,
    };
    report.exit_code = work.go(&restored, &mut state, &mut report)?;
    timeline::fill(&*ledger, &mut state, &mut report);
    Ok(report)
}

/// Returns the project as it is now; with errors in the definitions of the working tree, as of its commit: a rollback needs
/// only the place of the ledger and of artifacts.
pub(super) fn today<'w>(
    world: &'w World<'w>,
    location: &ProjectLocation,
) -> Result<Project<'w>, Failure> {
    match Project::open(world, location) {
        Err(Failure::Definitions(defects)) => {
            let committed = ProjectLocation {
                environments: location.environments.clone(),
                revision: Some("HEAD".into()),
            };
            Project::open(world, &committed).map_err(|_| Failure::Definitions(defects))
        }
        other => other,
    }
}

/// What to roll back, and why.
#[derive(Clone, Debug)]
pub(super) struct Order<'a> {
    /// Trigger.
    pub(super) cause: RollbackCause,
    /// Release to restore, if named.
    pub(super) to: Option<&'a str>,
    /// Reason.
    pub(super) reason: Option<String>,
    /// The environment whose removals are confirmed.
    pub(super) confirm: Option<&'a str>,
}

/// Rollback under a lease.
pub(super) struct RollingBack<'a> {
    /// Project of the working tree.
    pub(super) today: &'a Project<'a>,
    pub(super) ledger: &'a dyn Ledger,
    pub(super) lease: &'a Lease<'a>,
    pub(super) name: &'a EnvironmentName,
    pub(super) order: &'a Order<'a>,
}

impl RollingBack<'_> {
    /// Judges, applies, observes, tests and records. Returns the exit code.
    pub(super) fn go(
        &self,
        restored: &Restored<'_>,
        state: &mut State,
        report: &mut Report,
    ) -> Result<u8, Failure> {
        let name = self.name;
        let Rollback {
            restores, undoes, ..
        } = &restored.record;
        let resolution = restored.resolve(name)?;
        if self.order.cause == RollbackCause::Request {
            report.origin(&resolution.origin);
        }
        let asked = restored.review(&resolution, self.today, self.ledger, state)?;
        let is_running = asked.plan.steps.is_empty() && is_recorded(state, name, asked.plan.recipe);
        // A killed rollback is completed, also if only its end is missing.
        let is_open = last(state, name).is_some_and(|release| release.ended.is_none());
        if is_running && !is_open {
            report.say(format!(
                "nothing to roll back: {name} already runs {restores}"
            ));
            report.next("evenkeel status");
            return Ok(0);
        }
        if restores == undoes {
            return Err(Failure::Refused {
                reason: format!("{restores} is the release that {name} runs"),
                help: format!("run `evenkeel apply {name}` to repair it"),
            });
        }
        let dossier = asked.record(self.today, self.ledger, Some(self.lease.fence()))?;
        // Every rollback has an older commit.
        let waived = asked.verdict.waived.iter();
        for (code, words) in waived.filter(|(code, _)| *code != OLDER_COMMIT) {
            let rule = code.strip_prefix("gate/").unwrap_or(code);
            report.say(format!("{rule} does not stop a rollback: {words}"));
        }
        if !asked.verdict.open {
            report.verdict = Some(asked.document());
            report.say(format!(
                "{undoes} was not rolled back: the gate is shut for the rollback to {restores}"
            ));
            return Ok(3);
        }
        let run = Run {
            project: &restored.project,
            resolution: &resolution,
            ledger: self.ledger,
            lease: self.lease,
            name,
            purpose: "rollback",
            confirm: self.order.confirm,
            saved: Some(&asked.plan),
            found: None,
        };
        run.allowed(&asked.plan)?;
        state.catch_up(self.ledger)?;
        let number = state.next_release();
        let started = ReleaseStarted {
            release: number.clone(),
            environment: name.clone(),
            plan: asked.plan.digest(),
            recipe: asked.plan.recipe,
            dossier,
            by: self.today.world.actor.clone(),
            binding: Some(asked.plan.binding),
            definitions: Some(asked.plan.definitions),
            origin: Some(asked.dossier.origin.clone()),
            rollback: Some(restored.record.clone()),
        };
        // Their outcome is known once this rollback is done.
        let unfinished: Vec<ReleaseEnded> = unfinished(state, name);
        let now = self.today.world.clock.now();
        self.ledger
            .append(now, &[started.into()], Some(self.lease.fence()))?;
        state.catch_up(self.ledger)?;
        let mut observed = None;
        let (outcome, failure) = match run.go(state, report) {
            Ok(Went::Ended(outcome, seen)) => {
                observed = seen;
                (outcome, None)
            }
            Ok(Went::Overtaken(code)) => {
                report.say(format!(
                    "{number} did not finish rolling back {undoes}: {name} is partly changed"
                ));
                return Ok(code);
            }
            // Refused before the first write: the rollback ended without a change.
            Err(failure) => (ApplyOutcome::Failed, Some(failure)),
        };
        let mut smoke = None;
        if outcome == ApplyOutcome::Done {
            let verification = Verification {
                project: &restored.project,
                resolution: &resolution,
                ledger: self.ledger,
                fence: self.lease.fence(),
                name,
            };
            smoke = smoke::run(&verification, observed, state, report)?;
        }
        let is_interrupted = self.today.world.interruption.is_set();
        let ended = ReleaseEnded {
            release: number.clone(),
            environment: name.clone(),
            recipe: asked.plan.recipe,
            commit: asked.dossier.origin.commit.clone(),
            outcome,
            smoke: smoke.filter(|passed| *passed || !is_interrupted),
        };
        let mut records: Vec<Record> = vec![ended.into()];
        if outcome == ApplyOutcome::Done {
            records.extend(unfinished.into_iter().map(Record::from));
        }
        let now = self.today.world.clock.now();
        self.ledger
            .append(now, &records, Some(self.lease.fence()))?;
        if let Some(failure) = failure {
            return Err(failure);
        }
        report.rollback = Some(RollbackDocument::new(
            &number,
            &restored.record,
            outcome == ApplyOutcome::Done,
        ));
        Ok(self.concluded(&number, &restored.record, outcome, smoke, report))
    }

    /// Reports the end, and returns its exit code.
    fn concluded(
        &self,
        number: &str,
        record: &Rollback,
        outcome: ApplyOutcome,
        smoke: Option<bool>,
        report: &mut Report,
    ) -> u8 {
        let name = self.name;
        let Rollback {
            restores, undoes, ..
        } = record;
        let again = format!("evenkeel rollback {name}");
        let is_interrupted = self.today.world.interruption.is_set();
        match (outcome, smoke) {
            (ApplyOutcome::Done, Some(false)) if is_interrupted => {
                report.say(format!(
                    "{number}: {name} runs {restores} again, but its smoke suites were interrupted"
                ));
                130
            }
            (ApplyOutcome::Done, Some(false)) => {
                report.say(format!(
                    "{number} rolled back {undoes}: {name} runs {restores} again, but its smoke suites failed"
                ));
                report.next("evenkeel status");
                1
            }
            (ApplyOutcome::Done, _) => {
                report.say(format!(
                    "{number} rolled back {undoes}: {name} runs {restores} again"
                ));
                report.next("evenkeel status");
                8
            }
            (ApplyOutcome::Unknown, _) => {
                report.say(format!(
                    "{number}: the outcome of rolling back {undoes} to {restores} is unknown"
                ));
                report.next(again);
                6
            }
            (other, _) => {
                report.say(format!(
                    "{number} failed to roll back {undoes} to {restores}: {name} is partly changed"
                ));
                report.next(again);
                exit_code(other)
            }
        }
    }
}

/// Returns the ends of releases that a killed run left without one: the environment runs none of them.
fn unfinished(state: &State, name: &EnvironmentName) -> Vec<ReleaseEnded> {
    let releases = state
        .releases
        .iter()
        .filter(|release| release.ended.is_none() && release.started.record.environment == *name);
    releases
        .map(|release| ReleaseEnded {
            release: release.started.record.release.clone(),
            environment: name.clone(),
            recipe: release.started.record.recipe,
            commit: None,
            outcome: ApplyOutcome::Failed,
            smoke: None,
        })
        .collect()
}

/// Rolls back a release whose smoke suites failed. Returns the exit code of the release.
///
/// # Errors
///
/// When the ledger cannot be written; every other failure is reported, since the release itself is complete.
pub(super) fn after_failed_smoke(
    today: &Project<'_>,
    ledger: &dyn Ledger,
    lease: &Lease<'_>,
    state: &mut State,
    name: &EnvironmentName,
    release: &str,
    report: &mut Report,
) -> Result<u8, Failure> {
    let failed: Vec<&str> = report
        .suites
        .iter()
        .filter(|suite| !suite.passed && suite.environment == name.as_str())
        .map(|suite| suite.suite.as_str())
        .collect();
    let order = Order {
        cause: RollbackCause::FailedSmoke,
        to: None,
        reason: Some(format!(
            "{} of {release} failed: {}",
            count(failed.len(), "smoke suite"),
            list(&failed, "and")
        )),
        // The policy asks for it: it removes only what releases after the restored one created.
        confirm: Some(name.as_str()),
    };
    let work = RollingBack {
        today,
        ledger,
        lease,
        name,
        order: &order,
    };
    state.catch_up(ledger)?;
    let rolled = Restored::prepare(today, state, name, &order)
        .and_then(|restored| work.go(&restored, state, report));
    match rolled {
        // A shut gate leaves the failed release in place.
        Ok(3) => Ok(1),
        Ok(code) => Ok(code),
        Err(Failure::Ledger(error)) => Err(error.into()),
        Err(failure) => {
            let redactor = today.world.secrets.redactor();
            let reason = in_one_line(&failure);
            report.say(redactor.text(&format!("{release} was not rolled back: {reason}")));
            if let Some(help) = failure.help() {
                report.next(redactor.text(&help));
            }
            if !matches!(failure, Failure::Refused { .. }) {
                report.next(format!("evenkeel rollback {name}"));
            }
            if let Failure::Definitions(defects) = failure {
                report.defects(defects);
                report.redact(&|text| redactor.text(text));
            }
            Ok(1)
        }
    }
}

/// Returns the failure for a release that cannot be restored.
pub(super) fn refusal(name: &EnvironmentName, to: Option<&str>, why: NoRollback) -> Failure {
    let id = to.unwrap_or("the release");
    let status = || "run `evenkeel log --kind release-ended` to list the releases".to_owned();
    let (reason, help) = match why {
        NoRollback::NeverReleased => (
            format!("{name} was never released to, so there is no release to restore"),
            format!("run `evenkeel --at REVISION apply {name}` to apply other definitions"),
        ),
        NoRollback::NoEarlier { current } => (
            format!("no successful release precedes {current} in {name}"),
            "revert the changes in a new commit and deliver it".to_owned(),
        ),
        NoRollback::Unknown { near } => {
            let near = near.map_or_else(String::new, |near| format!(": did you mean `{near}`?"));
            return Failure::Usage(format!("unknown release `{id}`{near}"));
        }
        NoRollback::Elsewhere(other) => (
            format!("{id} was a release to {other}, not to {name}"),
            status(),
        ),
        NoRollback::Unsuccessful { outcome } => {
            (format!("{id} cannot be restored: {outcome}"), status())
        }
        NoRollback::Newer { current } => (
            format!(
                "{id} is newer than {current}, which {name} runs: a rollback restores earlier releases"
            ),
            "run `evenkeel deliver` and `evenkeel release` to release it again".to_owned(),
        ),
    };
    Failure::Refused { reason, help }
}

/// Returns the restored project and its review, for a decision of a person about a rollback whose verdict names `plan`.
pub(super) fn review_of_plan<'w>(
    today: &Project<'w>,
    ledger: &dyn Ledger,
    state: &mut State,
    plan: &str,
) -> Result<Option<(Restored<'w>, GateReview)>, Failure> {
    let mut found = None;
    for (name, environment) in &state.environments {
        let Some(verdict) = &environment.verdict else {
            continue;
        };
        if !verdict.record.plan.begins_with(plan) {
            continue;
        }
        let bytes = today.store.objects().get(&verdict.record.dossier)?;
        let stored = bytes.and_then(|bytes| gate::StoredDossier::read(&bytes).ok());
        if let Some(rollback) = stored.and_then(|stored| stored.dossier.rollback) {
            found = Some((name.clone(), rollback));
        }
    }
    let Some((name, rollback)) = found else {
        return Ok(None);
    };
    let order = Order {
        cause: rollback.cause,
        to: Some(&rollback.restores),
        reason: None,
        confirm: None,
    };
    let restored = Restored::prepare(today, state, &name, &order)?;
    let resolution: Resolution = restored.resolve(&name)?;
    let asked = restored.review(&resolution, today, ledger, state)?;
    Ok(Some((restored, asked)))
}

/// Inputs of a rollback that reads nothing of other environments.
pub(super) const NEEDS: Needs = Needs::Change;
