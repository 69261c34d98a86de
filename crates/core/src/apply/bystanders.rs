//! Bystanders: the declared resources that a removal could have affected, observed right after it.
//!
//! The plan removes nothing that a declared resource claims. But claims are names, and one thing can have two: a bind
//! mount, or a file system that ignores case. So after each batch with a removal, the declared resources whose claims
//! the removal could touch are observed. The response to a missing one is left to `execute`.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::execute::Apply;
use crate::environment::resolve::ResolvedResource;
use crate::kind::{Claim, Declared, Observation, Observed, parent};
use crate::observe::{Observers, observe};
use crate::plan::Step;
use evenkeel_ledger::record::{StepOutcome, Verb};
use evenkeel_model::Instance;

/// Declared resources of an apply, by the names that a removal could share with them.
pub(super) struct Bystanders<'a> {
    apply: &'a Apply<'a>,
    declared: Vec<(Instance, &'a ResolvedResource)>,
    steps: HashMap<&'a Instance, usize>,
    /// By each name in their claimed paths, in lower case: two names of one path have the same end.
    by_name: HashMap<String, BTreeSet<usize>>,
    by_path: HashMap<String, BTreeSet<usize>>,
    by_claim: HashMap<Claim<'a>, BTreeSet<usize>>,
    by_port: HashMap<u16, BTreeSet<usize>>,
    /// Resources that a step removes before it creates another one in their place, by the step's instance.
    replaced: HashMap<&'a Instance, Vec<&'a Declared>>,
}

/// Declared resource that is missing after a removal.
#[derive(Debug)]
pub(super) struct Missing {
    /// Number of the removing step in the plan.
    pub(super) step: usize,
    /// The resource.
    pub(super) instance: Instance,
    /// Reason why it could not be observed, if so.
    pub(super) unreadable: Option<String>,
}

impl Missing {
    /// Returns the outcome of the removing step.
    pub(super) fn outcome(&self) -> StepOutcome {
        match self.unreadable {
            Some(_) => StepOutcome::Unknown,
            None => StepOutcome::Failed,
        }
    }

    /// Returns the reason of the removing step.
    pub(super) fn reason(&self) -> String {
        let instance = &self.instance;
        match &self.unreadable {
            Some(reason) => format!("{instance} is unreadable after this removal: {reason}"),
            None => format!(
                "{instance} is declared and missing after this removal: both may be one thing under two names"
            ),
        }
    }
}

/// Whether a step removes something from its place.
fn removes(step: &Step) -> bool {
    matches!(step.verb, Verb::Remove | Verb::Replace) && !step.actions.is_empty()
}

impl<'a> Bystanders<'a> {
    /// Builds the lookup; `None` if no step of the plan removes anything.
    pub(super) fn of(apply: &'a Apply<'a>) -> Option<Self> {
        let steps = &apply.plan.steps;
        if !steps.iter().any(|step| step.verb == Verb::Remove) {
            return None;
        }
        let mut bystanders = Self {
            apply,
            declared: apply.resolved.instances().collect(),
            steps: steps
                .iter()
                .enumerate()
                .map(|(number, step)| (&step.instance, number))
                .collect(),
            by_name: HashMap::new(),
            by_path: HashMap::new(),
            by_claim: HashMap::new(),
            by_port: HashMap::new(),
            replaced: HashMap::new(),
        };
        for (number, (_, resource)) in bystanders.declared.iter().enumerate() {
            for claim in resource.declared.claims() {
                let Some(path) = claim.as_path() else {
                    bystanders.by_claim.entry(claim).or_default().insert(number);
                    continue;
                };
                for name in path.split('/').filter(|name| !name.is_empty()) {
                    let name = name.to_lowercase();
                    bystanders.by_name.entry(name).or_default().insert(number);
                }
                let path = path.to_owned();
                bystanders.by_path.entry(path).or_default().insert(number);
            }
            for port in resource.declared.ports() {
                bystanders.by_port.entry(port).or_default().insert(number);
            }
        }
        for step in steps.iter().filter(|step| step.actions.is_empty()) {
            if let (Some(successor), Some(removed)) =
                (&step.successor, apply.removed.get(&step.instance))
            {
                bystanders
                    .replaced
                    .entry(successor)
                    .or_default()
                    .push(removed);
            }
        }
        Some(bystanders)
    }

