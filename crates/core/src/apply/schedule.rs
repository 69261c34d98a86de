//! Schedule of steps: which may start, and which never start because a step before them failed.

use std::collections::HashMap;

use crate::plan::Step;
use evenkeel_ledger::record::Verb;
use evenkeel_model::{Instance, Member};

/// Maximum number of steps started together: all of them are open after a loss of power.
const TOGETHER: usize = 2_000;

/// Progress of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Progress {
    Waiting,
    Running,
    Done,
    /// It failed, or a step before it did.
    Lost,
}

/// Schedule of a plan's steps.
pub(super) struct Schedule<'a> {
    steps: &'a [Step],
    progress: Vec<Progress>,
    waits_for: Vec<usize>,
    followers: Vec<Vec<usize>>,
    ready: Vec<usize>,
    /// Number of unfinished steps other than removals: all of them, and those of each host of a rollout.
    before_removals: usize,
    on_hosts: HashMap<Member, usize>,
    /// The host of each step that a rollout concerns. Its removals wait for its own steps, since other hosts come later.
    hosts: Vec<Option<Member>>,
    /// Whether each step may start before all of those: it is not a removal, or a step other than a removal depends on
    /// it.
    is_early: Vec<bool>,
}

impl<'a> Schedule<'a> {
    pub(super) fn new(steps: &'a [Step], host_of: &dyn Fn(&Step) -> Option<Member>) -> Self {
        let numbers: HashMap<&Instance, usize> = steps
            .iter()
            .enumerate()
            .map(|(number, step)| (&step.instance, number))
            .collect();
        let mut followers: Vec<Vec<usize>> = vec![Vec::new(); steps.len()];
        let mut waits_for = vec![0; steps.len()];
        for (number, step) in steps.iter().enumerate() {
            for before in step.after.iter().filter_map(|other| numbers.get(other)) {
                if let (Some(list), Some(count)) =
                    (followers.get_mut(*before), waits_for.get_mut(number))
                {
                    list.push(number);
                    *count += 1;
                }
            }
        }
        let ready = (0..steps.len())
            .filter(|number| waits_for.get(*number) == Some(&0))
            .collect();
        let is_early = early(steps, &numbers);
        let hosts: Vec<Option<Member>> = steps.iter().map(host_of).collect();
        let mut on_hosts: HashMap<Member, usize> = HashMap::new();
        for (step, host) in steps.iter().zip(&hosts) {
            if let Some(host) = host.as_ref().filter(|_| step.verb != Verb::Remove) {
                *on_hosts.entry(host.clone()).or_default() += 1;
            }
        }
        Self {
            hosts,
            on_hosts,
            steps,
            is_early,
            progress: vec![Progress::Waiting; steps.len()],
            waits_for,
            followers,
            ready,
            before_removals: steps
                .iter()
                .filter(|step| step.verb != Verb::Remove)
                .count(),
        }
    }

    /// Takes steps that may start now: one slow one, or many quick ones on one machine. `is_open` is asked about steps that
    /// change something.
    pub(super) fn take(&mut self, is_open: &dyn Fn(&Step) -> bool) -> Option<Vec<usize>> {
        let is_record_only = |number: &usize| self.steps.get(*number).is_some_and(is_record_only);
        let mut progress = self.progress.iter().enumerate();
        if progress.any(|(number, each)| *each == Progress::Running && is_record_only(&number)) {
            return None;
        }
        let may_begin = |number: &usize| {
            if is_record_only(number) {
                return true;
            }
            let before = match self.hosts.get(*number) {
                Some(Some(host)) => self.on_hosts.get(host).copied().unwrap_or(0),
                _ => self.before_removals,
            };
            (before == 0 || self.is_early.get(*number) == Some(&true))
                && self.steps.get(*number).is_some_and(is_open)
        };
        // Record missing resources before anything is created, while the observation equals the plan's.
        let first = self.ready.iter().position(is_record_only);
        let first = first.or_else(|| self.ready.iter().position(may_begin))?;
        let first_number = *self.ready.get(first)?;
        let first_step = self.steps.get(first_number)?;
        let records_only = is_record_only(&first_number);
        let mut taken = Vec::new();
        let mut left = Vec::with_capacity(self.ready.len());
        for number in &self.ready {
            let together = *number == first_number
                || (!first_step.slow
                    && taken.len() < TOGETHER
                    && may_begin(number)
                    && is_record_only(number) == records_only
                    && self
                        .steps
                        .get(*number)
                        .is_some_and(|step| !step.slow && step.is_beside(first_step)));
            if together {
                taken.push(*number);
            } else {
                left.push(*number);
            }
        }
        self.ready = left;
        for number in &taken {
            self.set(*number, Progress::Running);
        }
        Some(taken)
    }

