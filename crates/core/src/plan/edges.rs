//! Edges of a plan: dependencies between steps.
//!
//! 1. A resource depends on those it refers to, or names in `after` or in `restart-on`: found when it was resolved.
//! 2. A resource depends on the declared container above a path it claims, with or without a reference.
//! 3. Removals come after everything else, so that nothing is lost before its successor exists; among them, some kinds
//!    go first, containers go after their contents, and accounts after what belongs to them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::environment::ResolvedResource;
use crate::kind::{Declared, RemovalOrder, parent};
use evenkeel_model::{Address, HostName, Instance};

/// Instances with their resources, in order.
pub(super) type Instances<'a> = [(Instance, &'a ResolvedResource)];

/// A path on one host of a target.
type PathOnHost<'a> = (&'a str, Option<&'a HostName>, &'a str);

/// Returns for each instance those that must exist before it: edges 1 and 2.
pub(super) fn creation<'a>(
    instances: &'a Instances<'a>,
) -> BTreeMap<&'a Instance, Vec<&'a Instance>> {
    let mut containers: HashMap<PathOnHost<'_>, &Instance> = HashMap::new();
    for (instance, resource) in instances {
        if resource.declared.traits().is_container {
            let path = resource.declared.place();
            containers.insert((&resource.on, instance.host.as_ref(), path), instance);
        }
    }
    instances
        .iter()
        .map(|(instance, resource)| {
            let mut before: Vec<&Instance> = resource
                .after
                .iter()
                .flat_map(|address| beside(instances, (instance, resource), address))
                .map(|(other, _)| other)
                .chain(containing(instance, resource, &containers))
                .collect();
            before.sort_unstable();
            before.dedup();
            (instance, before)
        })
        .collect()
}

/// Returns the instances of a resource that another one is concerned with: on the same target, the one on its own host; on
/// another target, all of them.
pub(super) fn beside<'a>(
    instances: &'a Instances<'a>,
    (own, resource): (&Instance, &ResolvedResource),
    address: &Address,
) -> &'a Instances<'a> {
    let first = instances.partition_point(|(each, _)| each.address < *address);
    let rest = instances.get(first..).unwrap_or_default();
    let count = rest.partition_point(|(each, _)| each.address == *address);
    let all = rest.get(..count).unwrap_or_default();
    let is_same_target = all
        .first()
        .is_some_and(|(_, other)| other.on == resource.on);
    if !is_same_target {
        return all;
    }
    match all.binary_search_by(|(each, _)| each.host.cmp(&own.host)) {
        Ok(number) => all.get(number..=number).unwrap_or_default(),
        Err(_) => &[],
    }
}

/// Returns the nearest container above each path that an instance claims.
fn containing<'a>(
    instance: &Instance,
    resource: &ResolvedResource,
    containers: &HashMap<PathOnHost<'_>, &'a Instance>,
) -> Vec<&'a Instance> {
    let mut found = Vec::new();
    let claims = resource.declared.claims().into_iter();
    for claim in claims.chain(resource.declared.inside()) {
        let mut above = claim.folder();
        while let Some(path) = above {
            if let Some(container) = containers.get(&(&resource.on, instance.host.as_ref(), path)) {
                found.push(*container);
                break;
            }
            above = parent(path);
        }
    }
    found
}

/// Narrows edges to those between steps: dependencies of an unchanged resource pass to its dependents.
pub(super) fn between_steps<'a>(
    steps: &BTreeSet<&'a Instance>,
    before: &BTreeMap<&'a Instance, Vec<&'a Instance>>,
) -> BTreeMap<&'a Instance, Vec<Instance>> {
    steps
        .iter()
        .map(|instance| {
            let mut found: BTreeSet<&Instance> = BTreeSet::new();
            let mut seen: BTreeSet<&Instance> = BTreeSet::new();
            let mut open: Vec<&Instance> = before
                .get(*instance)
                .into_iter()
                .flatten()
                .copied()
                .collect();
            while let Some(next) = open.pop() {
                if !seen.insert(next) {
                    continue;
                }
                if steps.contains(next) {
                    found.insert(next);
                } else {
                    open.extend(before.get(next).into_iter().flatten());
                }
            }
            (*instance, found.into_iter().cloned().collect())
        })
        .collect()
}

/// Adds edges among removals on one machine: the kinds that go first, and containers after their contents. `removed` has
/// the machine of each. The rest of edge 3 is left to the schedule, since it is the same for all removals.
pub(super) fn removal(
    removed: &BTreeMap<&Instance, (&str, &Declared)>,
) -> BTreeMap<Instance, Vec<Instance>> {
    let mut first: BTreeMap<&str, Vec<&Instance>> = BTreeMap::new();
    let mut on: BTreeMap<&str, Vec<(&Instance, &Declared)>> = BTreeMap::new();
    for (instance, (machine, declared)) in removed {
        if goes_first(declared) {
            first.entry(machine).or_default().push(instance);
        }
        on.entry(machine).or_default().push((instance, declared));
    }
    removed
        .iter()
        .map(|(instance, (machine, declared))| {
            let mut before: BTreeSet<&Instance> = BTreeSet::new();
            if !goes_first(declared) {
                before.extend(first.get(machine).into_iter().flatten());
            }
            let order = declared.traits().removal;
            if order > RemovalOrder::Late {
                let here = on.get(machine).into_iter().flatten();
                let earlier = here.filter(|(_, other)| {
                    let other = other.traits().removal;
                    other >= RemovalOrder::Late && other < order
                });
                before.extend(earlier.map(|(other, _)| *other));
            }
            if declared.traits().is_container {
                let path = declared.place();
                let inside = format!("{path}/");
                let here = on.get(machine).into_iter().flatten();
                before.extend(
                    here.filter(|(other, declared)| {
                        let place = declared.place();
                        other != instance
                            && (place.starts_with(&inside)
                                || (place == path && !declared.traits().is_container))
                    })
                    .map(|(other, _)| *other),
                );
            }
            ((*instance).clone(), before.into_iter().cloned().collect())
        })
        .collect()
}

fn goes_first(declared: &Declared) -> bool {
    declared.traits().removal == RemovalOrder::First
}
