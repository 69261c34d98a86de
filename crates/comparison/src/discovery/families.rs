//! Paths that differ only in the names of their environments.
//!
//! A family needs two environments and one clear word. A path belongs to at most one family: first to one with both a
//! production-like and a staging-like environment, then to the larger one.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::candidates::{self, Candidate, GAP, Key};
use super::unmarked;
use super::words::{self, PRODUCTION, Role};

/// How a family's paths name production.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Naming {
    /// By a word.
    Word,
    /// By a word, and by the sibling.
    Siblings,
    /// By the absence of a word, as in hosts: `example.com` beside `staging.example.com`.
    Host,
    /// By the absence of a word; other evidence must show that it is not a base of the others.
    Bare,
}

/// Path of one environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Member {
    pub(super) path: String,
    /// Places that name the environment.
    pub(super) ranges: Vec<Range<usize>>,
    /// End of the last folder that names the environment, if the file name does not.
    pub(super) folder: Option<usize>,
}

/// Paths that differ only in their environments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Family {
    /// Shared part, with gaps.
    pub(super) skeleton: String,
    /// Shared part up to the last folder that names the environment.
    pub(super) folder: Option<String>,
    pub(super) naming: Naming,
    pub(super) members: BTreeMap<Key, Member>,
}

/// Result of searching a list of paths.
#[derive(Debug, Default)]
pub(super) struct Families {
    pub(super) paired: Vec<Family>,
    /// Staging paths whose path without the word is their base, with that base.
    pub(super) bases: Vec<(String, String)>,
    /// Paths with an environment's word and no counterpart.
    pub(super) alone: Vec<String>,
}

type Gathered<'p> = BTreeMap<String, Vec<(&'p str, Candidate)>>;

/// Returns the families among sorted paths.
pub(super) fn find(paths: &[&str]) -> Families {
    let mut taken: BTreeSet<&str> = BTreeSet::new();
    let mut found = Families::default();
    let with_siblings = gather(paths, &candidates::siblings);
    let families = with_siblings
        .into_iter()
        .filter_map(|(skeleton, all)| family(skeleton, all, Naming::Siblings))
        .filter(|family| are_siblings(&family.members));
    choose(families.collect(), paths, &mut taken, &mut found.paired);
    let plain = gather(paths, &candidates::plain);
    let families = plain
        .into_iter()
        .filter_map(|(skeleton, all)| family(skeleton, all, Naming::Word));
    choose(families.collect(), paths, &mut taken, &mut found.paired);
    unmarked::find(paths, &mut taken, &mut found);
    let laid_over: BTreeSet<&str> = found.bases.iter().map(|(path, _)| path.as_str()).collect();
    for path in paths {
        if !taken.contains(path) && !laid_over.contains(path) && names_one(path) {
            found.alone.push((*path).to_owned());
        }
    }
    found
        .paired
        .sort_by(|one, two| one.skeleton.cmp(&two.skeleton));
    found
}

fn gather<'p>(paths: &[&'p str], candidates: &dyn Fn(&str) -> Vec<Candidate>) -> Gathered<'p> {
    let mut gathered: Gathered = BTreeMap::new();
    for path in paths {
        for candidate in candidates(path) {
            let all = gathered.entry(candidate.skeleton.clone()).or_default();
            all.push((path, candidate));
        }
    }
    gathered
}

/// Returns a family, if there are two environments and a clear word.
fn family(skeleton: String, all: Vec<(&str, Candidate)>, naming: Naming) -> Option<Family> {
    let is_clear = all.iter().any(|(_, candidate)| candidate.clear);
    let words: BTreeSet<usize> = all
        .iter()
        .map(|(_, candidate)| candidate.key.word)
        .collect();
    if words.len() < 2 || !is_clear {
        return None;
    }
    let mut members = BTreeMap::new();
    for (path, candidate) in all {
        let folder = folder_of(path, &candidate.ranges);
        members.entry(candidate.key).or_insert(Member {
            path: path.to_owned(),
            ranges: candidate.ranges,
            folder,
        });
    }
    let folder = skeleton.rfind(GAP).and_then(|gap| {
        let after = skeleton.get(gap..)?.find('/')?;
        skeleton.get(..gap + after).map(str::to_owned)
    });
    Some(Family {
        skeleton,
        folder,
        naming,
        members,
    })
}

/// Returns the end of the last range's folder; `None` if that is the file name.
pub(super) fn folder_of(path: &str, ranges: &[Range<usize>]) -> Option<usize> {
    let last = ranges.last()?;
    let after = path.get(last.end..)?.find('/')?;
    Some(last.end + after)
}

/// Whether a family is one of siblings: some have a name beside the word, and none has two environments. A region with
/// both staging and production is a family by itself.
fn are_siblings(members: &BTreeMap<Key, Member>) -> bool {
    let mut words: BTreeMap<&str, BTreeSet<usize>> = BTreeMap::new();
    for key in members.keys() {
        words.entry(&key.sibling).or_default().insert(key.word);
    }
    // A number alone is a generation of one thing; several of them are siblings.
    let is_number = |sibling: &str| sibling.bytes().all(|byte| byte.is_ascii_digit());
    let named = words.keys().any(|sibling| !is_number(sibling)) || words.len() > 2;
    named && words.values().all(|words| words.len() < 2)
}

