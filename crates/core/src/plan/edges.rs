//! Where the edges of a plan come from: what must be in place before what.
//!
//! 1. A resource waits for those it refers to, names in `after` or in `restart-on`: found when it was resolved.
//! 2. A resource waits for the declared directory that its path lies in, whether or not it refers to it.
//! 3. Removals wait for everything else, so that nothing is lost before its successor is in place; among them,
//!    processes go first, and directories go after what is in them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::environment::{Resolved, ResolvedResource};
use crate::kind::Declared;
use evenkeel_model::Address;

/// For each resource, those that must be in place before it: edges 1 and 2.
pub(super) fn creation(resolved: &Resolved) -> BTreeMap<&Address, Vec<&Address>> {
    let mut directories: HashMap<(&str, &str), &Address> = HashMap::new();
    for (address, resource) in &resolved.resources {
        if address.kind() == "directory"
            && let Some(path) = resource.declared.paths().first()
        {
            directories.insert((&resource.on, path), address);
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
    let is_installation = matches!(resource.declared, Declared::Installation(_));
    let mut found = Vec::new();
    for path in resource.declared.paths() {
        // An installation lives in the directory it names; everything else lies in the one above its path.
        let mut above = if is_installation {
            Some(path)
        } else {
            parent(path)
        };
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

fn parent(path: &str) -> Option<&str> {
    path.rsplit_once('/')
        .map(|(parent, _)| parent)
        .filter(|parent| !parent.is_empty())
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

/// Among removals: processes first, directories after what is in them. Edge 3's wait for everything else is the
/// schedule's, since it is the same for all of them.
pub(super) fn removal(removed: &BTreeMap<&Address, &Declared>) -> BTreeMap<Address, Vec<Address>> {
    let processes: Vec<&Address> = removed
        .keys()
        .copied()
        .filter(|address| address.kind() == "process")
        .collect();
    let paths: Vec<(&Address, &str)> = removed
        .iter()
        .filter_map(|(address, declared)| Some((*address, *declared.paths().first()?)))
        .collect();
    removed
        .iter()
        .map(|(address, declared)| {
            let mut before: BTreeSet<&Address> = BTreeSet::new();
            if address.kind() != "process" {
                before.extend(processes.iter().copied());
            }
            if let (Declared::Directory(directory), true) =
                (declared, address.kind() == "directory")
            {
                let inside = format!("{}/", directory.path);
                before.extend(
                    paths
                        .iter()
                        .filter(|(other, path)| {
                            other != address
                                && (path.starts_with(&inside)
                                    || (*path == directory.path && other.kind() != "directory"))
                        })
                        .map(|(other, _)| *other),
                );
            }
            ((*address).clone(), before.into_iter().cloned().collect())
        })
        .collect()
}
