//! Identifying keys without a convention: any key or combination of keys whose values are unique on both sides.
//!
//! Of several, the one that pairs most elements is taken. A secret never identifies, since paths display it.

use std::cmp::Reverse;
use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use super::at;
use crate::{Identities, Which};
use evenkeel_document::sensitive::Under;
use evenkeel_document::{Content, Node, Scalar, ScalarKind, covering};

/// Maximum number of keys of an element that may identify it.
const MOST_KEYS: usize = 16;

/// Maximum number of elements, on both sides, of lists whose keys are combined.
const MOST_COMBINED: usize = 20_000;

/// Longest identifying value.
const LONGEST: usize = 120;

/// A key, with a digest of its value for each element on each side; zero if it is missing.
struct Column {
    key: Arc<str>,
    sides: [Vec<u64>; 2],
    /// Whether every element has it.
    is_everywhere: bool,
}

/// Rank of keys: whether `name` is among them; how many elements they pair; whether another name is among them; how few
/// they are.
type Rank = (bool, usize, bool, Reverse<usize>, Reverse<usize>);

/// Returns the keys that identify the elements best. `under` is the key of the list.
pub(super) fn identifying(
    left: &[Node],
    right: &[Node],
    under: Under<'_>,
    identities: &Identities,
) -> Option<Vec<Arc<str>>> {
    let shorter = left.len().min(right.len());
    // A single element may share anything with one of many by coincidence.
    if shorter < 2 {
        return name_alone(left, right, under, identities);
    }
    let columns = columns(left, right, under, identities);
    let mut best: Option<(Rank, Vec<usize>)> = None;
    let mut consider = |numbers: &[usize]| {
        let Some(matched) = matched(&columns, numbers) else {
            return;
        };
        let keys = numbers.iter().filter_map(|number| columns.get(*number));
        let is_named = keys.clone().any(|own| is_name(&own.key));
        let says_name = keys
            .clone()
            .any(|own| &*own.key == "name" && own.is_everywhere);
        let is_enough = matched * 2 >= shorter || is_named && numbers.len() == 1 && matched > 0;
        let order = numbers.iter().sum();
        let rank = (
            says_name,
            matched,
            is_named,
            Reverse(numbers.len()),
            Reverse(order),
        );
        if is_enough && best.as_ref().is_none_or(|(known, _)| rank > *known) {
            best = Some((rank, numbers.to_vec()));
        }
    };
    for one in 0..columns.len() {
        consider(&[one]);
    }
    if left.len() + right.len() <= MOST_COMBINED {
        for one in 0..columns.len() {
            for two in one + 1..columns.len() {
                consider(&[one, two]);
                for three in two + 1..columns.len() {
                    consider(&[one, two, three]);
                }
            }
        }
    }
    let (_, mut numbers) = best?;
    let chosen: Vec<&Column> = numbers
        .iter()
        .filter_map(|number| columns.get(*number))
        .collect();
    let mut all = left.iter().chain(right);
    if !all.all(|node| chosen.iter().all(|own| is_fit(node, &own.key, under))) {
        return None;
    }
    // Keys that every element has come first.
    numbers.sort_by_key(|number| !columns.get(*number).is_some_and(|own| own.is_everywhere));
    let key = |number: usize| columns.get(number).map(|column| Arc::clone(&column.key));
    numbers.into_iter().map(key).collect()
}

/// Returns a name's key that every element has, if one side has a single element.
fn name_alone(
    left: &[Node],
    right: &[Node],
    under: Under<'_>,
    identities: &Identities,
) -> Option<Vec<Arc<str>>> {
    if left.is_empty() || right.is_empty() || left.len() + right.len() == 2 {
        return None;
    }
    let columns = columns(left, right, under, identities);
    let number = (0..columns.len()).find(|number| {
        columns.get(*number).is_some_and(|own| is_name(&own.key))
            && matched(&columns, &[*number]).is_some_and(|matched| matched > 0)
    })?;
    Some(vec![Arc::clone(&columns.get(number)?.key)])
}