    /// Observes the resources that removals among some steps could have affected. `outcomes` contains the outcome of
    /// each step of the plan, including these.
    pub(super) fn missing(
        &self,
        ended: &[usize],
        outcomes: &dyn Fn(usize) -> Option<StepOutcome>,
    ) -> Vec<Missing> {
        // Each resource once, with the step that most likely affected it: the one whose path has the longest common
        // end.
        let mut near: BTreeMap<usize, (usize, usize)> = BTreeMap::new();
        for number in ended {
            let Some(step) = self.apply.plan.steps.get(*number) else {
                continue;
            };
            if outcomes(*number).is_none() || !removes(step) {
                continue;
            }
            for removed in self.removed_by(step) {
                for (other, likeness) in self.near(step, removed) {
                    let best = near.entry(other).or_insert((likeness, *number));
                    if likeness > best.0 {
                        *best = (likeness, *number);
                    }
                }
            }
        }
        let watched: Vec<(&Instance, &ResolvedResource, usize)> = near
            .into_iter()
            .filter_map(|(other, (_, step))| {
                let (instance, resource) = self.declared.get(other)?;
                Some((instance, *resource, step))
            })
            .filter(|(instance, ..)| self.was_present(instance, outcomes))
            .collect();
        if watched.is_empty() {
            return Vec::new();
        }
        let observers: Observers<'_> = self
            .apply
            .targets
            .iter()
            .map(|(name, target)| {
                let observer: &dyn evenkeel_host::Observer = *target;
                (name.clone(), observer)
            })
            .collect();
        let seen = observe(
            watched.iter().map(|(instance, resource, _)| {
                ((*instance).clone(), &resource.on, &resource.declared)
            }),
            &observers,
        );
        watched
            .into_iter()
            .filter_map(|(instance, resource, step)| {
                let unreadable = match seen.get(instance) {
                    Some(Observation::Seen(seen)) if is_present(&resource.declared, seen) => {
                        return None;
                    }
                    Some(Observation::Seen(_)) => None,
                    Some(Observation::CannotTell(reason)) => Some(reason.clone()),
                    None => Some("the target gave no answer".to_owned()),
                };
                Some(Missing {
                    step,
                    instance: instance.clone(),
                    unreadable,
                })
            })
            .collect()
    }

    /// Returns the resources that a step removes.
    fn removed_by(&self, step: &'a Step) -> Vec<&'a Declared> {
        let own = self.apply.removed.get(&step.instance);
        let replaced = self.replaced.get(&step.instance).into_iter().flatten();
        own.filter(|_| step.verb == Verb::Remove)
            .into_iter()
            .chain(replaced.copied())
            .collect()
    }

    /// Returns the declared resources on a step's machine that a removal could affect, each with the similarity of
    /// their claims.
    fn near(&self, step: &Step, removed: &Declared) -> BTreeMap<usize, usize> {
        let claims = removed.claims();
        let uses = removed.uses();
        let paths = claims.iter().filter_map(Claim::as_path);
        let paths = paths.chain(uses.iter().map(String::as_str));
        let mut near = BTreeMap::new();
        let mut add = |others: Option<&BTreeSet<usize>>, likeness: &dyn Fn(usize) -> usize| {
            for other in others.into_iter().flatten() {
                let best = near.entry(*other).or_insert(0);
                *best = likeness(*other).max(*best);
            }
        };
        for path in paths {
            let name = path.rsplit('/').next().unwrap_or_default().to_lowercase();
            add(self.by_name.get(&name), &|other| {
                self.ends_alike(other, path)
            });
            for above in std::iter::successors(parent(path), |path| parent(path)) {
                add(self.by_path.get(above), &|_| 0);
            }
        }
        for claim in &claims {
            add(self.by_claim.get(claim), &|_| usize::MAX);
        }
        for port in removed.ports() {
            add(self.by_port.get(&port), &|_| 1);
        }
        let resolved = self.apply.resolved;
        let here = resolved.machine(&step.on, step.instance.host.as_ref());
        near.retain(|other, _| {
            let other: Option<&(Instance, &ResolvedResource)> = self.declared.get(*other);
            other.is_some_and(|(instance, resource)| {
                resolved.machine(&resource.on, instance.host.as_ref()) == here
            })
        });
        near
    }

    /// Counts the names at the end of a path that equal those of a declared resource's claimed path, ignoring case.
    fn ends_alike(&self, declared: usize, path: &str) -> usize {
        let claims = match self.declared.get(declared) {
            Some((_, resource)) => resource.declared.claims(),
            None => Vec::new(),
        };
        let likeness = |other: &str| {
            let pairs = path.rsplit('/').zip(other.rsplit('/'));
            pairs
                .take_while(|(one, other)| one.to_lowercase() == other.to_lowercase())
                .count()
        };
        let paths = claims.iter().filter_map(Claim::as_path);
        paths.map(likeness).max().unwrap_or(0)
    }

    /// Whether a resource was present before the removal: it had no step, its step is done, or its step changes
    /// something that exists.
    fn was_present(
        &self,
        instance: &Instance,
        outcomes: &dyn Fn(usize) -> Option<StepOutcome>,
    ) -> bool {
        let Some(number) = self.steps.get(instance) else {
            return true;
        };
        let Some(step) = self.apply.plan.steps.get(*number) else {
            return true;
        };
        match (step.verb, outcomes(*number)) {
            (Verb::Remove, _) => false,
            (_, Some(StepOutcome::Done)) => true,
            // Another kind may be updated as well, if one action exchanges both.
            (Verb::Record | Verb::Update, None) => !step
                .changes
                .iter()
                .any(|change| change.attribute == "presence"),
            (_, None | Some(StepOutcome::Failed | StepOutcome::Unknown)) => false,
        }
    }
}

/// Whether a resource of the declared kind exists.
fn is_present(declared: &Declared, seen: &Observed) -> bool {
    let mut wrong = declared.compare(seen).into_iter();
    seen.is_there() && !wrong.any(|each| each.attribute == "presence")
}

#[cfg(test)]
mod tests;
