//! Execution of a plan's steps.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc;
use std::thread;

use super::bystanders::Bystanders;
use super::confirmation::{Armed, Confirmations, arm, confirm};
use super::journal::{Journal, JournalError};
use super::renewal::Renewals;
use super::rollout::{Next, RolloutReport, RolloutWorld, Rollouts};
use super::schedule::Schedule;
use crate::environment::Resolved;
use crate::kind::{Declared, Observation, Observed};
use crate::observe::{FormerPlace, Observers, applied_record, observe};
use crate::plan::{Plan, Step, Unreachable, dependents, shape};
use evenkeel_host::threads;
use evenkeel_host::{Action, ActionError, Interruption, Materials, Target};
use evenkeel_ledger::LedgerError;
use evenkeel_ledger::record::{ApplyOutcome, NOT_BEGUN, StepEnd, StepOutcome, Verb};
use evenkeel_model::{Instance, Member};

/// Number of concurrent jobs: quick steps of one machine share one, each slow step has its own.
const AT_ONCE: usize = 16;

/// The same for several machines, whose answers are mostly waited for.
const HOSTS_AT_ONCE: usize = 64;

/// Number of steps started while others are running; each holds its materials in memory until it is done.
const STEPS_AT_ONCE: usize = 8_000;

/// Plan to apply, with everything it needs.
pub struct Apply<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// Resolved environment that it was made from.
    pub resolved: &'a Resolved,
    /// Resources to remove, as last applied.
    pub removed: &'a BTreeMap<Instance, Declared>,
    /// Places that resources leave, by name; they are kept in the ledger until they are cleared.
    pub former: &'a BTreeMap<Instance, FormerPlace>,
    /// Resources that leave a place, each with the name of that place.
    pub moved: &'a BTreeMap<Instance, Instance>,
    /// The machines of all targets.
    pub targets: &'a BTreeMap<Member, &'a dyn Target>,
    /// Materials for actions.
    pub materials: &'a dyn Materials,
    /// Journal.
    pub journal: Journal<'a>,
    /// Commands, waiting and suites of rollouts.
    pub rollouts: &'a dyn RolloutWorld,
    /// Hosts of rollouts that cannot be read: they failed before the first step.
    pub unreachable: &'a Unreachable,
    /// Requests a stop after the current steps.
    pub interruption: &'a Interruption,
}

/// Receives events while they happen.
pub trait Progress {
    /// Reports that steps started.
    fn begun(&self, steps: &[&Step]);
    /// Reports that a step ended.
    fn ended(&self, step: &Step, outcome: StepOutcome, reason: Option<&str>);
}

/// Result of an apply.
#[derive(Debug)]
pub struct ApplyReport {
    /// Overall outcome.
    pub outcome: ApplyOutcome,
    /// Result of each step, in the plan's order.
    pub steps: Vec<StepReport>,
    /// Result of each rollout.
    pub rollouts: Vec<RolloutReport>,
}

/// Result of one step; without an outcome it was not started.
#[derive(Debug, Clone)]
pub struct StepReport {
    /// The resource on its host.
    pub instance: Instance,
    /// Planned change.
    pub verb: Verb,
    /// Outcome.
    pub outcome: Option<StepOutcome>,
    /// Reason why it failed or was not started.
    pub reason: Option<String>,
}

impl ApplyReport {
    /// Returns the report of an apply that ended before its first step.
    #[must_use]
    pub fn nothing(plan: &Plan, outcome: ApplyOutcome) -> Self {
        Self {
            outcome,
            steps: not_started(plan),
            rollouts: Vec::new(),
        }
    }

    /// Counts the steps with an outcome.
    #[must_use]
    pub fn count(&self, outcome: Option<StepOutcome>) -> usize {
        self.steps
            .iter()
            .filter(|step| step.outcome == outcome)
            .count()
    }
}

fn not_started(plan: &Plan) -> Vec<StepReport> {
    plan.steps
        .iter()
        .map(|step| StepReport {
            instance: step.instance.clone(),
            verb: step.verb,
            outcome: None,
            reason: None,
        })
        .collect()
}

