//! Edges of a plan: dependencies between steps.
//!
//! 1. A resource depends on those it refers to, or names in `after` or in `restart-on`: found when it was resolved.
//! 2. A resource depends on the declared container above a path it claims, with or without a reference. A container that
//!    does not claim its place as a path lies over another one there: it comes after that one, and contents after both.
//! 3. Removals come after everything else, so that nothing is lost before its successor exists; among them, some kinds
//!    go first, and containers go after their contents.

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
    let mut grounds: HashMap<PathOnHost<'_>, &Instance> = HashMap::new();
    let mut layers: HashMap<PathOnHost<'_>, &Instance> = HashMap::new();
    for (instance, resource) in instances {
        if resource.declared.traits().is_container {
            let path = resource.declared.place();
            let is_layer = is_layer(&resource.declared);
            let containers = if is_layer { &mut layers } else { &mut grounds };
            containers.insert((&resource.on, instance.host.as_ref(), path), instance);
        }
    }
    let nearest = |instance: &Instance, resource: &ResolvedResource, from: Option<&str>| {
        std::iter::successors(from, |path| parent(path)).find_map(|path| {
            let place = (&*resource.on, instance.host.as_ref(), path);
            layers.get(&place).or_else(|| grounds.get(&place)).copied()
        })
    };
    instances
        .iter()
        .map(|(instance, resource)| {
            let claims = resource.declared.claims();
            let above = claims
                .iter()
                .filter_map(|claim| nearest(instance, resource, claim.folder()));
            let below = is_layer(&resource.declared)
                .then(|| {
                    let path = resource.declared.place();
                    let ground = (&*resource.on, instance.host.as_ref(), path);
                    let ground = grounds.get(&ground).copied();
                    ground.or_else(|| nearest(instance, resource, parent(path)))
                })
                .flatten();
            let mut before: Vec<&Instance> = resource
                .after
                .iter()
                .flat_map(|address| all_of(instances, address))
                .chain(above)
                .chain(below)
                .collect();
            before.sort_unstable();
            before.dedup();
            (instance, before)
        })
        .collect()
}

/// Returns all instances of a resource.
pub(super) fn all_of<'a>(
    instances: &'a Instances<'a>,
    address: &Address,
) -> impl Iterator<Item = &'a Instance> {
    let first = instances.partition_point(|(each, _)| each.address < *address);
    let rest = instances.get(first..).unwrap_or_default();
    let count = rest.partition_point(|(each, _)| each.address == *address);
    rest.iter().take(count).map(|(each, _)| each)
}

/// Whether a container lies over the directory at its place, which another resource may claim.
fn is_layer(declared: &Declared) -> bool {
    let place = declared.place();
    let claims = declared.claims();
    declared.traits().is_container && !claims.iter().any(|claim| claim.as_path() == Some(place))
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

/// Adds edges among removals: the kinds that go first, and containers after their contents. The rest of edge 3 is left
/// to the schedule, since it is the same for all removals.
pub(super) fn removal(
    removed: &BTreeMap<&Instance, &Declared>,
) -> BTreeMap<Instance, Vec<Instance>> {
    let first: Vec<&Instance> = removed
        .iter()
        .filter(|(_, declared)| goes_first(declared))
        .map(|(instance, _)| *instance)
        .collect();
    removed
        .iter()
        .map(|(instance, declared)| {
            let mut before: BTreeSet<&Instance> = BTreeSet::new();
            if !goes_first(declared) {
                before.extend(first.iter().copied());
            }
            if declared.traits().is_container {
                let path = declared.place();
                let inside = format!("{path}/");
                before.extend(
                    removed
                        .iter()
                        .filter(|(other, declared)| {
                            let place = declared.place();
                            *other != instance
                                && (place.starts_with(&inside)
                                    || (place == path
                                        && (!declared.traits().is_container || is_layer(declared))))
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
