//! Verify: runs suites, and records their results, bound to the tested state.

use std::time::Duration;

use super::apply::take_lease;
use super::picture::Resolution;
use super::session::{Needs, Session};
use super::targets::Targets;
use super::{Event, Failure, Project, ProjectLocation, World};
use crate::report::{CaseDocument, Report, SuiteDocument};
use crate::suite::{self, Outcome};
use crate::world::scratch::fresh_directory;
use crate::world::waiting::wait;
use evenkeel_core::environment::suite::{Suite, selected};
use evenkeel_core::environment::suites::scratch_of;
use evenkeel_core::release::artifacts;
use evenkeel_ledger::record::{EvidenceBinding, SuiteEnded};
use evenkeel_ledger::{Fence, Ledger, Record, State};
use evenkeel_model::{Digest, EnvironmentName};

/// Runs suites of an environment: the named ones, or all.
///
/// # Errors
///
/// When definitions are wrong or the ledger cannot be written.
pub fn verify(
    world: &World<'_>,
    location: &ProjectLocation,
    environment: &str,
    names: &[String],
    wait: Option<Duration>,
) -> Result<Report, Failure> {
    let mut session = Session::open(world, location, "verify")?;
    let name = session.project.environment(environment)?;
    let resolution = session.resolve(std::slice::from_ref(&name), Needs::Change)?;
    let Session {
        project,
        mut report,
    } = session;
    let wanted = selected(&resolution.environment(&name)?.suites, names).map_err(Failure::Usage)?;
    project.runs_as_committed(wanted.iter().copied())?;
    let ledger = project.ledger()?;
    let mut state = State::current(&*ledger)?;
    let lease = take_lease(&project, &*ledger, &mut state, &name, "verify", wait)?;
    let passed = Verification {
        project: &project,
        resolution: &resolution,
        ledger: &*ledger,
        fence: lease.fence(),
        name: &name,
    }
    .run(&wanted, &mut state, None, &mut report)?;
    report.outstanding(&state);
    report.exit_code = match passed {
        _ if world.interruption.is_set() => 130,
        true => 0,
        false => 1,
    };
    Ok(report)
}

/// Number of times that a service is given to become ready again after a suite, and the time of each.
const CALM: usize = 5;
const PAUSE: Duration = Duration::from_secs(1);

/// Run of suites on one environment.
pub(super) struct Verification<'a> {
    pub(super) project: &'a Project<'a>,
    pub(super) resolution: &'a Resolution,
    pub(super) ledger: &'a dyn Ledger,
    pub(super) fence: &'a Fence,
    pub(super) name: &'a EnvironmentName,
}

