//! Rehearsal of a rollback in an environment before production: apply, roll back, compare the observations, apply again.
//!
//! Its result is evidence like that of a suite, under a name that no suite can have. Requiring it is left to the gate.

use super::super::apply::{Run, Went};
use super::super::picture::Resolution;
use super::super::{Event, Failure, Project};
use super::{Restored, artifacts};
use crate::report::{Report, SuiteDocument};
use evenkeel_core::apply::is_recorded;
use evenkeel_core::gate::REHEARSAL;
use evenkeel_core::release::{artifacts as artifacts_of, next_rollback, rehearsal_digest};
use evenkeel_ledger::record::{ApplyOutcome, EvidenceBinding, Rollback, RollbackCause, SuiteEnded};
use evenkeel_ledger::{Lease, Ledger, State};
use evenkeel_model::{Digest, EnvironmentName, Moment};

/// Kind of the evidence.
const KIND: &str = "rollback";

/// Rollback that is rehearsed.
pub(in crate::operation) struct Rehearsal<'w> {
    restored: Restored<'w>,
    resolution: Resolution,
    /// Digest that the evidence is bound to.
    digest: Digest,
    /// Observation before the release is applied, if the environment runs the restored release.
    before: Option<Digest>,
}

/// Result of a rehearsal.
pub(in crate::operation) enum Rehearsed {
    /// It passed. Contains the observation afterwards, if it is complete.
    Passed(Option<Digest>),
    /// It failed, and is recorded.
    Failed,
    /// Stop with this exit code.
    Ended(u8),
}

/// Environment in which a rollback is rehearsed.
pub(in crate::operation) struct Stage<'a, 'w> {
    pub(in crate::operation) project: &'a Project<'w>,
    pub(in crate::operation) resolution: &'a Resolution,
    pub(in crate::operation) ledger: &'a dyn Ledger,
    pub(in crate::operation) lease: &'a Lease<'a>,
    pub(in crate::operation) name: &'a EnvironmentName,
}

/// Reports that the inputs of a rehearsal are missing; other failures end the delivery.
fn not_rehearsed(failure: Failure, report: &mut Report) -> Result<(), Failure> {
    match failure {
        Failure::Refused { reason, .. } | Failure::Other { reason, .. } => {
            report.say(format!("the rollback was not rehearsed: {reason}"));
            Ok(())
        }
        failure => Err(failure),
    }
}