/// Rank of a family: smaller is better.
fn rank(family: &Family) -> (bool, std::cmp::Reverse<usize>, usize, &str) {
    let roles: BTreeSet<Role> = family
        .members
        .keys()
        .map(|key| words::role(key.word))
        .collect();
    let whole = roles.contains(&Role::Production) && roles.contains(&Role::Staging);
    (
        !whole,
        std::cmp::Reverse(family.members.len()),
        family.skeleton.find(GAP).unwrap_or(usize::MAX),
        &family.skeleton,
    )
}

fn choose<'p>(
    mut families: Vec<Family>,
    paths: &[&'p str],
    taken: &mut BTreeSet<&'p str>,
    chosen: &mut Vec<Family>,
) {
    families.sort_by(|one, two| rank(one).cmp(&rank(two)));
    for mut family in families {
        family
            .members
            .retain(|_, member| !taken.contains(member.path.as_str()));
        let words: BTreeSet<usize> = family.members.keys().map(|key| key.word).collect();
        if words.len() < 2 {
            continue;
        }
        for member in family.members.values() {
            if let Ok(number) = paths.binary_search(&member.path.as_str()) {
                taken.extend(paths.get(number));
            }
        }
        chosen.push(family);
    }
}

/// Whether a path names an environment that should have a counterpart.
fn names_one(path: &str) -> bool {
    super::tokens::path_marks(path)
        .iter()
        .any(|mark| mark.clear && words::role(mark.word) != Role::Early)
}

/// Whether a key is production's.
pub(super) fn is_production(key: &Key) -> bool {
    key.word == PRODUCTION
}

#[cfg(test)]
mod tests {
    use super::{Naming, find};

    fn found(paths: &[&str]) -> Vec<(Naming, Vec<String>)> {
        let mut paths = paths.to_vec();
        paths.sort_unstable();
        find(&paths)
            .paired
            .into_iter()
            .map(|family| {
                let paths = family.members.into_values().map(|member| member.path);
                (family.naming, paths.collect())
            })
            .collect()
    }

    fn one(naming: Naming, paths: &[&str]) -> Vec<(Naming, Vec<String>)> {
        vec![(
            naming,
            paths.iter().map(|path| (*path).to_owned()).collect(),
        )]
    }

    #[test]
    fn paths_that_differ_only_in_the_word_are_a_family_in_order_of_promotion() {
        let paths = [
            "deploy.production.yml",
            "deploy.beta.yml",
            "deploy.staging.yml",
        ];
        assert_eq!(
            found(&paths),
            one(
                Naming::Word,
                &[
                    "deploy.staging.yml",
                    "deploy.beta.yml",
                    "deploy.production.yml"
                ]
            )
        );
        let paths = ["live/prod/eu-west-1/a.hcl", "live/stage/eu-west-1/a.hcl"];
        assert_eq!(found(&paths), one(Naming::Word, &[paths[1], paths[0]]));
        let paths = ["non-prod/us/stage/a.hcl", "prod/us/prod/a.hcl"];
        assert_eq!(found(&paths), one(Naming::Word, &paths));
    }

    #[test]
    fn words_of_two_meanings_need_a_clear_one() {
        assert!(found(&["test.yml", "live.yml"]).is_empty());
        assert!(found(&["stage.yml", "staging.yml"]).is_empty());
        assert_eq!(found(&["stage.yml", "prod.yml"]).len(), 1);
    }

    #[test]
    fn siblings_are_a_family_unless_one_has_two_environments() {
        let paths = ["c/staging/a", "c/production-eu/a", "c/production-us/a"];
        assert_eq!(found(&paths), one(Naming::Siblings, &paths));
        let whole = [
            "c/staging-eu/a",
            "c/production-eu/a",
            "c/staging-us/a",
            "c/production-us/a",
        ];
        assert_eq!(found(&whole).len(), 2);
        assert!(
            found(&whole)
                .iter()
                .all(|(naming, _)| *naming == Naming::Word)
        );
    }

    #[test]
    fn production_without_a_word_is_a_host_and_not_a_base() {
        let paths = ["h/staging.a.org/c.yml", "h/a.org/c.yml"];
        assert_eq!(found(&paths), one(Naming::Host, &paths));
        let paths = [
            "h/dev.a.org/c.yml",
            "h/staging.a.org/c.yml",
            "h/a.org/c.yml",
        ];
        assert_eq!(found(&paths), one(Naming::Host, &paths));
        assert!(found(&["docker-compose.yml", "docker-compose.staging.yml"]).is_empty());
        assert!(found(&["Procfile", "Procfile.dev"]).is_empty());
        let paths = ["app-staging/x.yml", "app/x.yml"];
        assert_eq!(found(&paths), one(Naming::Bare, &paths));
        let bases = find(&["docker-compose.staging.yml", "docker-compose.yml"]).bases;
        assert_eq!(bases[0].1, "docker-compose.yml");
    }

    #[test]
    fn each_path_is_in_one_family() {
        let families = found(&[
            "clusters/production/dev.yaml",
            "clusters/production/prod.yaml",
            "clusters/staging/dev.yaml",
            "clusters/staging/prod.yaml",
        ]);
        let mut paths: Vec<&String> = families.iter().flat_map(|(_, paths)| paths).collect();
        let all = paths.len();
        paths.sort();
        paths.dedup();
        assert_eq!((all, paths.len()), (4, 4));
    }
}
