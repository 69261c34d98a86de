//! What changed on one host between two readings of its facts.

use std::collections::{BTreeMap, BTreeSet};

use evenkeel_comparison::{Path, Step};
use evenkeel_host::facts::GroupOfFacts;

/// Returns a sentence for each changed fact. A fact that one of the readings may have missed is left out.
#[must_use]
pub fn changes(before: &[GroupOfFacts], now: &[GroupOfFacts]) -> Vec<String> {
    let (old, new) = (facts(before), facts(now));
    let unread: BTreeSet<&str> = before
        .iter()
        .chain(now)
        .filter(|group| !group.unread.is_empty())
        .map(|group| group.name.as_str())
        .collect();
    // A group that the survey did not name then is not new.
    let both: BTreeSet<&str> = names(before).intersection(&names(now)).copied().collect();
    let paths: BTreeSet<&(&str, Path)> = old.keys().chain(new.keys()).collect();
    paths
        .into_iter()
        .filter(|(group, _)| both.contains(group))
        .filter_map(|key| {
            let (group, path) = key;
            match (old.get(key), new.get(key)) {
                (Some(one), Some(two)) if one == two => None,
                (Some(one), Some(two)) => Some(format!("{path} was `{one}`, is `{two}`")),
                _ if unread.contains(group) => None,
                (Some(one), None) => Some(format!("{path} was `{one}`, is missing")),
                (None, Some(two)) => Some(format!("{path} was missing, is `{two}`")),
                (None, None) => None,
            }
        })
        .collect()
}

fn names(groups: &[GroupOfFacts]) -> BTreeSet<&str> {
    groups.iter().map(|group| group.name.as_str()).collect()
}

fn facts(groups: &[GroupOfFacts]) -> BTreeMap<(&str, Path), &str> {
    let of_group = |group: &'_ GroupOfFacts| -> Vec<(Path, usize)> {
        let steps = |path: &[String]| Path {
            steps: std::iter::once(&group.name)
                .chain(path)
                .map(|step| Step::Key(step.as_str().into()))
                .collect(),
        };
        let numbered = group.facts.iter().enumerate();
        numbered
            .map(|(number, fact)| (steps(&fact.path), number))
            .collect()
    };
    let mut all = BTreeMap::new();
    for group in groups {
        for (path, number) in of_group(group) {
            if let Some(fact) = group.facts.get(number) {
                all.insert((group.name.as_str(), path), fact.value.as_str());
            }
        }
    }
    all
}
