//! Order in which claims pass from one owner to the next.
//!
//! Removals come after everything else, with these exceptions, where another step depends on the removal:
//!
//! 1. A file or a link in place of a directory waits until the contents of the directory are removed.
//! 2. A directory below a path that was a file or a link waits until that is removed.
//! 3. A start waits until undeclared processes are stopped: they may hold the same port.
//!
//! Among restarts, the one that releases a port goes before the one that takes it. If each waits for the other, one is
//! stopped first.
//!
//! Such a removal still waits for the dependencies of its followers, so that it happens as late as possible, unless
//! that would be a cycle.

use std::collections::{BTreeSet, HashMap};

use super::document::Step;
use super::removals::clears;
use crate::kind::{RemovalOrder, parent};
use crate::observe::{Handover, Hold, Leaving, Situation};
use evenkeel_host::Action;
use evenkeel_ledger::record::Verb;
use evenkeel_model::Instance;

/// Adds these edges to steps.
pub(super) fn order(situation: &Situation<'_>, handover: &Handover<'_>, steps: &mut [Step]) {
    let starts: Vec<usize> = (0..steps.len())
        .filter(|number| {
            steps
                .get(*number)
                .is_some_and(|step| starts(situation, step))
        })
        .collect();
    let leaves = handover.leavings().next().is_some();
    if !leaves && starts.len() < 2 {
        return;
    }
    let mut graph = Graph::of(steps);
    if leaves {
        places(situation, handover, steps, &mut graph);
        for stop in 0..steps.len() {
            if steps.get(stop).is_some_and(|step| stops(handover, step)) {
                for start in &starts {
                    if on_one_machine(situation, steps, *start, stop) {
                        graph.wait(*start, stop);
                    }
                }
            }
        }
        early(handover, steps, &mut graph);
    }
    ports(situation, handover, &starts, steps, &mut graph);
    graph.write(steps);
}

/// Whether a step starts a program.
fn starts(situation: &Situation<'_>, step: &Step) -> bool {
    !matches!(step.verb, Verb::Remove | Verb::Record)
        && situation
            .resolved
            .resource_of(&step.instance)
            .is_some_and(|resource| resource.declared.traits().removal == RemovalOrder::First)
}

/// Returns the machine of a step; empty for one that is no longer one of its target's.
fn machine<'a>(situation: &Situation<'a>, step: &Step) -> &'a str {
    let resolved = situation.resolved;
    let host = step.instance.host.as_ref();
    resolved.machine(&step.on, host).unwrap_or_default()
}

/// Whether two steps are on the same machine: others share neither places nor ports.
fn on_one_machine(situation: &Situation<'_>, steps: &[Step], one: usize, other: usize) -> bool {
    let of = |number: usize| steps.get(number).map(|step| machine(situation, step));
    of(one) == of(other)
}

/// Whether a step stops a program that was removed from the definitions.
fn stops(handover: &Handover<'_>, step: &Step) -> bool {
    step.verb == Verb::Remove
        && !step.actions.is_empty()
        && handover
            .leaving(&step.instance)
            .is_some_and(Leaving::goes_first)
}

/// Adds exceptions 1 and 2.
fn places(situation: &Situation<'_>, handover: &Handover<'_>, steps: &[Step], graph: &mut Graph) {
    // Cleared places, each with its step.
    let removed = handover.removed();
    let cleared: Cleared<'_> = steps
        .iter()
        .enumerate()
        .filter(|(_, step)| clears(handover, step))
        .filter_map(|(number, step)| {
            let place = removed.get(&step.instance)?.place();
            Some((machine(situation, step), place, number))
        })
        .collect();
    for leaving in handover.leavings() {
        let applied = &leaving.applied.declared;
        let Some(holder) = &leaving.holder else {
            continue;
        };
        if holder.how == Hold::OtherKind
            && applied.traits().is_container
            && let Some(number) = graph.number(&holder.instance)
        {
            let host = leaving.instance.host.as_ref();
            let here = situation.resolved.machine(&leaving.applied.on, host);
            let here = here.unwrap_or_default();
            let inside = format!("{}/", applied.place());
            let from = cleared.range((here, inside.as_str(), 0)..);
            let within =
                from.take_while(|(there, place, _)| *there == here && place.starts_with(&inside));
            for (.., other) in within {
                graph.wait(number, *other);
            }
            // An installation is in the directory itself.
            for other in at(&cleared, here, applied.place()) {
                graph.wait(number, other);
            }
        }
    }
    if cleared.is_empty() {
        return;
    }
    for (number, step) in steps.iter().enumerate() {
        if matches!(step.verb, Verb::Remove | Verb::Record) {
            continue;
        }
        let Some(resource) = situation.resolved.resource_of(&step.instance) else {
            continue;
        };
        if !resource.declared.traits().is_container {
            continue;
        }
        let above = std::iter::successors(parent(resource.declared.place()), |path| parent(path));
        let here = machine(situation, step);
        for other in above.flat_map(|path| at(&cleared, here, path)) {
            let is_container = steps
                .get(other)
                .and_then(|step| removed.get(&step.instance))
                .is_some_and(|applied| applied.traits().is_container || !applied.uses().is_empty());
            if !is_container {
                graph.wait(number, other);
            }
        }
    }
}

/// Cleared places: the machine, the place and the number of the step.
type Cleared<'a> = BTreeSet<(&'a str, &'a str, usize)>;

/// Returns the steps that clear a place.
fn at<'a>(
    cleared: &'a Cleared<'a>,
    machine: &'a str,
    place: &'a str,
) -> impl Iterator<Item = usize> + use<'a> {
    cleared
        .range((machine, place, 0)..=(machine, place, usize::MAX))
        .map(|(.., number)| *number)
}