/// The end of a step.
pub(super) struct Ended {
    /// Its number in the plan.
    pub(super) number: usize,
    /// `None` if it was not started.
    pub(super) outcome: Option<StepOutcome>,
    /// Why it failed.
    pub(super) reason: Option<String>,
}

/// What a thread of an apply did.
enum Work {
    /// Steps of a machine, as many as started.
    Steps(Member, Vec<Ended>, usize),
    /// The confirmation of a machine's risky steps.
    Confirmed(Member, Vec<Ended>),
}

/// Executes all steps. A failed step stops only the steps that depend on it.
///
/// # Errors
///
/// When the ledger cannot be written. The report contains everything done until then.
pub fn execute(
    apply: &Apply<'_>,
    progress: &dyn Progress,
) -> (ApplyReport, Result<(), JournalError>) {
    let steps = &apply.plan.steps;
    let mut reports = not_started(apply.plan);
    let mut rollouts = Rollouts::of(apply.resolved, steps, apply.unreachable);
    let mut schedule = Schedule::new(steps, &|step| rollouts.member(step));
    bar(apply, &mut schedule, &mut reports);
    let mut broken: Option<JournalError> = None;
    let at_once = apply.targets.len().clamp(AT_ONCE, HOSTS_AT_ONCE);
    let bystanders = Bystanders::of(apply);
    let renewals = Renewals::of(apply);
    let mut halted: Option<String> = None;
    let armed = Armed::default();
    let mut confirmations = Confirmations::new(&armed);
    thread::scope(|scope| {
        let (sender, receiver) = mpsc::channel::<Work>();
        let mut running = 0;
        let mut on_their_way = 0;
        loop {
            while broken.is_none()
                && halted.is_none()
                && running < at_once
                && on_their_way < STEPS_AT_ONCE
                && !apply.interruption.is_set()
            {
                let Some(numbers) = schedule.take(&|step| rollouts.may_begin(step)) else {
                    break;
                };
                let taken: Vec<(usize, &Step)> = numbers
                    .iter()
                    .filter_map(|number| Some((*number, steps.get(*number)?)))
                    .collect();
                let intents = taken
                    .iter()
                    .map(|(_, step)| (step.instance.clone(), step.verb))
                    .collect();
                if let Err(error) = apply.journal.intend(intents) {
                    broken = Some(error);
                    break;
                }
                progress.begun(&taken.iter().map(|(_, step)| *step).collect::<Vec<_>>());
                running += 1;
                on_their_way += taken.len();
                let Some(member) = taken.first().map(|(_, step)| step.member()) else {
                    break;
                };
                confirmations.begin(member.clone());
                let (sender, armed, renewals) = (sender.clone(), &armed, &renewals);
                threads::begin(scope, move || {
                    let ended = job_or_unknown(apply, armed, renewals, &taken);
                    // The receiver outlives every sender within this scope.
                    let _ = sender.send(Work::Steps(member, ended, taken.len()));
                });
            }
            for unconfirmed in confirmations.take() {
                running += 1;
                let sender = sender.clone();
                threads::begin(scope, move || {
                    let member = unconfirmed.member.clone();
                    let ended = confirm(apply, unconfirmed);
                    let _ = sender.send(Work::Confirmed(member, ended));
                });
            }
            if running == 0 {
                if broken.is_some() || halted.is_some() || apply.interruption.is_set() {
                    break;
                }
                match rollouts.advance(steps, &reports, apply.rollouts) {
                    Next::Over => break,
                    Next::Stop(reason) => {
                        halted = Some(format!("not started: {reason}"));
                        break;
                    }
                    Next::Go(refused) => {
                        refuse(&refused, steps, &mut schedule, &mut reports);
                        continue;
                    }
                }
            }
            let Ok(work) = receiver.recv() else {
                break;
            };
            running -= 1;
            let mut ended = match work {
                Work::Steps(member, ended, count) => {
                    on_their_way -= count;
                    let (held, others) = confirmations.end(&member, steps, ended);
                    // Their dependents go on: what is confirmed at the end is all of it.
                    for (number, is_done) in held {
                        if is_done {
                            schedule.done(number);
                        } else {
                            schedule.lost(number);
                        }
                    }
                    others
                }
                Work::Confirmed(member, ended) => {
                    confirmations.confirmed(&member);
                    ended
                }
            };
            if let Some(bystanders) = &bystanders {
                let found = look_around(bystanders, &mut ended, &reports);
                if halted.is_none() {
                    halted = found;
                }
            }
            record(
                apply,
                &ended,
                &mut schedule,
                &mut reports,
                &mut broken,
                progress,
            );
        }
    });
    let unbegun = steps
        .iter()
        .zip(&reports)
        .filter(|(_, report)| report.outcome.is_none())
        .map(|(step, _)| step);
    if let Err(error) = apply.journal.finish(unbegun) {
        // What was done is not recorded.
        for report in &mut reports {
            report.outcome = report.outcome.map(|_| StepOutcome::Unknown);
        }
        broken.get_or_insert(error);
    }
    tell_what_was_waited_for(steps, &mut reports);
    if let Some(reason) = halted {
        let skipped = reports
            .iter_mut()
            .filter(|report| report.outcome.is_none() && report.reason.is_none());
        for report in skipped {
            report.reason = Some(reason.clone());
        }
    }
    // Losing the lease before the next step leaves nothing open: everything that started is recorded.
    let is_open = !matches!(
        broken,
        None | Some(JournalError::Intent(LedgerError::Fenced { .. }))
    );
    let outcome = outcome(apply, &reports, is_open);
    let rollouts = rollouts.reports(steps, &reports);
    (
        ApplyReport {
            outcome,
            steps: reports,
            rollouts,
        },
        broken.map_or(Ok(()), Err),
    )
}

