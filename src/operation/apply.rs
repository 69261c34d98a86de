//! Apply: runs exactly the plan, or refuses.

use std::time::Duration;

use super::picture::Resolution;
use super::production::takes_only_releases;
use super::refusal::Attempt;
use super::rolled::Rolled;
use super::session::{Needs, Session};
use super::{Event, Failure, Project, ProjectLocation, World, in_one_line, saved};
use crate::report::{ApplyDocument, PlanReport, Report};
use crate::world::files::is_file;
use evenkeel_core::apply::{
    Apply, ApplyReport, Journal, JournalError, OwnerStamp, Progress, execute, is_recorded,
    judge_aftermath, unconfirmed_removals,
};
use evenkeel_core::observe::{Handover, Situation};
use evenkeel_core::plan::saved::{Found, changes_since};
use evenkeel_core::plan::{Plan, Step, Unreachable, binding, unreachable};
use evenkeel_core::release::{
    Restoration, Smoke, Wanted, last, may_restore, rehearsed, restored, run_smoke, settlement,
};
use evenkeel_host::ActionError;
use evenkeel_ledger::record::{
    ApplyEnded, ApplyOutcome, ApplyStarted, Origin, ReleaseEnded, StepOutcome,
};
use evenkeel_ledger::{Lease, Ledger, LedgerError, State};
use evenkeel_model::{Digest, EnvironmentName, Member, Moment};

/// Request to apply.
#[derive(Debug, Clone, Default)]
pub struct ApplyRequest {
    /// An environment, or a saved plan.
    pub what: String,
    /// The environment whose removals are confirmed.
    pub confirm: Option<String>,
    /// Time to wait for another run's lease.
    pub wait: Option<Duration>,
}

/// Applies a saved plan, or the current plan.
///
/// # Errors
///
/// When the plan is refused, the targets are unchanged.
pub fn apply(
    world: &World<'_>,
    location: &ProjectLocation,
    request: &ApplyRequest,
) -> Result<Report, Failure> {
    let attempt = Attempt::new("apply");
    let attempt = if is_file(&world.directory.join(&request.what)) {
        attempt.plan(&request.what)
    } else {
        attempt.environment(&request.what)
    };
    let outcome = apply_now(world, location, request);
    attempt.recorded(world, location, outcome)
}

fn apply_now(
    world: &World<'_>,
    location: &ProjectLocation,
    request: &ApplyRequest,
) -> Result<Report, Failure> {
    let mut session = Session::open(world, location, "apply")?;
    let project = &session.project;
    let file = world.directory.join(&request.what);
    let known = project
        .definition
        .path
        .iter()
        .any(|name| name.as_str() == request.what);
    let saved = if known {
        None
    } else if is_file(&file) {
        Some(saved::load(&file)?)
    } else if let Err(Failure::Usage(reason)) = project.environment(&request.what) {
        return Err(Failure::Usage(format!(
            "{reason}; there is no such file either"
        )));
    } else {
        None
    };
    let name = match saved.as_ref().map(|saved| &saved.plan) {
        Some(plan) => project
            .environment(plan.environment.as_str())
            .map_err(|_| Failure::Stale {
                reason: "its environment does not exist in this project".into(),
                changes: Vec::new(),
            })?,
        None => project.environment(&request.what)?,
    };
    if let Some(plan) = saved.as_ref().map(|saved| &saved.plan)
        && plan.system != project.definition.system
    {
        return Err(Failure::Stale {
            reason: format!("it was made for the system `{}`", plan.system),
            changes: Vec::new(),
        });
    }
    project.releases_to(std::slice::from_ref(&name))?;
    let resolution = session.resolve(std::slice::from_ref(&name), Needs::Change)?;
    let Session {
        project,
        mut report,
    } = session;
    let ledger = project.ledger()?;
    let mut state = State::current(&*ledger)?;
    let repairs = takes_only_releases(&project, &state, &name, &resolution.origin);
    if repairs {
        // What may be restored follows from the entries alone.
        state = State::of(&*ledger)?;
    }
    let lease = take_lease(&project, &*ledger, &mut state, &name, "apply", request.wait)?;
    let mut run = Run {
        project: &project,
        resolution: &resolution,
        ledger: &*ledger,
        lease: &lease,
        name: &name,
        purpose: "apply",
        confirm: request.confirm.as_deref(),
        saved: saved.as_ref().map(|saved| &saved.plan),
        found: saved.as_ref().map(|saved| &saved.found),
    };
    if repairs {
        run.purpose = "repair";
        may_repair(&run, &state)?;
    }
    let outcome = match run.go(&mut state, &mut report)? {
        Went::Ended(outcome, _) => outcome,
        Went::Overtaken(code) => {
            report.exit_code = code;
            return Ok(report);
        }
    };
    report.exit_code = exit_code(outcome);
    if outcome == ApplyOutcome::Interrupted {
        report.say("interrupted; the current step was finished and recorded");
    }
    if outcome != ApplyOutcome::Done {
        report.next(format!("evenkeel plan {name}"));
        report.next(format!("evenkeel apply {name}"));
    } else if repairs {
        let recipe = resolution.recipe(&project, &name)?.digest;
        state.catch_up(&*ledger)?;
        if let Some(ended) = settle(
            &project,
            &state,
            &name,
            recipe,
            resolution.origin.commit.clone(),
            &mut report,
        ) {
            ledger.append(world.clock.now(), &[ended.into()], Some(lease.fence()))?;
        }
    } else if !resolution.environment(&name)?.suites.is_empty() {
        report.next(format!("evenkeel verify {name}"));
    }
    report.outstanding(&state);
    drop(lease);
    Ok(report)
}