    /// Marks a step as done: steps that depend on it may become ready.
    pub(super) fn done(&mut self, number: usize) {
        // A risky step is done when it ends, and again when it is confirmed.
        if self.progress.get(number) == Some(&Progress::Done) {
            return;
        }
        self.set(number, Progress::Done);
        if self
            .steps
            .get(number)
            .is_some_and(|step| step.verb != Verb::Remove)
        {
            self.before_removals = self.before_removals.saturating_sub(1);
            if let Some(Some(host)) = self.hosts.get(number)
                && let Some(count) = self.on_hosts.get_mut(host)
            {
                *count = count.saturating_sub(1);
            }
        }
        for follower in self.followers.get(number).cloned().unwrap_or_default() {
            if let Some(count) = self.waits_for.get_mut(follower) {
                *count -= 1;
                if *count == 0 && self.progress.get(follower) == Some(&Progress::Waiting) {
                    self.ready.push(follower);
                }
            }
        }
        self.ready.sort_unstable();
    }

    /// Marks a step as failed: steps that depend on it never start.
    pub(super) fn lost(&mut self, number: usize) {
        let mut open = vec![number];
        while let Some(number) = open.pop() {
            self.set(number, Progress::Lost);
            for follower in self.followers.get(number).into_iter().flatten() {
                if self.progress.get(*follower) == Some(&Progress::Waiting) {
                    open.push(*follower);
                }
            }
        }
    }

    fn set(&mut self, number: usize, progress: Progress) {
        if let Some(slot) = self.progress.get_mut(number) {
            *slot = progress;
        }
    }
}

/// Whether a step only records that something is missing, and no declared resource replaces it.
fn is_record_only(step: &Step) -> bool {
    step.is_removal() && step.actions.is_empty()
}

/// Returns for each step whether it is not a removal, or a step other than a removal depends on it.
fn early(steps: &[Step], numbers: &HashMap<&Instance, usize>) -> Vec<bool> {
    let mut is_early: Vec<bool> = steps.iter().map(|step| step.verb != Verb::Remove).collect();
    let mut open: Vec<&Step> = steps
        .iter()
        .filter(|step| step.verb != Verb::Remove)
        .collect();
    while let Some(step) = open.pop() {
        for number in step.after.iter().filter_map(|other| numbers.get(other)) {
            if let (Some(is_early), Some(other)) = (is_early.get_mut(*number), steps.get(*number))
                && !*is_early
            {
                *is_early = true;
                open.push(other);
            }
        }
    }
    is_early
}

#[cfg(test)]
mod tests {
    use super::Schedule;
    use crate::plan::Step;
    use evenkeel_host::{Action, PathState, path};
    use evenkeel_ledger::record::Verb;
    use evenkeel_model::{Address, Digest, HostName, Instance};

    fn step(name: &str, verb: Verb, after: &[&str], slow: bool) -> Step {
        let instance = |name: &str| Instance::from(Address::new("file", name));
        Step {
            instance: instance(name),
            on: "web".into(),
            verb,
            reason: "".into(),
            changes: [].into(),
            actions: vec![Action::Remove(path::Remove {
                path: format!("/{name}"),
                sealed: false,
                expected: PathState::Missing,
            })],
            after: after.iter().map(|name| instance(name)).collect(),
            shape: Digest::of(b""),
            slow,
            risky: false,
            successor: None,
        }
    }