/// Whether the last word of a key shows that its value is a name: `ParameterKey`, `queue_name`, `ID`.
pub(super) fn is_name(key: &str) -> bool {
    let last = key.rsplit('.').next().unwrap_or(key);
    ["name", "key", "id"].iter().any(|word| {
        let start = last.len().checked_sub(word.len());
        let Some((before, end)) = start.and_then(|start| last.split_at_checked(start)) else {
            return false;
        };
        // `monkey` and `grid` end with other words.
        end.eq_ignore_ascii_case(word)
            && (before.is_empty()
                || before.ends_with(|each: char| !each.is_alphanumeric())
                || end.starts_with(char::is_uppercase)
                    && before.ends_with(|each: char| each.is_lowercase() || each.is_ascii_digit()))
    })
}

/// Returns the keys of single values, in the order of the first element, at most one map deep.
fn keys(node: &Node) -> Vec<Arc<str>> {
    let mut keys = Vec::new();
    let Content::Map(entries) = &node.content else {
        return keys;
    };
    for entry in entries {
        match &entry.value.content {
            Content::Scalar(_) => keys.push(Arc::from(&*entry.key)),
            Content::Map(inner) => keys.extend(
                inner
                    .iter()
                    .filter(|within| within.value.as_scalar().is_some())
                    .map(|within| Arc::from(format!("{}.{}", entry.key, within.key))),
            ),
            Content::List(_) => {}
        }
    }
    // A key that contains a dot cannot be looked up.
    keys.retain(|key: &Arc<str>| at(node, key).is_some());
    keys.truncate(MOST_KEYS);
    keys
}

fn columns(
    left: &[Node],
    right: &[Node],
    under: Under<'_>,
    identities: &Identities,
) -> Vec<Column> {
    let mut names: Vec<Arc<str>> = Vec::new();
    for node in [left.first(), right.first()].into_iter().flatten() {
        let new: Vec<Arc<str>> = keys(node)
            .into_iter()
            .filter(|key| !names.contains(key))
            .collect();
        names.extend(new);
    }
    names.truncate(MOST_KEYS);
    let of = |key: Arc<str>| -> Option<Column> {
        let side = |nodes: &[Node], which| -> Option<Vec<u64>> {
            let digest = |node: &Node| {
                let Some(text) = at(node, &key) else {
                    return Some(0);
                };
                if text.len() > LONGEST || text.contains('\n') {
                    return None;
                }
                let mut hasher = DefaultHasher::new();
                match identities.marked(text, which) {
                    Some(marked) => marked.hash(&mut hasher),
                    None => text.hash(&mut hasher),
                }
                Some(hasher.finish().max(1))
            };
            nodes.iter().map(digest).collect()
        };
        // The first element is checked before a key is chosen, all elements after.
        let mut first = [left, right].into_iter().filter_map(<[Node]>::first);
        if !first.all(|node| is_fit(node, &key, under)) {
            return None;
        }
        let sides = [side(left, Which::Left)?, side(right, Which::Right)?];
        let is_everywhere = sides.iter().flatten().all(|digest| *digest != 0);
        Some(Column {
            key,
            sides,
            is_everywhere,
        })
    };
    names.into_iter().filter_map(of).collect()
}

/// Whether the value of a key, if present, may be displayed in paths and distinguishes elements.
fn is_fit(node: &Node, key: &str, under: Under<'_>) -> bool {
    fn value<'n>(node: &'n Node, key: &str, under: Under<'n>) -> Option<(&'n Scalar, Under<'n>)> {
        let (mut here, mut under) = (node, under);
        for part in key.split('.') {
            let Content::Map(entries) = &here.content else {
                return None;
            };
            let entry = entries.iter().find(|entry| &*entry.key == part)?;
            under = under.within(entries).entry(&entry.key);
            here = &entry.value;
        }
        Some((here.as_scalar()?, under))
    }
    value(node, key, under).is_none_or(|(scalar, under)| {
        !matches!(scalar.kind, ScalarKind::Null | ScalarKind::Boolean)
            && !under.is_secret(scalar)
            && covering::shown(&scalar.text).is_none()
    })
}

