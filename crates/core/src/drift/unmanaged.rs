//! Unmanaged entries of exclusive directories.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::codes;
use crate::kind::{Claim, Declared, Exclusive, Observed};
use crate::observe::Situation;
use evenkeel_host::entries::EntryKind;
use evenkeel_model::HostName;
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
    let applied = applied(situation);
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
            let by = |paths: &Occupied<'_>| within(paths, &full);
            let accounted = occupied.get(&*resource.on).is_some_and(by)
                || applied
                    .get(&(&*resource.on, instance.host.as_ref()))
                    .is_some_and(by)
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

/// Adds the paths of a resource.
fn add<'a>(paths: &mut Occupied<'a>, declared: &'a Declared) {
    for claim in declared.claims().into_iter().chain(declared.inside()) {
        if claim.class == Claim::PATH {
            paths.push(claim.name);
        }
    }
    paths.extend(declared.uses().into_iter().map(Cow::Owned));
}

/// Returns the paths of applied resources that are not declared so any more, by machine: they are reported as such, and
/// deleted by the next plan.
fn applied<'a>(
    situation: &'a Situation<'_>,
) -> BTreeMap<(&'a str, Option<&'a HostName>), Occupied<'a>> {
    let mut occupied: BTreeMap<_, Occupied<'_>> = BTreeMap::new();
    let gone = situation.applied.iter().filter(|(_, it)| !it.unchanged);
    for (instance, applied) in gone {
        let machine = (&*applied.on, instance.host.as_ref());
        add(occupied.entry(machine).or_default(), &applied.declared);
    }
    for paths in occupied.values_mut() {
        paths.sort_unstable();
    }
    occupied
}

/// Returns the paths of declared resources, by target: they are the same on each of its machines.
fn occupied<'a>(situation: &'a Situation<'_>) -> BTreeMap<&'a str, Occupied<'a>> {
    let mut occupied: BTreeMap<&str, Occupied<'_>> = BTreeMap::new();
    for resource in situation.resolved.resources.values() {
        add(
            occupied.entry(&resource.on).or_default(),
            &resource.declared,
        );
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
