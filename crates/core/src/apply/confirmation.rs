//! Confirmation of risky steps: a host restores its earlier state unless a new login confirms the change.
//!
//! Before a risky step, the host saves what the step changes and starts its clock. When nothing of the host runs and nothing of it
//! may start, the change is confirmed over a new connection. Until then, the outcomes of its risky steps are not recorded: if the
//! run is killed, the next one finds open steps and observes them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::execute::{Apply, Ended};
use crate::plan::{Step, risk};
use evenkeel_host::revert::{ArmRevert, DisarmRevert};
use evenkeel_host::{Action, ActionError, Interruption, Target};
use evenkeel_ledger::record::StepOutcome;
use evenkeel_model::Member;
use evenkeel_model::duration::phrase;

/// Additional time while a slow step runs: a revert in the middle of it would leave neither state.
const SLOW: Duration = Duration::from_mins(15);
/// How often a confirmation is tried, and the pause between: a restarted server takes a moment.
const TRIES: u32 = 3;
const PAUSE: Duration = Duration::from_millis(300);

/// Hosts whose clock runs, each with an earlier revert that it reported. The threads of jobs share it.
pub(super) type Armed = Mutex<BTreeMap<Member, Option<String>>>;

fn locked(armed: &Armed) -> MutexGuard<'_, BTreeMap<Member, Option<String>>> {
    armed.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A host to confirm.
pub(super) struct Unconfirmed {
    pub(super) member: Member,
    /// Ends of its risky steps.
    ended: Vec<Ended>,
    /// An earlier revert.
    note: Option<String>,
}

/// Hosts with unconfirmed changes.
pub(super) struct Confirmations<'a> {
    armed: &'a Armed,
    /// Number of running jobs of each host.
    running: BTreeMap<Member, usize>,
    /// Ends of risky steps that are not recorded.
    held: BTreeMap<Member, Vec<Ended>>,
    /// Hosts that are confirmed at this moment.
    confirming: BTreeSet<Member>,
}

impl<'a> Confirmations<'a> {
    pub(super) fn new(armed: &'a Armed) -> Self {
        Self {
            armed,
            running: BTreeMap::new(),
            held: BTreeMap::new(),
            confirming: BTreeSet::new(),
        }
    }

    /// Notes that a job of a host starts.
    pub(super) fn begin(&mut self, member: Member) {
        *self.running.entry(member).or_default() += 1;
    }

    /// Notes that a job ended. Keeps the ends of risky steps that started; returns their numbers and whether they are done, and
    /// the other ends.
    pub(super) fn end(
        &mut self,
        member: &Member,
        steps: &[Step],
        ended: Vec<Ended>,
    ) -> (Vec<(usize, bool)>, Vec<Ended>) {
        if let Some(count) = self.running.get_mut(member) {
            *count = count.saturating_sub(1);
        }
        let is_armed = locked(self.armed).contains_key(member);
        let (risky, others): (Vec<Ended>, Vec<Ended>) = ended.into_iter().partition(|each| {
            let step = steps.get(each.number);
            // Without a clock, nothing of the host was changed.
            step.is_some_and(|step| step.risky) && each.outcome.is_some() && is_armed
        });
        let numbers = risky
            .iter()
            .map(|each| (each.number, each.outcome == Some(StepOutcome::Done)))
            .collect();
        self.held.entry(member.clone()).or_default().extend(risky);
        (numbers, others)
    }

    /// Takes the hosts that are confirmed now, with the ends that wait for it.
    pub(super) fn take(&mut self) -> Vec<Unconfirmed> {
        let mut taken = Vec::new();
        for (member, note) in &*locked(self.armed) {
            let runs = self.running.get(member).is_some_and(|count| *count > 0);
            if runs || !self.confirming.insert(member.clone()) {
                continue;
            }
            taken.push(Unconfirmed {
                member: member.clone(),
                ended: self.held.remove(member).unwrap_or_default(),
                note: note.clone(),
            });
        }
        taken
    }