/// Settles a release that was unfinished before an apply to production: reports it, and returns its record.
fn settle(
    project: &Project<'_>,
    state: &State,
    name: &EnvironmentName,
    recipe: Digest,
    commit: Option<String>,
    report: &mut Report,
) -> Option<ReleaseEnded> {
    let settlement = settlement(&project.definition, state, name, recipe, commit)?;
    let number = &settlement.ended.release;
    if settlement.is_finished {
        report.say(format!("finished {number}: {name} now runs its recipe"));
        if settlement.smoke == Smoke::None {
            report.next("evenkeel status");
        } else {
            report.say("its smoke suites have not run on this state");
            report.next(run_smoke(&project.definition, name));
        }
    } else {
        report.say(format!(
            "{number} did not finish: {name} runs the previous release again"
        ));
        report.next("evenkeel status");
    }
    Some(settlement.ended)
}

/// Returns the documented exit code of an outcome.
pub(super) fn exit_code(outcome: ApplyOutcome) -> u8 {
    match outcome {
        ApplyOutcome::Done => 0,
        ApplyOutcome::Failed => 1,
        ApplyOutcome::Interrupted => 130,
        ApplyOutcome::Unknown => 6,
    }
}

/// Takes the lease, and brings the state up to date. The whole ledger was verified for the state or its snapshot, so one that
/// was damaged since is never extended.
pub(super) fn take_lease<'l>(
    project: &Project<'l>,
    ledger: &'l dyn Ledger,
    state: &mut State,
    name: &EnvironmentName,
    purpose: &str,
    wait: Option<Duration>,
) -> Result<Lease<'l>, Failure> {
    let world = project.world;
    let lease = Lease::take(
        &*project.store,
        ledger,
        world.clock,
        name,
        &world.actor,
        purpose,
        wait,
    )?;
    state.catch_up(ledger)?;
    state.may_go_on()?;
    Ok(lease)
}

/// Production only accepts releases: only the state it already runs may be restored.
fn may_repair(run: &Run<'_>, state: &State) -> Result<(), Failure> {
    let resolved = run.resolution.environment(run.name)?;
    let wanted = Wanted {
        recipe: run.resolution.recipe(run.project, run.name)?.digest,
        binding: binding(resolved),
        definitions: run.project.definitions_digest(resolved),
        origin: &run.resolution.origin,
    };
    // The commit and the artifacts of a restored release are not those of the working tree.
    let rollback = last(state, run.name).filter(|it| it.started.record.rollback.is_some());
    let rollback = rollback.map(|_| format!("run `evenkeel rollback {}` to restore it", run.name));
    let origin = match may_restore(state, run.name, wanted) {
        Restoration::Allowed => return Ok(()),
        Restoration::OtherRecipe(origin) => origin,
        Restoration::Differs {
            release,
            what,
            commit,
        } => {
            return Err(Failure::Refused {
                reason: format!(
                    "{} only accepts releases; `apply` restores {release} exactly, and {what}",
                    run.name
                ),
                help: match commit {
                    _ if rollback.is_some() => rollback.unwrap_or_default(),
                    Some(commit) => format!(
                        "run `evenkeel --at {} apply {}` to restore the released state",
                        commit.get(..10).unwrap_or(&commit),
                        run.name
                    ),
                    None => {
                        "run `evenkeel deliver` to bring it through staging, then release it".into()
                    }
                },
            });
        }
    };
    Err(Failure::Refused {
        reason: format!(
            "{} only accepts releases; `apply` can restore the released recipe, and this one differs",
            run.name
        ),
        help: match &origin {
            _ if rollback.is_some() => rollback.unwrap_or_default(),
            Some(Origin {
                commit: Some(commit),
                dirty: false,
                ..
            }) => format!(
                "run `evenkeel deliver` to bring it through staging, then release it; `evenkeel --at {} apply {}` restores the released state",
                commit.get(..10).unwrap_or(commit),
                run.name
            ),
            _ => "run `evenkeel deliver` to bring it through staging, then release it".into(),
        },
    })
}