impl Verification<'_> {
    /// Runs suites in sequence, quick kinds first, and records each. Returns whether all passed.
    ///
    /// `observed` is the caller's latest observation, if any: evenkeel changes nothing after it. The same holds for the
    /// observation after a suite and before the next. Changes by others in that time appear in the observation at the
    /// suite's end, and invalidate its evidence.
    pub(super) fn run(
        &self,
        suites: &[&Suite],
        state: &mut State,
        mut observed: Option<Digest>,
        report: &mut Report,
    ) -> Result<bool, Failure> {
        let mut ordered: Vec<&Suite> = suites.to_vec();
        ordered.sort_by_key(|suite| suite.rank());
        let mut passed = true;
        let mut kept: Vec<Record> = Vec::new();
        let mut outcome = Ok(());
        for suite in ordered {
            if self.project.world.interruption.is_set() {
                passed = false;
                break;
            }
            match self.one(suite, state, &mut observed, report) {
                Ok(ended) => {
                    passed &= ended.passed;
                    kept.push(ended.into());
                }
                Err(failure) => {
                    outcome = Err(failure);
                    break;
                }
            }
            // Where an append is expensive, the evidence of all suites is written together.
            if !self.ledger.prefers_few_appends() {
                self.record(&mut kept)?;
            }
        }
        self.record(&mut kept)?;
        outcome.map(|()| passed)
    }

    /// Records evidence.
    fn record(&self, kept: &mut Vec<Record>) -> Result<(), Failure> {
        let records = std::mem::take(kept);
        if !records.is_empty() {
            let now = self.project.world.clock.now();
            self.ledger.append(now, &records, Some(self.fence))?;
        }
        Ok(())
    }

    fn one(
        &self,
        suite: &Suite,
        state: &mut State,
        observed: &mut Option<Digest>,
        report: &mut Report,
    ) -> Result<SuiteEnded, Failure> {
        let world = self.project.world;
        let targets = self.resolution.targets(self.project, self.name)?;
        state.catch_up(self.ledger)?;
        let before = match *observed {
            Some(observation) => Some(observation),
            None => self.look(state, &targets)?,
        };
        let Some(observation) = before else {
            return Err(Failure::Other {
                reason: format!(
                    "{} cannot be read completely, so evidence cannot be bound to its state",
                    self.name
                ),
                help: Some(format!("run `evenkeel drift {}`", self.name)),
            });
        };
        let settled = state
            .environment(self.name)
            .and_then(|standing| standing.settled.clone());
        let bound = EvidenceBinding {
            recipe: match &settled {
                Some(settled) => settled.recipe,
                None => self.resolution.recipe(self.project, self.name)?.digest,
            },
            plan: settled.map(|settled| settled.plan),
            artifacts: artifacts(self.resolution.environment(self.name)?),
            observation,
            suite: suite.digest,
        };
        scratch(self.project, self.name, suite).map_err(Failure::other)?;
        let started = world.clock.now();
        world.listener.event(Event::SuiteBegan {
            kind: &suite.kind,
            suite: &suite.name,
        });
        let result = suite::run(
            suite,
            world.clock,
            world.environment,
            &self.resolution.secrets,
            &world.interruption,
            &|line| {
                world.listener.event(Event::CommandLine { line });
            },
        );
        world.listener.event(Event::Ended);
        let ended = world.clock.now();
        // A suite may change the environment.
        *observed = self.look_after(observation, state, &targets)?;
        let output = self.project.store.objects().put(result.output.as_bytes())?;
        let record = suite::evidence::record(
            suite,
            self.name,
            &result,
            bound,
            started,
            ended,
            Some(output),
            *observed == Some(observation),
        );
        let mut document = SuiteDocument::new(&record);
        document.failures = result
            .cases
            .iter()
            .filter(|case| matches!(case.outcome, Outcome::Failed | Outcome::Error))
            .map(|case| CaseDocument {
                name: case.name.clone(),
                message: case.message.clone().unwrap_or_default(),
            })
            .collect();
        document.figures.clone_from(&result.figures);
        world.listener.event(Event::Verified { suite: &document });
        report.suites.push(document);
        Ok(record)
    }
}

impl Verification<'_> {
    /// Looks after a suite. A service that a load has just left may not be ready at that moment: it is given time. The
    /// times of changes count, so a service that was restarted meanwhile, or a file that was written, is still found.
    fn look_after(
        &self,
        before: Digest,
        state: &State,
        targets: &Targets,
    ) -> Result<Option<Digest>, Failure> {
        let interruption = &self.project.world.interruption;
        for _ in 0..CALM {
            let situation = self
                .resolution
                .look(self.project, self.name, state, targets)?;
            let after = situation.untouched_digest();
            if after == Some(before)
                || !situation.is_ended_by_itself()
                || !wait(PAUSE, interruption)
            {
                return Ok(after);
            }
        }
        self.look(state, targets)
    }

    /// Returns the digest of the live state with its times of change, if everything is observable.
    fn look(&self, state: &State, targets: &Targets) -> Result<Option<Digest>, Failure> {
        let situation = self
            .resolution
            .look(self.project, self.name, state, targets)?;
        Ok(situation.untouched_digest())
    }
}

/// Recreates the working directory of a suite: files of an earlier run are no evidence.
///
/// # Errors
///
/// Why it cannot be created.
pub(super) fn scratch(
    project: &Project<'_>,
    environment: &EnvironmentName,
    suite: &Suite,
) -> Result<(), String> {
    let Some(run) = &suite.run else { return Ok(()) };
    let own = scratch_of(environment.as_str(), &suite.name);
    if run.directory != project.root.join(&own) {
        return Ok(());
    }
    fresh_directory(&project.root, &own).map_err(|reason| {
        let directory = run.directory.display();
        format!("cannot create the working directory {directory}: {reason}")
    })
}
