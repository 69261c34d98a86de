//! Elements that share an identity with a few others: two patches of one target, three rules of one port.
//!
//! Each group is paired by likeness, then in order, so that elements of different groups are never paired.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Pair, Pairing, at, is_optional, short};
use crate::likeness::{self, Likeness};
use crate::path::Step;
use crate::{Identities, Which};
use evenkeel_document::Node;

/// Maximum number of elements of one group: larger groups share a property, not an identity.
const MOST_IN_GROUP: usize = 9;

/// Elements of one group on both sides, by number.
#[derive(Default)]
struct Group {
    left: Vec<usize>,
    right: Vec<usize>,
}

/// Pairs by keys that a few elements share. `None` if they distinguish too little.
pub(super) fn pair<'n>(
    left: &'n [Node],
    right: &'n [Node],
    keys: &[Arc<str>],
    likeness: &Likeness<'_>,
) -> Option<Pairing<'n>> {
    let mut groups: BTreeMap<Vec<String>, Group> = BTreeMap::new();
    for (nodes, which) in [(left, Which::Left), (right, Which::Right)] {
        for (number, node) in nodes.iter().enumerate() {
            let id = id(node, keys, likeness.identities, which)?;
            let group = groups.entry(id).or_default();
            match which {
                Which::Left => group.left.push(number),
                Which::Right => group.right.push(number),
            }
        }
    }
    let largest = |group: &Group| group.left.len().max(group.right.len());
    let is_telling = groups.len() > 1
        && groups.values().all(|group| largest(group) <= MOST_IN_GROUP)
        && groups.len() * 2 >= groups.values().map(largest).sum::<usize>();
    if !is_telling {
        return None;
    }
    let mut found: Vec<(usize, Pair<'n>)> = Vec::new();
    for group in groups.values() {
        let is_one = largest(group) == 1;
        for (number, (one, two)) in within(group, left, right, likeness).into_iter().enumerate() {
            let (one, two) = (
                one.and_then(|one| Some((one, left.get(one)?))),
                two.and_then(|two| Some((two, right.get(two)?))),
            );
            let Some((_, node)) = one.or(two) else {
                continue;
            };
            let mut names: Vec<(Arc<str>, Arc<str>)> = keys
                .iter()
                .filter_map(|key| Some((short(key), at(node, key)?.into())))
                .collect();
            if !is_one {
                names.push(("".into(), (number + 1).to_string().into()));
            }
            let rank = match (one, two) {
                (Some((one, _)), _) => one,
                (None, two) => left.len() + two.map_or(0, |(two, _)| two),
            };
            let pair = Pair {
                step: Step::Element(names.into()),
                left: one.map(|(_, node)| node),
                right: two.map(|(_, node)| node),
            };
            found.push((rank, pair));
        }
    }
    found.sort_by_key(|(rank, _)| *rank);
    Some(Pairing {
        pairs: found.into_iter().map(|(_, pair)| pair).collect(),
        is_reordered: false,
        is_named: true,
        by_position: false,
        is_distinct: false,
    })
}

/// Returns the pairs of one group, in the order of the first side; then elements that only the second has.
fn within(
    group: &Group,
    left: &[Node],
    right: &[Node],
    likeness: &Likeness<'_>,
) -> Vec<(Option<usize>, Option<usize>)> {
    if let ([one], [two]) = (group.left.as_slice(), group.right.as_slice()) {
        return vec![(Some(*one), Some(*two))];
    }
    let mut lefts = group.left.clone();
    let mut rights = group.right.clone();
    let mut pairs: Vec<(Option<usize>, Option<usize>)> = Vec::new();
    for (one, two) in likeness::best(left, right, &lefts, &rights, likeness) {
        lefts.retain(|number| *number != one);
        rights.retain(|number| *number != two);
        pairs.push((Some(one), Some(two)));
    }
    let mut rights = rights.into_iter();
    pairs.extend(lefts.into_iter().map(|one| (Some(one), rights.next())));
    pairs.sort_unstable();
    pairs.extend(rights.map(|two| (None, Some(two))));
    pairs
}

/// Returns the identity of a group, with identity marks.
fn id(
    node: &Node,
    keys: &[Arc<str>],
    identities: &Identities,
    which: Which,
) -> Option<Vec<String>> {
    let part = |key: &Arc<str>| match at(node, key) {
        Some(text) => {
            let marked = identities.marked(text, which);
            Some(marked.unwrap_or_else(|| text.to_owned()))
        }
        None => is_optional(key).then(String::new),
    };
    keys.iter().map(part).collect()
}