impl<'w> Stage<'_, 'w> {
    /// Prepares the rehearsal before the release is applied; `None` if the policy requires none here, or there is nothing to
    /// roll back to. A rollback that cannot be prepared is reported: staging is delivered to, and the gate is shut.
    pub(in crate::operation) fn prepare(
        &self,
        state: &State,
        report: &mut Report,
    ) -> Result<Option<Rehearsal<'w>>, Failure> {
        let prepared = self.prepared(state);
        prepared.or_else(|failure| not_rehearsed(failure, report).map(|()| None))
    }

    fn prepared(&self, state: &State) -> Result<Option<Rehearsal<'w>>, Failure> {
        let Self { project, name, .. } = self;
        let path = &project.definition.path;
        let is_last = path.iter().rev().nth(1) == Some(name);
        if !is_last || !project.policy(&self.resolution.origin).rehearse_rollback {
            return Ok(None);
        }
        let Some(release) = next_rollback(state, &project.production()?) else {
            return Ok(None);
        };
        let started = &release.started.record;
        if started.recipe == self.resolution.recipe(project, name)?.digest {
            return Ok(None);
        }
        let record = Rollback {
            restores: started.release.clone(),
            undoes: String::new(),
            cause: RollbackCause::Request,
            reason: None,
        };
        let restored = Restored::of(project, release, name, record)?;
        let resolution = restored.resolve(name)?;
        if resolution.recipe(&restored.project, name)?.digest != started.recipe {
            return Err(Failure::other(format!(
                "the rollback to {} cannot be rehearsed: its commit makes another recipe in {name}",
                started.release
            )));
        }
        let targets = resolution.targets(&restored.project, name)?;
        let situation = resolution.look(&restored.project, name, state, &targets)?;
        let plan = resolution.plan(&restored.project, &situation, state)?;
        let is_there = plan.steps.is_empty() && is_recorded(state, name, plan.recipe);
        let before = is_there.then(|| situation.digest()).flatten();
        drop(situation);
        Ok(Some(Rehearsal {
            digest: rehearsal_digest(Some(release)),
            restored,
            resolution,
            before,
        }))
    }

    /// Rolls back, compares, applies again, compares, and records the result.
    pub(in crate::operation) fn rehearse(
        &self,
        rehearsal: &Rehearsal<'_>,
        state: &mut State,
        report: &mut Report,
    ) -> Result<Rehearsed, Failure> {
        let started = self.project.world.clock.now();
        let released = self.observe(self.project, self.resolution, state)?;
        let there = Run {
            project: &rehearsal.restored.project,
            resolution: &rehearsal.resolution,
            ledger: self.ledger,
            lease: self.lease,
            name: self.name,
            purpose: "rehearsal",
            // It removes only what the release created.
            confirm: Some(self.name.as_str()),
            saved: None,
            found: None,
        };
        if let Err(failure) = self.place_artifacts(rehearsal, state) {
            not_rehearsed(failure, report)?;
            return Ok(Rehearsed::Failed);
        }
        let back = match there.go(state, report)? {
            Went::Ended(outcome, _) => outcome,
            Went::Overtaken(code) => return Ok(Rehearsed::Ended(code)),
        };
        if back == ApplyOutcome::Interrupted || self.project.world.interruption.is_set() {
            return Ok(Rehearsed::Ended(130));
        }
        let project = &rehearsal.restored.project;
        let restored = self.observe(project, &rehearsal.resolution, state)?;
        let again = Run {
            project: self.project,
            resolution: self.resolution,
            purpose: "deliver",
            ..there
        };
        let (again, observed) = match again.go(state, report)? {
            Went::Ended(outcome, observed) => (outcome, observed),
            Went::Overtaken(code) => return Ok(Rehearsed::Ended(code)),
        };
        if again == ApplyOutcome::Interrupted {
            return Ok(Rehearsed::Ended(130));
        }
        let after = self.observe(self.project, self.resolution, state)?;
        let release = &rehearsal.restored.record.restores;
        let wrong = if back != ApplyOutcome::Done {
            Some(format!("the rollback to {release} did not succeed"))
        } else if rehearsal.before.is_some() && rehearsal.before != restored {
            Some(format!(
                "after the rollback to {release}, the environment differs from the one before the release"
            ))
        } else if again != ApplyOutcome::Done {
            Some("the release was not applied again".to_owned())
        } else if released.is_none() || released != after {
            Some(
                "after the second apply, the environment differs from the one after the first"
                    .to_owned(),
            )
        } else {
            None
        };
        let is_good = wrong.is_none();
        let summary =
            wrong.unwrap_or_else(|| format!("rolled back to {release} and applied again"));
        if let Some(observation) = observed.or(after) {
            self.record(
                rehearsal,
                observation,
                (is_good, summary),
                started,
                state,
                report,
            )?;
        } else {
            report.say(format!(
                "the rehearsal of the rollback is not recorded: {summary}"
            ));
        }
        Ok(if is_good {
            Rehearsed::Passed(observed)
        } else {
            Rehearsed::Failed
        })
    }

    fn observe(
        &self,
        project: &Project<'_>,
        resolution: &Resolution,
        state: &mut State,
    ) -> Result<Option<Digest>, Failure> {
        state.catch_up(self.ledger)?;
        let targets = resolution.targets(project, self.name)?;
        let situation = resolution.look(project, self.name, state, &targets)?;
        Ok(situation.digest())
    }

    fn place_artifacts(&self, rehearsal: &Rehearsal<'_>, state: &mut State) -> Result<(), Failure> {
        let Rehearsal {
            restored,
            resolution,
            ..
        } = rehearsal;
        let project = &restored.project;
        let targets = resolution.targets(project, self.name)?;
        let situation = resolution.look(project, self.name, state, &targets)?;
        let plan = resolution.plan(project, &situation, state)?;
        let release = &restored.record.restores;
        artifacts::place(self.project, project, release, &situation, &plan, state)
    }

    fn record(
        &self,
        rehearsal: &Rehearsal<'_>,
        observation: Digest,
        (passed, summary): (bool, String),
        started: Moment,
        state: &mut State,
        report: &mut Report,
    ) -> Result<(), Failure> {
        let world = self.project.world;
        let settled = state
            .environment(self.name)
            .and_then(|it| it.settled.as_ref());
        let record = SuiteEnded {
            suite: REHEARSAL.to_owned(),
            kind: KIND.to_owned(),
            environment: self.name.clone(),
            passed,
            summary,
            cases: (usize::from(passed), usize::from(!passed)),
            started,
            ended: world.clock.now(),
            bound: EvidenceBinding {
                recipe: self.resolution.recipe(self.project, self.name)?.digest,
                plan: settled.map(|settled| settled.plan),
                artifacts: artifacts_of(self.resolution.environment(self.name)?),
                observation,
                suite: rehearsal.digest,
            },
            output: None,
            undisturbed: true,
        };
        let document = SuiteDocument::new(&record);
        self.ledger.append(
            world.clock.now(),
            &[record.into()],
            Some(self.lease.fence()),
        )?;
        state.catch_up(self.ledger)?;
        world.listener.event(Event::Verified { suite: &document });
        report.suites.push(document);
        Ok(())
    }
}