/// Marks the steps that depend on hosts that cannot be read as never started.
fn bar(apply: &Apply<'_>, schedule: &mut Schedule<'_>, reports: &mut [StepReport]) {
    let barred = dependents(apply.resolved, apply.unreachable);
    for (number, report) in reports.iter_mut().enumerate() {
        if let Some(cause) = barred.get(&report.instance) {
            report.reason = Some(format!("it depends on {cause}, which cannot be read"));
            schedule.lost(number);
        }
    }
}

/// Marks the steps of hosts that must not be changed as never started.
fn refuse(
    refused: &[(Member, String)],
    steps: &[Step],
    schedule: &mut Schedule<'_>,
    reports: &mut [StepReport],
) {
    for (number, step) in steps.iter().enumerate() {
        let member = step.member();
        let Some((_, reason)) = refused.iter().find(|(other, _)| *other == member) else {
            continue;
        };
        if let Some(report) = reports.get_mut(number)
            && report.outcome.is_none()
        {
            report.reason = Some(reason.clone());
            schedule.lost(number);
        }
    }
}

/// Runs [`job`]; after a panic, the outcome of its steps is unknown. The caller always receives a result.
fn job_or_unknown(
    apply: &Apply<'_>,
    armed: &Armed,
    renewals: &Renewals,
    steps: &[(usize, &Step)],
) -> Vec<Ended> {
    catch_unwind(AssertUnwindSafe(|| job(apply, armed, renewals, steps))).unwrap_or_else(|_| {
        let unknown = |(number, _): &(usize, &Step)| Ended {
            number: *number,
            outcome: Some(StepOutcome::Unknown),
            reason: Some("evenkeel failed during this step: run `evenkeel plan`".to_owned()),
        };
        steps.iter().map(unknown).collect()
    })
}

