//! Hosts of a rollout that cannot be read: an apply may leave out as many of them as may fail.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::document::{Plan, Unseen};
use super::edges;
use crate::environment::{Resolved, ResolvedResource};
use crate::observe::Situation;
use evenkeel_model::{Instance, Member};

/// Hosts that an apply leaves out, each with the reason.
pub type Unreachable = BTreeMap<Member, String>;

/// Returns the hosts that the apply of a plan leaves out: those of which nothing can be read, on targets whose rollout allows
/// as many failures.
///
/// # Errors
///
/// The first resource that keeps the plan from being applied at all.
pub fn unreachable<'p>(
    situation: &Situation<'_>,
    plan: &'p Plan,
) -> Result<Unreachable, &'p Unseen> {
    let resolved = situation.resolved;
    let mut hosts = Unreachable::new();
    let mut first: BTreeMap<Arc<str>, &Unseen> = BTreeMap::new();
    let unseen: BTreeSet<&Instance> = plan.unseen.iter().map(|each| &each.instance).collect();
    for each in &plan.unseen {
        let declared = resolved.resource_of(&each.instance).map(|it| &it.on);
        let applied = situation.applied.get(&each.instance).map(|it| &it.on);
        let (Some(on), Some(host)) = (declared.or(applied), &each.instance.host) else {
            return Err(each);
        };
        if resolved
            .targets
            .get(on)
            .is_none_or(|place| place.rollout.is_none())
        {
            return Err(each);
        }
        first.entry(Arc::clone(on)).or_insert(each);
        hosts
            .entry(Member::new(on, Some(host)))
            .or_insert_with(|| each.reason.clone());
    }
    let is_left_out = |on: &Arc<str>, instance: &Instance| {
        hosts.contains_key(&Member::new(on, instance.host.as_ref()))
    };
    for (target, each) in first {
        let count = hosts
            .keys()
            .filter(|member| member.target == target)
            .count();
        let rollout = resolved.targets.get(&target);
        let rollout = rollout.and_then(|place| place.rollout.as_ref());
        let is_allowed = rollout.is_some_and(|rollout| count <= rollout.max_failures);
        // What answers in part is no dead host: what is wrong with it is unknown.
        let answers = resolved.instances().any(|(instance, resource)| {
            is_left_out(&resource.on, &instance) && !unseen.contains(&instance)
        }) || plan
            .steps
            .iter()
            .any(|step| hosts.contains_key(&step.member()));
        if !is_allowed || answers {
            return Err(each);
        }
    }
    // Without a step there is nothing to go on with.
    match plan.unseen.first() {
        Some(each) if plan.steps.is_empty() => Err(each),
        _ => Ok(hosts),
    }
}

/// Returns the resources that depend on one of these hosts, each with a resource there: they are never changed before it.
pub(crate) fn dependents(
    resolved: &Resolved,
    unreachable: &Unreachable,
) -> BTreeMap<Instance, Instance> {
    if unreachable.is_empty() {
        return BTreeMap::new();
    }
    let instances: Vec<(Instance, &ResolvedResource)> = resolved.instances().collect();
    let before = edges::creation(&instances);
    let mut open: Vec<(&Instance, &Instance)> = instances
        .iter()
        .filter(|(instance, resource)| {
            let member = Member::new(&resource.on, instance.host.as_ref());
            unreachable.contains_key(&member)
        })
        .map(|(instance, _)| (instance, instance))
        .collect();
    let mut after: BTreeMap<&Instance, Vec<&Instance>> = BTreeMap::new();
    for (instance, earlier) in &before {
        for each in earlier {
            after.entry(each).or_default().push(instance);
        }
    }
    let mut found: BTreeMap<Instance, Instance> = BTreeMap::new();
    while let Some((instance, cause)) = open.pop() {
        for next in after.get(instance).into_iter().flatten() {
            if !found.contains_key(next) {
                found.insert((*next).clone(), cause.clone());
                open.push((next, cause));
            }
        }
    }
    found
}