/// Result of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Went {
    /// It ended with a recorded outcome; contains the digest of the last observation, if it is complete.
    Ended(ApplyOutcome, Option<Digest>),
    /// It lost its lease and stopped, without recording anything more; contains the exit code.
    Overtaken(u8),
}

/// Run of a plan on one environment.
pub(super) struct Run<'a> {
    pub(super) project: &'a Project<'a>,
    pub(super) resolution: &'a Resolution,
    pub(super) ledger: &'a dyn Ledger,
    pub(super) lease: &'a Lease<'a>,
    pub(super) name: &'a EnvironmentName,
    pub(super) purpose: &'a str,
    pub(super) confirm: Option<&'a str>,
    /// Plan that the current one must equal.
    pub(super) saved: Option<&'a Plan>,
    /// Observation of that plan, if it comes from a file. Such a plan is used once.
    pub(super) found: Option<&'a Found>,
}

impl Run<'_> {
    /// Observes, plans, refuses or applies, and records. The result is added to the report.
    pub(super) fn go(&self, state: &mut State, report: &mut Report) -> Result<Went, Failure> {
        let before = report.applies.len();
        let went = self.run(state, report);
        for apply in report.applies.iter().skip(before) {
            self.project.world.listener.event(Event::Applied { apply });
        }
        went
    }

    fn run(&self, state: &mut State, report: &mut Report) -> Result<Went, Failure> {
        let targets = self.resolution.targets(self.project, self.name)?;
        let situation = self
            .resolution
            .look(self.project, self.name, state, &targets)?;
        let plan = self.resolution.plan(self.project, &situation, state)?;
        if let Some(saved) = self.saved {
            if let Some(used) = state
                .used_plans
                .get(&saved.digest())
                .filter(|_| self.found.is_some())
            {
                return Err(Failure::Stale {
                    reason: format!(
                        "the plan was already applied by {} at {}; a plan can be used once",
                        used.apply,
                        used.at.for_people()
                    ),
                    changes: Vec::new(),
                });
            }
            let changes = changes_since(saved, self.found, &plan, &situation);
            if !changes.is_empty() {
                return Err(Failure::Stale {
                    reason: "the plan is out of date: the environment or its inputs changed since it was made"
                        .into(),
                    changes,
                });
            }
        }
        let restored = if self.purpose == "rollback" {
            // Each step restores what was there before.
            vec![true; plan.steps.len()]
        } else {
            restored(&situation, &plan)
        };
        let rehearsed = rehearsed(&self.project.definition, state, &plan, &restored);
        let document = PlanReport::new(&plan, rehearsed);
        self.project
            .world
            .listener
            .event(Event::Planned { plan: &document });
        report.plans.push(document);
        let unreachable = unreachable(&situation, &plan).map_err(|unseen| Failure::Other {
            reason: format!(
                "{} cannot be read, so nothing was applied: {}",
                unseen.instance, unseen.reason
            ),
            help: Some(format!(
                "make it readable, then run `evenkeel drift {}`",
                self.name
            )),
        })?;
        self.allowed(&plan)?;
        super::unrecorded::tell(self.project, state, &situation, report);
        let owner = self.owner(state);
        let unstamped = owner
            .check(situation.resolved, &targets.observers(), &unreachable)
            .map_err(|error| {
                let reason = format!("nothing was applied: {error}");
                if !error.foreign {
                    return Failure::Other {
                        reason,
                        help: Some(
                            "the file names the ledger that manages the target; make it readable, or run as the account that applied last"
                                .to_owned(),
                        ),
                    };
                }
                Failure::OtherLedger {
                    reason,
                    help: format!(
                        "restore the ledger that manages it; if this ledger takes over, run `evenkeel adopt {} --lineage --reason '…'`",
                        self.name
                    ),
                }
            })?;
        if self.project.world.interruption.is_set() {
            return Err(Failure::Interrupted);
        }
        let began = self.project.world.clock.now();
        if plan.steps.is_empty() && is_recorded(state, self.name, plan.recipe) {
            let nothing = ApplyReport {
                outcome: ApplyOutcome::Done,
                steps: Vec::new(),
                rollouts: Vec::new(),
            };
            report.applies.push(ApplyDocument::new(
                None,
                &plan,
                &nothing,
                self.project.world.clock.now().since(began).as_secs_f64(),
            ));
            let observed = self.evidence(&situation);
            return Ok(Went::Ended(ApplyOutcome::Done, observed));
        }
        self.project.unpack_for(&plan, situation.resolved)?;
        let reached = Reached {
            targets: &targets,
            unstamped,
            unreachable,
        };
        self.execute(state, situation, plan, &reached, report, began)
    }

    /// Returns the observation that evidence of the next suites is bound to.
    fn evidence(&self, situation: &Situation<'_>) -> Option<Digest> {
        match self.purpose {
            "deliver" | "release" | "rollback" => situation.untouched_digest(),
            _ => None,
        }
    }

    /// Returns the stamp of this ledger for targets.
    fn owner<'s>(&'s self, state: &'s State) -> OwnerStamp<'s> {
        OwnerStamp::of(&self.project.definition.system, self.name, state)
    }

    /// Refuses a plan that needs a confirmation and has none.
    pub(super) fn allowed(&self, plan: &Plan) -> Result<(), Failure> {
        let gone = unconfirmed_removals(&self.project.definition, plan, self.confirm);
        if gone.is_empty() {
            return Ok(());
        }
        Err(Failure::Refused {
            reason: format!(
                "this removes {} from {}: {}",
                evenkeel_model::text::count(plan.removals(), "resource"),
                self.name,
                evenkeel_model::text::list(&gone, "and")
            ),
            help: format!("to confirm, add --confirm={}", self.name),
        })
    }

    fn execute(
        &self,
        state: &mut State,
        situation: Situation<'_>,
        plan: Plan,
        reached: &Reached<'_>,
        report: &mut Report,
        began: Moment,
    ) -> Result<Went, Failure> {
        let world = self.project.world;
        // A started step is completed and recorded.
        let _hold = world.interruption.hold();
        let apply = state.next_apply();
        let started = ApplyStarted {
            apply: apply.clone(),
            environment: self.name.clone(),
            plan: plan.digest(),
            recipe: plan.recipe,
            origin: self.resolution.origin.clone(),
            steps: plan.steps.len(),
            by: world.actor.clone(),
            purpose: self.purpose.to_owned(),
            from_file: self.found.is_some(),
        };
        let confirm = || self.lease.confirm();
        let journal = Journal::new(
            self.ledger,
            (self.lease.fence(), &confirm),
            world.clock,
            &apply,
            self.name,
        );
        journal.start(started, &plan.steps)?;
        let targets = reached.targets;
        let owner = self.owner(state);
        let claimed = owner.claim(
            situation.resolved,
            &reached.unstamped,
            &targets.targets(),
            &world.interruption,
        );
        // Like any step, it is done once the observation confirms it.
        let stamped = match claimed {
            Ok(()) => match owner.check(
                situation.resolved,
                &targets.observers(),
                &reached.unreachable,
            ) {
                Ok(unstamped) if unstamped.is_empty() => Ok(()),
                Ok(_) => Err((
                    ApplyOutcome::Failed,
                    "the target reported success, but the stamp is missing".to_owned(),
                )),
                Err(error) => Err((ApplyOutcome::Unknown, error.to_string())),
            },
            Err(ActionError::Interrupted) => {
                Err((ApplyOutcome::Interrupted, "interrupted".to_owned()))
            }
            Err(error) => Err((ApplyOutcome::Failed, error.to_string())),
        };
        if let Err((outcome, reason)) = stamped {
            report.say(format!(
                "the owner stamp was not written, so nothing else was applied: {reason}"
            ));
            journal.abandon(&plan.steps)?;
            let nothing = ApplyReport::nothing(&plan, outcome);
            report.applies.push(ApplyDocument::new(
                Some(apply.clone()),
                &plan,
                &nothing,
                self.project.world.clock.now().since(began).as_secs_f64(),
            ));
            return self.ended(state, &apply, nothing, targets, report);
        }
        let handover = Handover::of(&situation);
        let (removed, former) = (handover.removed(), handover.former_places());
        let moved = handover.moved();
        drop(handover);
        let machines = targets.targets();
        let rolled = Rolled {
            project: self.project,
            resolution: self.resolution,
            resolved: situation.resolved,
            targets: &machines,
        };
        let job = Apply {
            rollouts: &rolled,
            plan: &plan,
            resolved: situation.resolved,
            removed: &removed,
            former: &former,
            moved: &moved,
            targets: &machines,
            materials: &situation.resolved.materials,
            journal,
            unreachable: &reached.unreachable,
            interruption: &world.interruption,
        };
        world.listener.event(Event::ApplyBegan {
            environment: self.name,
            steps: plan.steps.len(),
        });
        let (outcome, journal) = execute(&job, &Steps(world));
        world.listener.event(Event::Ended);
        report.applies.push(ApplyDocument::new(
            Some(apply.clone()),
            &plan,
            &outcome,
            self.project.world.clock.now().since(began).as_secs_f64(),
        ));
        if let Err(error) = journal {
            report.say(in_one_line(&error));
            return Ok(match error {
                JournalError::Intent(LedgerError::Fenced { .. }) => {
                    self.overtaken(5, state, report)
                }
                JournalError::Outcome(LedgerError::Fenced { .. }) => {
                    self.overtaken(6, state, report)
                }
                // A run without a record is neither done nor ended.
                _ => Went::Ended(ApplyOutcome::Unknown, None),
            });
        }
        // The next observation needs as much memory as the plan, which is no longer used.
        drop((removed, former, situation, plan));
        self.ended(state, &apply, outcome, targets, report)
    }

    /// Reports the loss of the lease, with the new holder and the reason, as far as the ledger contains them.
    fn overtaken(&self, code: u8, state: &mut State, report: &mut Report) -> Went {
        // An unknown holder is not another failure.
        let _ = state.catch_up(self.ledger);
        let broken = state
            .environment(self.name)
            .and_then(|standing| standing.broken.as_ref())
            .filter(|broken| broken.record.token == self.lease.fence().token);
        report.say(match broken {
            Some(broken) => format!(
                "{} on {} broke the lock at {}: {}",
                broken.record.by.name,
                broken.record.by.host,
                broken.at.for_people(),
                broken.record.reason
            ),
            None => format!("another run took over {}", self.name),
        });
        report.next(format!("evenkeel plan {}", self.name));
        report.next(format!("evenkeel apply {}", self.name));
        Went::Overtaken(code)
    }

    /// Observes everything again, and records the outcome.
    fn ended(
        &self,
        state: &mut State,
        apply: &str,
        mut outcome: ApplyReport,
        targets: &super::targets::Targets,
        report: &mut Report,
    ) -> Result<Went, Failure> {
        state.catch_up(self.ledger)?;
        let after = self
            .resolution
            .look(self.project, self.name, state, targets)?;
        let observation = after.digest();
        judge_aftermath(&after, &mut outcome);
        if let Some(document) = report.applies.last_mut() {
            document.judge(&outcome);
        }
        let ended = ApplyEnded {
            apply: apply.to_owned(),
            environment: self.name.clone(),
            outcome: outcome.outcome,
            done: outcome.count(Some(StepOutcome::Done)),
            failed: outcome.count(Some(StepOutcome::Failed))
                + outcome.count(Some(StepOutcome::Unknown)),
            not_started: outcome.count(None),
            observation,
        };
        let written = self.ledger.append(
            self.project.world.clock.now(),
            &[ended.into()],
            Some(self.lease.fence()),
        );
        match written {
            Ok(_) => Ok(Went::Ended(outcome.outcome, self.evidence(&after))),
            // The outcome of each step is recorded, but not the end.
            Err(error @ LedgerError::Fenced { .. }) => {
                let reason = in_one_line(&error);
                report.say(format!("the outcome could not be recorded: {reason}"));
                Ok(self.overtaken(5, state, report))
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// Targets of a run, those without an owner stamp, and those that cannot be read.
struct Reached<'a> {
    targets: &'a super::targets::Targets,
    unstamped: Vec<Member>,
    /// Hosts of rollouts that this run leaves out.
    unreachable: Unreachable,
}

/// Passes the ends of steps to the world's listener.
struct Steps<'a>(&'a World<'a>);

impl Progress for Steps<'_> {
    fn begun(&self, _steps: &[&Step]) {}

    fn ended(&self, step: &Step, _outcome: StepOutcome, _reason: Option<&str>) {
        self.0.listener.event(Event::StepEnded {
            instance: &step.instance,
        });
    }
}
