//! Where the edges of a plan come from: what must be in place before what.
//!
//! 1. A resource waits for those it refers to, names in `after` or in `restart-on`: found when it was resolved.
//! 2. A resource waits for the declared container that a path it claims lies in, whether or not it refers to it.
//! 3. Removals wait for everything else, so that nothing is lost before its successor is in place; among them,
//!    the kinds that say so go first, and containers go after what is in them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::environment::{Resolved, ResolvedResource};
use crate::kind::{Declared, RemovalOrder, parent};
use evenkeel_model::Address;

/// For each resource, those that must be in place before it: edges 1 and 2.
pub(super) fn creation(resolved: &Resolved) -> BTreeMap<&Address, Vec<&Address>> {
    let mut directories: HashMap<(&str, &str), &Address> = HashMap::new();
    for (address, resource) in &resolved.resources {
        if resource.declared.traits().is_container {
            directories.insert((&resource.on, resource.declared.place()), address);
        }
    }
    resolved
        .resources
        .iter()
        .map(|(address, resource)| {
            let mut before: Vec<&Address> = resource.after.iter().collect();
            before.extend(
                containing(resource, &directories).filter(|directory| *directory != address),
            );
            before.sort_unstable();
            before.dedup();
            (address, before)
        })
        .collect()
}

fn containing<'a>(
    resource: &'a ResolvedResource,
    directories: &HashMap<(&'a str, &'a str), &'a Address>,
) -> impl Iterator<Item = &'a Address> {
    let mut found = Vec::new();
    for claim in resource.declared.claims() {
        let mut above = claim.folder();
        while let Some(directory) = above {
            if let Some(address) = directories.get(&(&*resource.on, directory)) {
                found.push(*address);
                break;
            }
            above = parent(directory);
        }
    }
    found.into_iter()
}

/// Narrows edges to those between steps: what waits for something that needs no step waits for what that waits for.
pub(super) fn between_steps<'a>(
    steps: &BTreeSet<&'a Address>,
    before: &BTreeMap<&'a Address, Vec<&'a Address>>,
) -> BTreeMap<&'a Address, Vec<Address>> {
    steps
        .iter()
        .map(|address| {
            let mut found: BTreeSet<&Address> = BTreeSet::new();
            let mut seen: BTreeSet<&Address> = BTreeSet::new();
            let mut open: Vec<&Address> = before
                .get(*address)
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
            (*address, found.into_iter().cloned().collect())
        })
        .collect()
}

/// Among removals: the kinds that go first, and containers after what is in them. Edge 3's wait for everything else is the
/// schedule's, since it is the same for all of them.
pub(super) fn removal(removed: &BTreeMap<&Address, &Declared>) -> BTreeMap<Address, Vec<Address>> {
    let first: Vec<&Address> = removed
        .iter()
        .filter(|(_, declared)| goes_first(declared))
        .map(|(address, _)| *address)
        .collect();
    removed
        .iter()
        .map(|(address, declared)| {
            let mut before: BTreeSet<&Address> = BTreeSet::new();
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
                            **other != *address
                                && (place.starts_with(&inside)
                                    || (place == path && !declared.traits().is_container))
                        })
                        .map(|(other, _)| *other),
                );
            }
            ((*address).clone(), before.into_iter().cloned().collect())
        })
        .collect()
}

fn goes_first(declared: &Declared) -> bool {
    declared.traits().removal == RemovalOrder::First
}
