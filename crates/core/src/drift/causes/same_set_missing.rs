//! The same keys missing in several maps, or the same elements in several lists: five services that lack the same four
//! settings are one finding.

use std::collections::{BTreeMap, BTreeSet};

use evenkeel_comparison::Step;
use evenkeel_model::defect::Severity;

use super::{Member, Rule, Seen, missing_together};

pub(super) const RULE: Rule = Rule {
    name: "same set missing",
    sees,
    joins,
    is_widespread: true,
    message: None,
};

/// Returns the map or list, and the part missing in it.
fn sees(seen: &Seen<'_>) -> Option<(String, String)> {
    let (map, _) = missing_together::sees(seen)?;
    let last = seen.disagreement.path.steps.last()?;
    // A position does not identify an element.
    (!matches!(last, Step::Position(_))).then(|| (map, last.to_string()))
}

fn joins(members: &[Member<'_>]) -> Vec<Vec<usize>> {
    const KEYS: usize = 2;
    const MAPS: usize = 2;
    type Map<'m> = (BTreeSet<&'m str>, Vec<usize>);
    let mut maps: BTreeMap<(&str, Severity, &str), Map<'_>> = BTreeMap::new();
    for member in members {
        let map = maps
            .entry((member.code, member.severity, member.key))
            .or_default();
        map.0.insert(member.part);
        map.1.push(member.number);
    }
    // The name of a map starts with the side that has them.
    let mut sets: BTreeMap<(bool, BTreeSet<&str>), Vec<Vec<usize>>> = BTreeMap::new();
    for ((_, _, name), (keys, numbers)) in maps {
        if keys.len() >= KEYS {
            let is_left = name.starts_with("Left ");
            sets.entry((is_left, keys)).or_default().push(numbers);
        }
    }
    let sets = sets.into_values().filter(|maps| maps.len() >= MAPS);
    sets.map(|maps| maps.into_iter().flatten().collect())
        .collect()
}