/// Observes the resources that removals among some steps could have affected. If one is missing, the removing step
/// failed, and the returned reason stops all further steps.
fn look_around(
    bystanders: &Bystanders<'_>,
    ended: &mut [Ended],
    reports: &[StepReport],
) -> Option<String> {
    let now: BTreeMap<usize, Option<StepOutcome>> = ended
        .iter()
        .map(|each| (each.number, each.outcome))
        .collect();
    let outcomes = |number: usize| match now.get(&number) {
        Some(outcome) => *outcome,
        None => reports.get(number)?.outcome,
    };
    let numbers: Vec<usize> = now.keys().copied().collect();
    let missing = bystanders.missing(&numbers, &outcomes);
    let mut halted = None;
    for each in missing {
        let step = ended.iter_mut().find(|step| step.number == each.step);
        let (Some(step), Some(report)) = (step, reports.get(each.step)) else {
            continue;
        };
        halted.get_or_insert_with(|| {
            format!(
                "not started: {} is not known to be present after the removal of {}",
                each.instance, report.instance
            )
        });
        step.reason = Some(match step.reason.take() {
            Some(reason) => format!("{reason}; {}", each.reason()),
            None => each.reason(),
        });
        if step.outcome != Some(StepOutcome::Unknown) {
            step.outcome = Some(each.outcome());
        }
    }
    halted
}

/// Adds to each step that was not started the unfinished step it depends on.
fn tell_what_was_waited_for(steps: &[Step], reports: &mut [StepReport]) {
    let undone: BTreeSet<Instance> = reports
        .iter()
        .filter(|report| report.outcome != Some(StepOutcome::Done))
        .map(|report| report.instance.clone())
        .collect();
    for (step, report) in steps.iter().zip(reports) {
        if report.outcome.is_none() && report.reason.is_none() {
            report.reason = step
                .after
                .iter()
                .find(|other| undone.contains(*other))
                .map(|other| format!("it depends on {other}, which was not done"));
        }
    }
}

fn outcome(apply: &Apply<'_>, reports: &[StepReport], broken: bool) -> ApplyOutcome {
    let any = |outcome| reports.iter().any(|report| report.outcome == outcome);
    if any(Some(StepOutcome::Unknown)) || broken {
        ApplyOutcome::Unknown
    } else if any(Some(StepOutcome::Failed)) || !apply.unreachable.is_empty() {
        ApplyOutcome::Failed
    } else if any(None) {
        if apply.interruption.is_set() {
            ApplyOutcome::Interrupted
        } else {
            ApplyOutcome::Failed
        }
    } else {
        ApplyOutcome::Done
    }
}

/// Records the outcome of a job, updates the schedule, and reports it.
fn record(
    apply: &Apply<'_>,
    ended: &[Ended],
    schedule: &mut Schedule<'_>,
    reports: &mut [StepReport],
    broken: &mut Option<JournalError>,
    progress: &dyn Progress,
) {
    let mut ends = Vec::with_capacity(ended.len());
    for each in ended {
        let Some(step) = apply.plan.steps.get(each.number) else {
            continue;
        };
        let applied = (each.outcome == Some(StepOutcome::Done) && step.verb != Verb::Remove)
            .then(|| apply.resolved.resource_of(&step.instance))
            .flatten()
            .and_then(|resource| {
                applied_record(apply.resolved, step.instance.host.as_ref(), resource).ok()
            });
        ends.push(StepEnd {
            instance: step.instance.clone(),
            verb: step.verb,
            // An intent that was not started is closed as failed: the target is unchanged.
            outcome: each.outcome.unwrap_or(StepOutcome::Failed),
            shape: step.shape,
            applied,
            reason: each.reason.clone(),
        });
        if each.outcome == Some(StepOutcome::Done) && step.verb != Verb::Remove {
            ends.extend(former_place(apply, step, reports));
            ends.extend(left_empty(apply, step));
        }
    }
    let written = apply.journal.end(ends);
    let recorded = written.is_ok();
    if let Err(error) = written {
        *broken = Some(error);
    }
    for each in ended {
        let outcome = if recorded {
            each.outcome
        } else {
            Some(StepOutcome::Unknown)
        };
        if outcome == Some(StepOutcome::Done) {
            schedule.done(each.number);
        } else {
            schedule.lost(each.number);
        }
        if let (Some(report), Some(step)) = (
            reports.get_mut(each.number),
            apply.plan.steps.get(each.number),
        ) {
            report.outcome = outcome;
            report.reason.clone_from(&each.reason);
            if let Some(outcome) = outcome {
                progress.ended(step, outcome, each.reason.as_deref());
            }
        }
    }
}

