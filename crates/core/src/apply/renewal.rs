//! Steps that start from what a step before them left.
//!
//! A plan is made from one observation, but a package brings files, a command writes some, and a started program creates its
//! own. A resource that is declared after such a one is observed again when its turn comes: what is there then was left by
//! that step, and is replaced. Without such an order, a state other than the planned one is refused.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::execute::Apply;
use crate::kind::{Declared, Observation, Reach};
use crate::observe::{Observers, observe};
use crate::plan::Step;
use evenkeel_host::{Observer, Target};
use evenkeel_ledger::record::Verb;
use evenkeel_model::Instance;

/// The steps of a plan that are observed again, by number.
pub(super) struct Renewals(BTreeSet<usize>);

impl Renewals {
    /// Returns the steps that come after one whose actions reach beyond its place.
    pub(super) fn of(apply: &Apply<'_>) -> Self {
        let steps = &apply.plan.steps;
        let declared = |step: &Step| {
            let resource = apply.resolved.resource_of(&step.instance)?;
            Some(&resource.declared)
        };
        let reaches = |step: &Step| {
            matches!(step.verb, Verb::Create | Verb::Update | Verb::Replace)
                && declared(step).is_some_and(|declared| declared.traits().reach == Reach::Host)
        };
        let sources: Vec<usize> = (0..steps.len())
            .filter(|number| steps.get(*number).is_some_and(reaches))
            .collect();
        if sources.is_empty() {
            return Self(BTreeSet::new());
        }
        let numbers: HashMap<&Instance, usize> = steps
            .iter()
            .enumerate()
            .map(|(number, step)| (&step.instance, number))
            .collect();
        let mut followers: HashMap<usize, Vec<usize>> = HashMap::new();
        for (number, step) in steps.iter().enumerate() {
            for before in step.after.iter().filter_map(|other| numbers.get(other)) {
                followers.entry(*before).or_default().push(number);
            }
        }
        let mut later = BTreeSet::new();
        let mut left = sources;
        while let Some(number) = left.pop() {
            for follower in followers.get(&number).into_iter().flatten() {
                if later.insert(*follower) {
                    left.push(*follower);
                }
            }
        }
        later.retain(|number| {
            steps.get(*number).is_some_and(|step| {
                matches!(step.verb, Verb::Create | Verb::Update)
                    && stays(apply, step)
                    && declared(step).is_some_and(has_no_run)
            })
        });
        Self(later)
    }

    /// Observes those among some steps of one machine, and returns them with the actions for what is there now.
    pub(super) fn renew(
        &self,
        apply: &Apply<'_>,
        taken: &[(usize, &Step)],
        target: &dyn Target,
    ) -> BTreeMap<usize, Step> {
        let concerned: Vec<(usize, &Step, &Declared)> = taken
            .iter()
            .filter(|(number, _)| self.0.contains(number))
            .filter_map(|(number, step)| {
                let resource = apply.resolved.resource_of(&step.instance)?;
                Some((*number, *step, &resource.declared))
            })
            .collect();
        let Some((_, first, _)) = concerned.first() else {
            return BTreeMap::new();
        };
        let observer: &dyn Observer = target;
        let observers: Observers<'_> = [(first.member(), observer)].into_iter().collect();
        let seen = observe(
            concerned
                .iter()
                .map(|(_, step, declared)| (step.instance.clone(), &step.on, *declared)),
            &observers,
        );
        concerned
            .into_iter()
            .filter_map(|(number, step, declared)| {
                // Where nothing can be read, the action meets the state and says why it fails.
                let Some(Observation::Seen(observed)) = seen.get(&step.instance) else {
                    return None;
                };
                let renewed = Step {
                    actions: declared.remedy(observed),
                    ..step.clone()
                };
                Some((number, renewed))
            })
            .collect()
    }
}

/// A unit's actions allow for what a step before them left, and depend on why it restarts.
fn has_no_run(declared: &Declared) -> bool {
    declared.restarts_on().is_empty() && declared.reloads_on().is_empty()
}

/// Whether a step only brings its own place to the definition: the resource left none.
fn stays(apply: &Apply<'_>, step: &Step) -> bool {
    !apply.moved.contains_key(&step.instance) && !apply.former.contains_key(&step.instance)
}