    /// Notes that a host's confirmation ended, whether it succeeded or not.
    pub(super) fn confirmed(&mut self, member: &Member) {
        self.confirming.remove(member);
        locked(self.armed).remove(member);
    }
}

/// Returns the name of a run on its hosts.
fn run(apply: &Apply<'_>) -> String {
    format!("{} of {}", apply.journal.apply(), apply.resolved.name)
}

fn within(apply: &Apply<'_>, step: &Step) -> Duration {
    let place = apply.resolved.targets.get(&step.on);
    place.map_or(SLOW, |place| place.revert_after)
}

/// Starts a host's clock before risky steps, and again after them.
///
/// # Errors
///
/// Why the host is not prepared. Then no risky step may start.
pub(super) fn arm(
    apply: &Apply<'_>,
    armed: &Armed,
    taken: &[(usize, &Step)],
    target: &dyn Target,
    is_before: bool,
) -> Result<(), ActionError> {
    let risky: Vec<&Step> = taken
        .iter()
        .map(|(_, step)| *step)
        .filter(|step| step.risky)
        .collect();
    let Some(first) = risky.first() else {
        return Ok(());
    };
    let is_slow = risky.iter().any(|step| step.slow);
    let mut time = within(apply, first);
    if is_before && is_slow {
        time += SLOW;
    } else if !is_before && !is_slow {
        return Ok(());
    }
    let is_armed = locked(armed).contains_key(&first.member());
    if !is_before && !is_armed {
        return Ok(());
    }
    let action = Action::ArmRevert(ArmRevert {
        run: run(apply),
        extends: is_armed,
        within: u64::try_from(time.as_millis()).unwrap_or(u64::MAX),
        saved: risk::stake(risky.iter().flat_map(|step| &step.actions)),
    });
    let outcomes = target.perform(
        std::slice::from_ref(&action),
        apply.materials,
        &Interruption::default(),
    );
    let performed = outcomes.into_iter().next().unwrap_or_else(|| {
        Err(ActionError::Failed {
            operation: "prepare".to_owned(),
            path: "the revert".to_owned(),
            reason: "the target gave no answer".to_owned(),
        })
    })?;
    let mut armed = locked(armed);
    let note = armed.entry(first.member()).or_default();
    if performed.note.is_some() {
        *note = performed.note;
    }
    Ok(())
}

/// Confirms the change of a host over a new connection; returns the ends of its risky steps.
pub(super) fn confirm(apply: &Apply<'_>, unconfirmed: Unconfirmed) -> Vec<Ended> {
    let Unconfirmed {
        member,
        mut ended,
        note,
    } = unconfirmed;
    let action = Action::DisarmRevert(DisarmRevert { run: run(apply) });
    let mut outcome = Err("the target does not exist".to_owned());
    for left in (0..TRIES).rev() {
        let Some(target) = apply.targets.get(&member) else {
            break;
        };
        outcome = target
            .confirm(&action, apply.materials)
            .map(|_| ())
            .map_err(|error| error.to_string());
        if outcome.is_ok() || left == 0 {
            break;
        }
        let _ = apply.rollouts.wait(PAUSE);
    }
    if let (Some(note), Some(first)) = (note, ended.first_mut()) {
        first.reason = Some(match first.reason.take() {
            Some(reason) => format!("{reason}; {note}"),
            None => note,
        });
    }
    match outcome {
        Ok(()) => {}
        Err(reason) => {
            for each in &mut ended {
                let step = apply.plan.steps.get(each.number);
                let time = step.map(|step| phrase(within(apply, step)));
                let unconfirmed = format!(
                    "not confirmed over a new connection: {reason}; the host restores its earlier state within {} of the change",
                    time.unwrap_or_default()
                );
                if each.outcome == Some(StepOutcome::Done) {
                    each.outcome = Some(StepOutcome::Failed);
                }
                each.reason = Some(match each.reason.take() {
                    Some(earlier) => format!("{earlier}; {unconfirmed}"),
                    None => unconfirmed,
                });
            }
        }
    }
    ended
}
