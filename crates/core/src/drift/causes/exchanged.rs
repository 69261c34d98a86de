//! One key in place of another in one map: `minAvailable` in staging where production has `maxUnavailable`. The same
//! replacement in several maps is one decision.

use std::collections::BTreeMap;

use evenkeel_comparison::{Matter, Path, Step, Which};
use evenkeel_model::defect::Defect;

use super::{Member, Rule, Seen};

pub(super) const RULE: Rule = Rule {
    name: "exchanged",
    sees,
    joins,
    is_widespread: true,
    message: Some(message),
};

/// Returns both keys and the map; for a key without a replacement, the key only.
fn sees(seen: &Seen<'_>) -> Option<(String, String)> {
    let disagreement = seen.disagreement;
    let Matter::Only(which) = &disagreement.matter else {
        return None;
    };
    let (Step::Key(key), above) = disagreement.path.steps.split_last()? else {
        return None;
    };
    let Some(instead) = &disagreement.around.instead else {
        return Some((String::new(), format!("{which:?} {key}")));
    };
    let above = Path {
        steps: above.to_vec(),
    };
    let (one, two) = match which {
        Which::Left => (&**key, &**instead),
        Which::Right => (&**instead, &**key),
    };
    Some((
        format!("Left {one}\nRight {two}"),
        format!("{} {above}", seen.document),
    ))
}

/// Joins keys only if both keys of a map are undeclared: if one is declared, the other is simply missing. A key that is
/// missing without a replacement in as many other maps is missing for another reason.
fn joins(members: &[Member<'_>]) -> Vec<Vec<usize>> {
    let mut missing: BTreeMap<&str, usize> = BTreeMap::new();
    let mut maps: BTreeMap<(&str, &str), Vec<&Member<'_>>> = BTreeMap::new();
    for member in members {
        if member.key.is_empty() {
            *missing.entry(member.part).or_default() += 1;
        } else {
            let map = maps.entry((member.key, member.part)).or_default();
            map.push(member);
        }
    }
    let mut causes: BTreeMap<&str, (usize, Vec<usize>)> = BTreeMap::new();
    for ((key, _), map) in maps {
        if super::places(&map) == 2 {
            let cause = causes.entry(key).or_default();
            cause.0 += 1;
            cause.1.extend(map.into_iter().map(|member| member.number));
        }
    }
    let is_one = |key: &str, maps: usize| {
        let mut keys = key.split('\n');
        keys.all(|key| missing.get(key).is_none_or(|missing| *missing < maps))
    };
    let causes = causes.into_iter();
    causes
        .filter(|(key, (maps, _))| is_one(key, *maps))
        .map(|(_, (_, numbers))| numbers)
        .collect()
}

fn message(all: &[&Defect]) -> Option<String> {
    let [one, two, ..] = all else {
        return None;
    };
    Some(format!("{}; {}", one.message, two.message))
}