/// Returns the number of elements that keys pair; `None` if they are not unique on a side, or every element lacks one
/// of them.
fn matched(columns: &[Column], numbers: &[usize]) -> Option<usize> {
    let own: Vec<&Column> = numbers
        .iter()
        .filter_map(|number| columns.get(*number))
        .collect();
    if !own.iter().any(|column| column.is_everywhere) {
        return None;
    }
    let ids = |which: usize| -> Option<HashSet<u64>> {
        let sides: Vec<&[u64]> = own
            .iter()
            .filter_map(|column| column.sides.get(which).map(Vec::as_slice))
            .collect();
        let count = sides.first().map_or(0, |side| side.len());
        let mut ids = HashSet::new();
        for element in 0..count {
            let mut hasher = DefaultHasher::new();
            for side in &sides {
                side.get(element).hash(&mut hasher);
            }
            // Stop at the first duplicate.
            if !ids.insert(hasher.finish()) {
                return None;
            }
        }
        Some(ids)
    };
    let (lefts, rights) = (ids(0)?, ids(1)?);
    Some(lefts.intersection(&rights).count())
}

#[cfg(test)]
mod tests {
    use super::{identifying, is_name};
    use crate::Identities;
    use evenkeel_document::sensitive::Under;
    use evenkeel_document::{Content, Format, read};
    use evenkeel_model::source::SourceFile;

    fn found(left: &str, right: &str) -> Option<String> {
        let read = |text: &str| read(&SourceFile::new("a.yaml", text), Format::Yaml).unwrap();
        let (left, right) = (read(left), read(right));
        let (Content::List(left), Content::List(right)) =
            (&left.roots[0].content, &right.roots[0].content)
        else {
            panic!("lists")
        };
        let keys = identifying(left, right, Under::default(), &Identities::default())?;
        Some(keys.join(","))
    }

    #[test]
    fn any_key_or_combination_that_is_unique_on_both_sides_identifies() {
        let all: [(&str, &str, Option<&str>); 7] = [
            // Another name is another thing, even if its type is unique.
            (
                "[{name: '@', type: A, v: 1}, {name: '@', type: TXT, v: 2}, {name: w, type: C, v: 3}]",
                "[{name: '@', type: TXT, v: 4}, {name: w, type: C, v: 3}, {name: m, type: A, v: 9}]",
                Some("name,type"),
            ),
            (
                "[{OptionName: a, Value: 1}, {OptionName: b, Value: 2}]",
                "[{OptionName: b, Value: 3}, {OptionName: a, Value: 4}]",
                Some("OptionName"),
            ),
            (
                "[{type: A, zone: x, ttl: 1}, {type: B, zone: x, ttl: 2}, {type: A, zone: y, ttl: 3}]",
                "[{type: A, zone: y, ttl: 9}, {type: A, zone: x, ttl: 8}, {type: B, zone: x, ttl: 2}]",
                Some("type,zone"),
            ),
            // A combination may lack one of its keys.
            (
                "[{zone: a}, {zone: a, part: 1}]",
                "[{zone: a, part: 1}, {zone: a}]",
                Some("zone,part"),
            ),
            ("[{a: 1}, {a: 1}]", "[{a: 1}, {a: 1}]", None),
            (
                "[{on: true}, {on: false}]",
                "[{on: false}, {on: true}]",
                None,
            ),
            // Values that paths would display.
            (
                "[{password: hunter2}, {password: hunter3}]",
                "[{password: hunter3}, {password: hunter2}]",
                None,
            ),
        ];
        for (left, right, keys) in all {
            assert_eq!(found(left, right).as_deref(), keys, "{left}");
        }
    }

    #[test]
    fn names_are_recognised_by_their_last_word() {
        for key in [
            "Key",
            "ParameterKey",
            "queue_name",
            "target.name",
            "ID",
            "roleId",
        ] {
            assert!(is_name(key), "{key}");
        }
        for key in ["monkey", "grid", "hostname", "Value", "valid"] {
            assert!(!is_name(key), "{key}");
        }
    }
}