/// Records the place that a resource left together with its new place: if the run is killed before the old place is
/// cleared, the next run still knows it.
fn former_place(apply: &Apply<'_>, step: &Step, reports: &[StepReport]) -> Option<StepEnd> {
    let former = apply.former.get(&step.instance)?;
    let steps = &apply.plan.steps;
    let number = steps
        .iter()
        .rposition(|step| step.instance == former.instance);
    let clearing = number.and_then(|number| reports.get(number));
    if clearing.is_some_and(|report| report.outcome == Some(StepOutcome::Done)) {
        return None;
    }
    Some(StepEnd {
        instance: former.instance.clone(),
        verb: Verb::Record,
        outcome: StepOutcome::Done,
        shape: step.shape,
        applied: Some(former.record.clone()),
        reason: None,
    })
}

/// Records that a resource left its place, if there is nothing to clear: it is empty or in use by another resource.
/// Another environment may have to clear it, and this is its rehearsal.
fn left_empty(apply: &Apply<'_>, step: &Step) -> Option<StepEnd> {
    let former = apply.moved.get(&step.instance)?;
    let is_kept = apply.former.contains_key(&step.instance);
    (!is_kept).then(|| StepEnd {
        instance: former.clone(),
        verb: Verb::Remove,
        outcome: StepOutcome::Done,
        shape: shape(&step.instance.address, None),
        applied: None,
        reason: None,
    })
}

/// Performs the steps of one job, observes the result, and judges it.
fn job(
    apply: &Apply<'_>,
    armed: &Armed,
    renewals: &Renewals,
    taken: &[(usize, &Step)],
) -> Vec<Ended> {
    // This run may have been suspended since the intents were written, and another one may act now.
    if apply.journal.confirm().is_err() {
        let not_started = |(number, _): &(usize, &Step)| Ended {
            number: *number,
            outcome: None,
            reason: Some(NOT_BEGUN.into()),
        };
        return taken.iter().map(not_started).collect();
    }
    let target = taken
        .first()
        .and_then(|(_, step)| apply.targets.get(&step.member()))
        .copied();
    let renewed = target.map_or_else(BTreeMap::new, |target| renewals.renew(apply, taken, target));
    let taken: Vec<(usize, &Step)> = taken
        .iter()
        .map(|(number, step)| (*number, renewed.get(number).unwrap_or(*step)))
        .collect();
    let taken = taken.as_slice();
    let mut tried: Vec<Tried> = taken.iter().map(|_| Tried::default()).collect();
    if let Some(target) = target
        && let Err(error) = arm(apply, armed, taken, target, true)
    {
        for ((_, step), tried) in taken.iter().zip(&mut tried) {
            if step.risky {
                tried.failure = Some(error.clone());
            }
        }
    }
    let rounds = taken
        .iter()
        .map(|(_, step)| step.actions.len())
        .max()
        .unwrap_or(0);
    for round in 0..rounds {
        let mut actions: Vec<Action> = Vec::new();
        let mut whose: Vec<usize> = Vec::new();
        for (position, (_, step)) in taken.iter().enumerate() {
            // An action expects the state after the preceding ones: after a failure the rest is skipped.
            if let Some(action) = step.actions.get(round)
                && tried.get(position).is_some_and(|it| it.failure.is_none())
            {
                actions.push(action.clone());
                whose.push(position);
            }
        }
        let results = match target {
            Some(target) if round == 0 => {
                target.perform(&actions, apply.materials, apply.interruption)
            }
            // A started replacement is always completed, since its first half removed something.
            Some(target) => target.perform(&actions, apply.materials, &Interruption::default()),
            None => actions
                .iter()
                .map(|_| {
                    Err(ActionError::Failed {
                        operation: "reach".into(),
                        path: taken
                            .first()
                            .map(|(_, step)| step.member().to_string())
                            .unwrap_or_default(),
                        reason: "the target does not exist".into(),
                    })
                })
                .collect(),
        };
        for (position, result) in whose.into_iter().zip(results) {
            if let Some(tried) = tried.get_mut(position) {
                match result {
                    Ok(_) => tried.done += 1,
                    Err(error) => tried.failure = Some(error),
                }
            }
        }
    }
    if let Some(target) = target {
        // If this fails, the time that began before the change goes on.
        let _ = arm(apply, armed, taken, target, false);
    }
    look_again(apply, taken, target, tried)
}

