//! Unmanaged entries of exclusive directories.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::codes;
use crate::kind::{Claim, Exclusive, Observed};
use crate::observe::Situation;
use evenkeel_host::entries::EntryKind;
use evenkeel_model::defect::{Corner, Defect};
use evenkeel_model::text::matches;

/// Paths of resources on one target, sorted.
type Occupied<'a> = Vec<Cow<'a, str>>;

/// Returns the entries of exclusive directories that belong to no resource and no exception.
pub(super) fn unmanaged(situation: &Situation<'_>) -> Vec<Defect> {
    let exclusive: Vec<_> = situation
        .resolved
        .instances()
        .filter_map(|(instance, resource)| {
            Some((instance, resource, resource.declared.exclusive()?))
        })
        .collect();
    if exclusive.is_empty() {
        return Vec::new();
    }
    let occupied = occupied(situation);
    let mut defects = Vec::new();
    for (instance, resource, Exclusive { path, except }) in exclusive {
        let entries = situation
            .seen
            .get(&instance)
            .and_then(|seen| seen.seen())
            .and_then(Observed::entries)
            .unwrap_or(&[]);
        for entry in entries {
            let full = format!("{path}/{}", entry.name);
            let accounted = occupied
                .get(&*resource.on)
                .is_some_and(|paths| within(paths, &full))
                || except.iter().any(|pattern| matches(pattern, &entry.name));
            if accounted {
                continue;
            }
            let what = match entry.kind {
                EntryKind::File => "file",
                EntryKind::Directory => "directory",
                EntryKind::Link => "link",
                EntryKind::Other => "thing",
            };
            let mut defect = Defect::new(
                &codes::UNMANAGED,
                instance.to_string(),
                format!(
                    "{instance} ({}): unmanaged {what}: {path}/{}",
                    situation.environment(),
                    entry.name
                ),
            )
            .within(situation.environment())
            .attribute(format!("entries.{}", entry.name))
            .at(
                resource.block.place("exclusive"),
                "this directory is exclusive",
            )
            .expected_found("nothing", what)
            .help("declare it, name it in `except`, or delete it");
            defect.corner = Some(Corner::Unmanaged);
            defects.push(defect);
        }
    }
    defects
}

/// Returns the paths of resources, by target.
fn occupied<'a>(situation: &'a Situation<'_>) -> BTreeMap<&'a str, Occupied<'a>> {
    let declared = situation
        .resolved
        .resources
        .values()
        .map(|resource| (&*resource.on, &resource.declared));
    // A resource removed from the definitions is reported as such, and deleted by the next plan.
    let applied = situation
        .applied
        .values()
        .map(|applied| (&*applied.on, &applied.declared));
    let mut occupied: BTreeMap<&str, Occupied<'_>> = BTreeMap::new();
    for (on, declared) in declared.chain(applied) {
        let paths = occupied.entry(on).or_default();
        for claim in declared.claims() {
            if claim.class == Claim::PATH {
                paths.push(claim.name);
            }
        }
        paths.extend(declared.uses().into_iter().map(Cow::Owned));
    }
    for (on, place) in &situation.resolved.targets {
        occupied.entry(on).or_default().push((&*place.state).into());
    }
    for paths in occupied.values_mut() {
        paths.sort_unstable();
    }
    occupied
}

/// Whether a path is declared, or something below it is. `paths` is sorted.
fn within(paths: &[Cow<'_, str>], path: &str) -> bool {
    // Names such as `b-c` sort between `b` and `b/d`, so both are looked up.
    let below = format!("{path}/");
    let first = paths.partition_point(|each| **each < *below);
    paths.binary_search_by(|each| (**each).cmp(path)).is_ok()
        || paths
            .get(first)
            .is_some_and(|each| each.starts_with(&below))
}

#[cfg(test)]
mod tests {
    use super::within;
    use crate::in_memory::Project;

    #[test]
    fn an_installation_that_the_next_plan_removes_is_not_unmanaged() {
        let directory = "[directory.app]\non = \"web\"\npath = \"/srv/app\"\nexclusive = true\n";
        let whole = format!(
            "{directory}[installation.app]\non = \"web\"\nartifact = \"app\"\ninto = \"/srv/app\"\n"
        );
        let project = Project::new();
        project.apply(&whole);
        assert_eq!(project.drift(&whole), []);
        project
            .target
            .change(|host| host.put_file("/srv/app/stray", b"", 0o644));
        let codes: Vec<&str> = project
            .drift(directory)
            .into_iter()
            .map(|(code, _)| code)
            .collect();
        assert_eq!(codes, ["live/no-longer-declared", "live/unmanaged"]);
    }

    #[test]
    fn a_declared_path_covers_its_parents() {
        let paths = ["/a/b", "/a/b-c", "/a/d-x", "/a/d/e"].map(Into::into);
        assert!(within(&paths, "/a/b"));
        assert!(within(&paths, "/a/d"));
        assert!(!within(&paths, "/a/c"));
        assert!(!within(&["/a/b-c/d".into()], "/a/b"));
    }
}
