//! What is in exclusive directories and was declared by nobody.

use std::collections::{BTreeMap, BTreeSet};

use super::codes;
use crate::observe::Situation;
use evenkeel_host::entries::EntryKind;
use evenkeel_model::defect::{Corner, Defect};
use evenkeel_model::text::matches;

/// Entries of exclusive directories that no resource, and no exception, accounts for.
pub(super) fn unmanaged(situation: &Situation<'_>) -> Vec<Defect> {
    let mut defects = Vec::new();
    let mut occupied: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut installations: BTreeSet<(&str, &str)> = BTreeSet::new();
    for (address, resource) in &situation.resolved.resources {
        if address.kind() == "installation" {
            let into = resource.declared.paths().into_iter().next();
            installations.extend(into.map(|into| (&*resource.on, into)));
        }
        occupied
            .entry(&*resource.on)
            .or_default()
            .extend(resource.declared.paths());
    }
    for place in situation
        .resolved
        .targets
        .iter()
        .map(|(name, place)| (name, place.state.as_str()))
    {
        occupied.entry(&**place.0).or_default().push(place.1);
    }
    // What was applied and is declared no longer is reported as that, and removed by the next plan.
    for applied in situation.applied.values() {
        occupied
            .entry(&*applied.on)
            .or_default()
            .extend(applied.declared.paths());
    }
    for paths in occupied.values_mut() {
        paths.sort_unstable();
    }
    for (address, resource) in &situation.resolved.resources {
        let Some((path, except)) = resource.declared.exclusive() else {
            continue;
        };
        let entries = situation
            .seen
            .get(address)
            .and_then(|seen| seen.seen())
            .and_then(crate::kind::Observed::entries)
            .unwrap_or(&[]);
        let installed = installations.contains(&(&*resource.on, path));
        for entry in entries {
            let full = format!("{path}/{}", entry.name);
            let accounted = occupied
                .get(&*resource.on)
                .is_some_and(|paths| within(paths, &full))
                || except.iter().any(|pattern| matches(pattern, &entry.name))
                || (installed && matches!(entry.name.as_str(), "releases" | "current"));
            if accounted {
                continue;
            }
            let what = match entry.kind {
                EntryKind::File => "file",
                EntryKind::Directory => "directory",
                EntryKind::Link => "link",
                EntryKind::Other => "thing",
            };
            let mut defect = Defect::of(
                &codes::UNMANAGED,
                address,
                format!(
                    "nobody declared the {what} `{}` in {path} of {}",
                    entry.name,
                    situation.environment()
                ),
            )
            .within(situation.environment())
            .attribute(format!("entries.{}", entry.name))
            .at(
                resource.block.place("exclusive"),
                "this directory is exclusive",
            )
            .expected_found("nothing", what)
            .help("declare it, name it in `except`, or remove it by hand");
            defect.corner = Some(Corner::Unmanaged);
            defects.push(defect);
        }
    }
    defects
}

/// Whether a path is declared, or something below it is. `paths` is sorted.
fn within(paths: &[&str], path: &str) -> bool {
    // Names such as `b-c` stand between `b` and `b/d` in the order of bytes: both are looked up by themselves.
    let below = format!("{path}/");
    let first = paths.partition_point(|each| *each < below.as_str());
    paths.binary_search(&path).is_ok()
        || paths
            .get(first)
            .is_some_and(|each| each.starts_with(&below))
}

#[cfg(test)]
mod tests {
    use super::within;

    #[test]
    fn what_is_declared_below_accounts_for_what_is_above() {
        let paths = ["/a/b", "/a/b-c", "/a/d-x", "/a/d/e"];
        assert!(within(&paths, "/a/b"));
        assert!(within(&paths, "/a/d"));
        assert!(!within(&paths, "/a/c"));
        assert!(!within(&["/a/b-c/d"], "/a/b"));
    }
}