/// Makes each removal with dependents wait for the dependencies of these, and for the resource whose former place it
/// clears.
fn early(handover: &Handover<'_>, steps: &[Step], graph: &mut Graph) {
    let is_removal = |number: usize| {
        steps
            .get(number)
            .is_some_and(|step| step.verb == Verb::Remove)
    };
    let former: HashMap<Instance, &Instance> = handover
        .leavings()
        .filter(|leaving| leaving.is_former_place)
        .map(|leaving| (leaving.former_name(), leaving.instance))
        .collect();
    for number in 0..steps.len() {
        if is_removal(number) {
            continue;
        }
        let waits_for: Vec<usize> = graph.before(number).collect();
        let (removals, others): (Vec<usize>, Vec<usize>) =
            waits_for.into_iter().partition(|other| is_removal(*other));
        for removal in graph.all_before(&removals) {
            let Some(step) = steps.get(removal).filter(|_| is_removal(removal)) else {
                continue;
            };
            let own = former.get(&step.instance);
            let own = own.and_then(|instance| graph.number(instance));
            for other in others.iter().copied().chain(own) {
                graph.wait_unless_circular(removal, other);
            }
        }
    }
}

/// Orders restarts by the ports that pass from one to another.
fn ports(
    situation: &Situation<'_>,
    handover: &Handover<'_>,
    starts: &[usize],
    steps: &mut [Step],
    graph: &mut Graph,
) {
    /// Start, with the ports it takes and those it releases.
    struct Start {
        number: usize,
        wants: BTreeSet<u16>,
        gives: BTreeSet<u16>,
        /// Actions that stop the running program.
        stop: Vec<Action>,
        /// Actions that start it after the stop.
        fresh: Vec<Action>,
    }
    let known: Vec<Start> = starts
        .iter()
        .filter_map(|number| {
            let step = steps.get(*number)?;
            let resource = situation.resolved.resource_of(&step.instance)?;
            let wants = resource.declared.ports();
            let applied = situation.applied.get(&step.instance);
            let is_here = handover.leaving(&step.instance).is_none();
            let running = situation.seen.get(&step.instance)?.seen()?;
            let running = applied
                .filter(|_| is_here)
                .zip(running.is_there().then_some(running));
            let (gives, stop) = match running {
                Some((applied, observed)) => (
                    applied
                        .declared
                        .ports()
                        .difference(&wants)
                        .copied()
                        .collect(),
                    applied.declared.removal(observed),
                ),
                None => (BTreeSet::new(), Vec::new()),
            };
            Some(Start {
                number: *number,
                wants,
                gives,
                stop,
                fresh: resource.declared.remedy(&resource.declared.nothing()),
            })
        })
        .collect();
    for wanting in &known {
        for giving in &known {
            if wanting.number == giving.number || wanting.wants.is_disjoint(&giving.gives) {
                continue;
            }
            if !on_one_machine(situation, steps, wanting.number, giving.number) {
                continue;
            }
            if graph.wait_unless_circular(wanting.number, giving.number) {
                continue;
            }
            // The other step stops the releasing program, which its own step starts later.
            if let Some(step) = steps.get_mut(wanting.number) {
                step.actions.splice(0..0, giving.stop.iter().cloned());
            }
            if let Some(step) = steps.get_mut(giving.number) {
                step.actions.clone_from(&giving.fresh);
            }
        }
    }
}

/// Dependencies of each step, by number.
struct Graph {
    numbers: HashMap<Instance, usize>,
    before: Vec<BTreeSet<usize>>,
}

impl Graph {
    fn of(steps: &[Step]) -> Self {
        let numbers: HashMap<Instance, usize> = steps
            .iter()
            .enumerate()
            .map(|(number, step)| (step.instance.clone(), number))
            .collect();
        let before = steps
            .iter()
            .map(|step| {
                let others = step.after.iter();
                others
                    .filter_map(|other| numbers.get(other).copied())
                    .collect()
            })
            .collect();
        Self { numbers, before }
    }

    fn number(&self, instance: &Instance) -> Option<usize> {
        self.numbers.get(instance).copied()
    }

    fn before(&self, number: usize) -> impl Iterator<Item = usize> {
        self.before.get(number).into_iter().flatten().copied()
    }

    /// Returns these steps and all of their dependencies.
    fn all_before(&self, numbers: &[usize]) -> BTreeSet<usize> {
        let mut found = BTreeSet::new();
        let mut open = numbers.to_vec();
        while let Some(number) = open.pop() {
            if found.insert(number) {
                open.extend(self.before(number));
            }
        }
        found
    }

    fn wait(&mut self, number: usize, other: usize) {
        if number != other
            && let Some(before) = self.before.get_mut(number)
        {
            before.insert(other);
        }
    }

    /// Adds an edge unless it would close a cycle; returns whether it was added.
    fn wait_unless_circular(&mut self, number: usize, other: usize) -> bool {
        if self.all_before(&[other]).contains(&number) {
            return false;
        }
        self.wait(number, other);
        true
    }

    fn write(self, steps: &mut [Step]) {
        let names: Vec<Instance> = steps.iter().map(|step| step.instance.clone()).collect();
        for (step, before) in steps.iter_mut().zip(self.before) {
            if step.after.len() == before.len() {
                continue;
            }
            let mut after: Vec<Instance> = before
                .into_iter()
                .filter_map(|number| names.get(number).cloned())
                .collect();
            after.sort_unstable();
            step.after = after.into();
        }
    }
}