/// Progress of one step's actions.
#[derive(Default)]
struct Tried {
    /// Number of completed actions.
    done: usize,
    /// Reason why the next action failed.
    failure: Option<ActionError>,
}

impl Tried {
    /// Returns the reason why the step failed, with its progress if some of its actions were done.
    fn reason(&self, step: &Step) -> Option<String> {
        let failure = self.failure.as_ref()?;
        let all = step.actions.len();
        Some(match (self.done, failure) {
            (0, failure) => failure.to_string(),
            (done, ActionError::Interrupted) => {
                format!("interrupted after {done} of {all} actions")
            }
            (done, failure) => format!("{failure} (after {done} of {all} actions)"),
        })
    }
}

fn look_again(
    apply: &Apply<'_>,
    taken: &[(usize, &Step)],
    target: Option<&dyn Target>,
    tried: Vec<Tried>,
) -> Vec<Ended> {
    let declared = |step: &Step| -> Option<&Declared> {
        if step.verb == Verb::Remove {
            apply.removed.get(&step.instance)
        } else {
            apply
                .resolved
                .resource_of(&step.instance)
                .map(|resource| &resource.declared)
        }
    };
    let observers: Observers<'_> = taken
        .first()
        .zip(target)
        .map(|((_, step), target)| {
            let observer: &dyn evenkeel_host::Observer = target;
            (step.member(), observer)
        })
        .into_iter()
        .collect();
    let seen = observe(
        taken
            .iter()
            .filter_map(|(_, step)| Some((step.instance.clone(), &step.on, declared(step)?))),
        &observers,
    );
    taken
        .iter()
        .zip(tried)
        .map(|((number, step), tried)| {
            let (outcome, reason) = judge(step, declared(step), seen.get(&step.instance), &tried);
            Ended {
                number: *number,
                outcome,
                reason,
            }
        })
        .collect()
}

/// Judges a step: it is done if the target reported success *and* the observation confirms it.
fn judge(
    step: &Step,
    declared: Option<&Declared>,
    seen: Option<&Observation<Observed>>,
    tried: &Tried,
) -> (Option<StepOutcome>, Option<String>) {
    // Only the record is removed: the place belongs to another resource or to none.
    if step.verb == Verb::Remove
        && step.actions.is_empty()
        && (step.successor.is_some() || declared.is_none())
    {
        return (Some(StepOutcome::Done), None);
    }
    if tried.done == 0 && matches!(tried.failure, Some(ActionError::Interrupted)) {
        return (None, Some(NOT_BEGUN.into()));
    }
    let failure = tried.reason(step);
    let observed = match seen {
        Some(Observation::Seen(observed)) => observed,
        Some(Observation::CannotTell(reason)) => {
            let reason = match failure {
                Some(failure) => {
                    format!("{failure}; the live state is unreadable: {reason}")
                }
                None => format!("the live state is unreadable: {reason}"),
            };
            return (Some(StepOutcome::Unknown), Some(reason));
        }
        None => {
            return (
                Some(StepOutcome::Unknown),
                Some("not observed after the step".into()),
            );
        }
    };
    if let Some(failure) = failure {
        return (Some(StepOutcome::Failed), Some(failure));
    }
    let wrong = match declared {
        // Nothing tells whether it did what it is for.
        Some(_) if observed.unknown().is_some() => Vec::new(),
        Some(_) if step.verb == Verb::Remove => {
            if observed.is_there() {
                return (Some(StepOutcome::Failed), Some("it still exists".into()));
            }
            Vec::new()
        }
        Some(declared) => declared.compare(observed),
        None => {
            return (
                Some(StepOutcome::Unknown),
                Some("the definition is unknown".into()),
            );
        }
    };
    match wrong.first() {
        None => (Some(StepOutcome::Done), None),
        Some(first) => (
            Some(StepOutcome::Failed),
            Some(format!(
                "the target reported success, but {} is {}, expected {}",
                first.attribute, first.found, first.expected
            )),
        ),
    }
}