    #[test]
    fn a_step_starts_when_its_dependencies_are_done() {
        let steps = [
            step("a", Verb::Create, &[], false),
            step("b", Verb::Create, &["a"], false),
            step("c", Verb::Create, &[], true),
            step("d", Verb::Remove, &[], false),
        ];
        let mut schedule = Schedule::new(&steps, &|_| None);
        assert_eq!(schedule.take(&|_| true), Some(vec![0]));
        assert_eq!(schedule.take(&|_| true), Some(vec![2]));
        assert_eq!(schedule.take(&|_| true), None);
        schedule.done(0);
        assert_eq!(schedule.take(&|_| true), Some(vec![1]));
        schedule.done(1);
        assert_eq!(
            schedule.take(&|_| true),
            None,
            "removals wait for everything else"
        );
        schedule.done(2);
        assert_eq!(schedule.take(&|_| true), Some(vec![3]));
    }

    #[test]
    fn missing_resources_are_recorded_first_and_alone() {
        let mut steps = [
            step("a", Verb::Create, &[], false),
            step("b", Verb::Remove, &[], false),
            step("c", Verb::Remove, &[], false),
            step("d", Verb::Remove, &[], false),
        ];
        steps[2].actions.clear();
        steps[3].actions.clear();
        steps[3].successor = Some(steps[0].instance.clone());
        let mut schedule = Schedule::new(&steps, &|_| None);
        assert_eq!(schedule.take(&|_| true), Some(vec![2]));
        assert_eq!(
            schedule.take(&|_| true),
            None,
            "what is observed then is what was"
        );
        schedule.done(2);
        assert_eq!(schedule.take(&|_| true), Some(vec![0]));
        assert_eq!(schedule.take(&|_| true), None);
        schedule.done(0);
        assert_eq!(schedule.take(&|_| true), Some(vec![1, 3]));
    }

    #[test]
    fn a_removal_with_dependents_does_not_wait_for_everything_else() {
        let steps = [
            step("a", Verb::Create, &["d"], false),
            step("b", Verb::Create, &[], false),
            step("c", Verb::Remove, &[], false),
            step("d", Verb::Remove, &["e"], false),
            step("e", Verb::Remove, &["b"], false),
        ];
        let mut schedule = Schedule::new(&steps, &|_| None);
        for expected in [1, 4, 3, 0, 2] {
            assert_eq!(schedule.take(&|_| true), Some(vec![expected]));
            assert_eq!(schedule.take(&|_| true), None);
            schedule.done(expected);
        }
    }

    #[test]
    fn dependents_of_a_failed_step_never_start() {
        let steps = [
            step("a", Verb::Create, &[], false),
            step("b", Verb::Create, &["a"], false),
            step("d", Verb::Remove, &[], false),
        ];
        let mut schedule = Schedule::new(&steps, &|_| None);
        schedule.take(&|_| true);
        schedule.lost(0);
        assert_eq!(schedule.take(&|_| true), None);
    }

    #[test]
    fn removals_of_a_host_in_a_rollout_wait_for_its_own_steps() {
        let on = |name: &str, verb, host: &str| {
            let mut step = step(name, verb, &[], false);
            step.instance.host = HostName::parse(host);
            step
        };
        let steps = [
            on("a", Verb::Create, "one"),
            on("a", Verb::Create, "two"),
            on("b", Verb::Remove, "one"),
            on("b", Verb::Remove, "two"),
        ];
        let mut schedule = Schedule::new(&steps, &|step| Some(step.member()));
        let only =
            |host: &'static str| move |step: &Step| step.instance.host == HostName::parse(host);
        assert_eq!(schedule.take(&only("one")), Some(vec![0]));
        assert_eq!(schedule.take(&only("one")), None);
        schedule.done(0);
        assert_eq!(schedule.take(&only("one")), Some(vec![2]));
        schedule.done(2);
        assert_eq!(schedule.take(&only("one")), None);
        assert_eq!(schedule.take(&|_| true), Some(vec![1]));
        schedule.done(1);
        assert_eq!(schedule.take(&|_| true), Some(vec![3]));
    }
}
