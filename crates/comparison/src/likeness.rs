//! Elements without an identity, paired by likeness.
//!
//! Comparing each element with each costs the product of their numbers, so a comparison has a [`Budget`] for it. Beyond
//! the budget only elements that share a third of their values are compared, a few each; the rest is paired by
//! position.

use std::cell::Cell;
use std::collections::{BTreeSet, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};

use super::list::{Pair, Pairing};
use super::path::Step;
use super::{Identities, Which};
use evenkeel_document::{Content, Node};

/// Measure of likeness.
pub(super) struct Likeness<'i> {
    pub(super) identities: &'i Identities,
    pub(super) budget: &'i Budget,
}

/// Number of features that one comparison may still compare.
pub(super) struct Budget(Cell<usize>);

impl Default for Budget {
    fn default() -> Self {
        // About 50 ms and a few megabytes.
        Self(Cell::new(20_000_000))
    }
}

impl Budget {
    /// Deducts a cost if the budget covers it.
    fn takes(&self, cost: usize) -> bool {
        let rest = self.0.get().checked_sub(cost);
        self.0.set(rest.unwrap_or_else(|| self.0.get()));
        rest.is_some()
    }
}

/// Maximum number of features by which an element is measured.
const MOST_FEATURES: usize = 2_000;

/// Minimum share of common features, in thousandths, for a pair at any position.
const ALIKE: usize = 400;

/// Minimum share for elements at one position: with equal keys, no value has to be equal.
const ALIKE_AT_ONE_POSITION: usize = 300;

/// Beyond the budget: number of groups into which the values of an element are divided by their keys. Only elements
/// with an equal group are measured.
const GROUPS: usize = 3;

/// Maximum number of elements measured against each element and group.
const MOST_CANDIDATES: usize = 6;

impl Likeness<'_> {
    /// Returns a digest of a whole value with identity marks, without the order of keys: equal digests are the same
    /// thing in both environments.
    pub(super) fn digest(&self, node: &Node, which: Which) -> u64 {
        let mut hasher = DefaultHasher::new();
        node.tag.hash(&mut hasher);
        match &node.content {
            Content::Scalar(scalar) => {
                0u8.hash(&mut hasher);
                self.text(&scalar.text, which, &mut hasher);
            }
            Content::List(items) => {
                1u8.hash(&mut hasher);
                items.len().hash(&mut hasher);
                for item in items {
                    self.digest(item, which).hash(&mut hasher);
                }
            }
            Content::Map(entries) => {
                2u8.hash(&mut hasher);
                let mut sum = 0u64;
                for entry in entries {
                    let mut own = DefaultHasher::new();
                    self.text(&entry.key, which, &mut own);
                    self.digest(&entry.value, which).hash(&mut own);
                    sum = sum.wrapping_add(own.finish());
                }
                sum.hash(&mut hasher);
            }
        }
        hasher.finish()
    }

    fn text(&self, text: &str, which: Which, hasher: &mut DefaultHasher) {
        match self.identities.marked(text, which) {
            Some(marked) => marked.hash(hasher),
            None => text.hash(hasher),
        }
    }

    /// Returns digests of each key and of each single value with its keys, in ascending order; likeness is their common
    /// share.
    fn features(&self, node: &Node, which: Which) -> Vec<u64> {
        let mut features = Vec::new();
        self.gather(node, 0, which, &mut features);
        features.sort_unstable();
        features.dedup();
        features
    }

    fn gather(&self, node: &Node, above: u64, which: Which, into: &mut Vec<u64>) {
        if into.len() >= MOST_FEATURES {
            return;
        }
        match &node.content {
            Content::Scalar(scalar) => into.push(self.step(above, &scalar.text, which)),
            Content::List(items) => {
                for item in items {
                    self.gather(item, above, which, into);
                }
            }
            Content::Map(entries) => {
                for entry in entries {
                    let key = self.step(above, &entry.key, which);
                    // The presence of a key counts by itself.
                    into.push(key);
                    self.gather(&entry.value, key, which, into);
                }
            }
        }
    }

    fn step(&self, above: u64, text: &str, which: Which) -> u64 {
        let mut hasher = DefaultHasher::new();
        above.hash(&mut hasher);
        self.text(text, which, &mut hasher);
        hasher.finish()
    }

    /// Returns one digest for each group of an element's values. The key of a value decides its group.
    fn groups(&self, node: &Node, which: Which) -> [u64; GROUPS] {
        let mut groups = [0; GROUPS];
        self.divide(node, 0, which, &mut groups);
        groups
    }

    fn divide(&self, node: &Node, above: u64, which: Which, into: &mut [u64; GROUPS]) {
        match &node.content {
            Content::Scalar(scalar) => {
                let number = usize::try_from(above % GROUPS as u64).unwrap_or_default();
                if let Some(group) = into.get_mut(number) {
                    let value = self.step(above, &scalar.text, which);
                    *group = group.wrapping_add(value);
                }
            }
            Content::List(items) => {
                for (number, item) in items.iter().enumerate() {
                    self.divide(item, above.wrapping_add(number as u64), which, into);
                }
            }
            Content::Map(entries) => {
                for entry in entries {
                    let key = self.step(above, &entry.key, which);
                    self.divide(&entry.value, key, which, into);
                }
            }
        }
    }
}

/// Returns the share of features that two elements have in common, in thousandths.
fn share(mine: &[u64], theirs: &[u64]) -> usize {
    let (mut one, mut two, mut common) = (0, 0, 0);
    while let (Some(left), Some(right)) = (mine.get(one), theirs.get(two)) {
        common += usize::from(left == right);
        one += usize::from(left <= right);
        two += usize::from(right <= left);
    }
    (common * 1000)
        .checked_div(mine.len() + theirs.len() - common)
        .unwrap_or(0)
}

/// Unpaired elements of one side: their numbers and features.
type Lonely = Vec<(usize, Vec<u64>)>;

/// Returns the pairs of unpaired elements to measure, as positions in the two lists.
fn measured_pairs<'n>(
    left: &'n [Node],
    right: &'n [Node],
    (ones, twos): (&Lonely, &Lonely),
    likeness: &Likeness<'_>,
) -> (Vec<(usize, usize)>, bool) {
    let features = |lonely: &Lonely| lonely.iter().map(|(_, own)| own.len()).sum::<usize>();
    // Each feature is compared with each element of the other side, and each pair has a fixed cost.
    const COST_OF_PAIR: usize = 24;
    let cost = (features(ones).saturating_mul(twos.len()))
        .saturating_add(features(twos).saturating_mul(ones.len()))
        .saturating_add(ones.len().saturating_mul(twos.len()) * COST_OF_PAIR);
    if likeness.budget.takes(cost) {
        let all = |one| (0..twos.len()).map(move |two| (one, two));
        return ((0..ones.len()).flat_map(all).collect(), true);
    }
    let mut buckets: HashMap<(usize, u64), Vec<usize>> = HashMap::new();
    for (at, (number, _)) in twos.iter().enumerate() {
        let groups = right
            .get(*number)
            .map(|node| likeness.groups(node, Which::Right));
        for key in groups
            .into_iter()
            .flat_map(|all| all.into_iter().enumerate())
        {
            let bucket = buckets.entry(key).or_default();
            if bucket.len() < MOST_CANDIDATES {
                bucket.push(at);
            }
        }
    }
    let mut pairs = Vec::new();
    for (at, (number, _)) in ones.iter().enumerate() {
        let groups = left
            .get(*number)
            .map(|node| likeness.groups(node, Which::Left));
        let first = pairs.len();
        for key in groups
            .into_iter()
            .flat_map(|all| all.into_iter().enumerate())
        {
            pairs.extend(
                buckets
                    .get(&key)
                    .into_iter()
                    .flatten()
                    .map(|two| (at, *two)),
            );
        }
        if let Some(own) = pairs.get_mut(first..) {
            own.sort_unstable();
        }
    }
    pairs.dedup();
    (pairs, false)
}

/// Returns the pairs of similar elements among a few on each side, the best first.
pub(super) fn best(
    left: &[Node],
    right: &[Node],
    lefts: &[usize],
    rights: &[usize],
    likeness: &Likeness<'_>,
) -> Vec<(usize, usize)> {
    let features = |nodes: &[Node], numbers: &[usize], which| -> Lonely {
        let own = |number: &usize| Some((*number, likeness.features(nodes.get(*number)?, which)));
        numbers.iter().filter_map(own).collect()
    };
    let ones = features(left, lefts, Which::Left);
    let twos = features(right, rights, Which::Right);
    let all = |one| (0..twos.len()).map(move |two| (one, two));
    let pairs: Vec<(usize, usize)> = (0..ones.len()).flat_map(all).collect();
    let mut taken = (BTreeSet::new(), BTreeSet::new());
    let mut best = Vec::new();
    for (one, two) in ranked(&ones, &twos, pairs) {
        if !taken.0.contains(&one) && !taken.1.contains(&two) {
            taken.0.insert(one);
            taken.1.insert(two);
            best.push((one, two));
        }
    }
    best
}

/// Returns pairs of similar elements by number: the best first, then the nearest, in an order that does not depend on
/// the side.
fn ranked(ones: &Lonely, twos: &Lonely, pairs: Vec<(usize, usize)>) -> Vec<(usize, usize)> {
    let mut measured: Vec<([usize; 4], usize, usize)> = Vec::new();
    for (one, two) in pairs {
        let (Some((one, mine)), Some((two, theirs))) = (ones.get(one), twos.get(two)) else {
            continue;
        };
        let share = share(mine, theirs);
        if share >= ALIKE {
            let rank = [
                1000 - share,
                one.abs_diff(*two),
                *one.min(two),
                *one.max(two),
            ];
            measured.push((rank, *one, *two));
        }
    }
    measured.sort_unstable();
    measured
        .into_iter()
        .map(|(_, one, two)| (one, two))
        .collect()
}

/// Pairs elements without an identity: equal ones first; then by likeness; then by position where elements share
/// anything and as many are left on both sides.
pub(super) fn pair<'n>(
    left: &'n [Node],
    right: &'n [Node],
    likeness: &Likeness<'_>,
) -> Pairing<'n> {
    let digests = |nodes: &[Node], which| -> Vec<u64> {
        let digest = |node| likeness.digest(node, which);
        nodes.iter().map(digest).collect()
    };
    let (lefts, rights) = (digests(left, Which::Left), digests(right, Which::Right));
    let mut counterpart: Vec<Option<usize>> = vec![None; left.len()];
    let mut open: BTreeSet<usize> = (0..right.len()).collect();
    // Equal elements are paired in order, so that the result does not depend on the side.
    let mut by_digest: HashMap<u64, Vec<usize>> = HashMap::new();
    for (number, digest) in rights.iter().enumerate().rev() {
        by_digest.entry(*digest).or_default().push(number);
    }
    for (digest, counterpart) in lefts.iter().zip(&mut counterpart) {
        if let Some(number) = by_digest.get_mut(digest).and_then(Vec::pop) {
            *counterpart = Some(number);
            open.remove(&number);
        }
    }
    let lonely = |nodes: &[Node], numbers: &mut dyn Iterator<Item = usize>, which| -> Lonely {
        let own = |number: usize| Some((number, likeness.features(nodes.get(number)?, which)));
        numbers.filter_map(own).collect()
    };
    let mut without = (0..left.len()).filter(|number| counterpart.get(*number) == Some(&None));
    let ones = lonely(left, &mut without, Which::Left);
    let twos = lonely(right, &mut open.iter().copied(), Which::Right);
    let (pairs, is_whole) = measured_pairs(left, right, (&ones, &twos), likeness);
    for (one, two) in ranked(&ones, &twos, pairs) {
        if let Some(counterpart) = counterpart.get_mut(one)
            && counterpart.is_none()
            && open.remove(&two)
        {
            *counterpart = Some(two);
        }
    }
    // Elements paired by position cannot be out of order.
    let order: Vec<usize> = counterpart.iter().flatten().copied().collect();
    let is_reordered = !order.is_sorted();
    let ones: Vec<&(usize, Vec<u64>)> = ones
        .iter()
        .filter(|(number, _)| counterpart.get(*number) == Some(&None))
        .collect();
    let twos: Vec<&(usize, Vec<u64>)> = twos
        .iter()
        .filter(|(number, _)| open.contains(number))
        .collect();
    let by_position = !is_whole && !ones.is_empty() && !twos.is_empty();
    if ones.len() == twos.len() || by_position {
        for ((one, mine), (two, theirs)) in ones.into_iter().zip(twos) {
            let is_alike = share(mine, theirs) >= ALIKE_AT_ONE_POSITION
                || has_no_keys(left.get(*one)) && has_no_keys(right.get(*two));
            if let Some(counterpart) = counterpart.get_mut(*one)
                && is_alike
            {
                *counterpart = Some(*two);
                open.remove(two);
            }
        }
    }
    Pairing {
        pairs: paired(left, right, counterpart, &open),
        is_reordered,
        is_named: false,
        by_position,
        is_distinct: false,
    }
}

/// Whether an element consists of a single value.
fn has_no_keys(node: Option<&Node>) -> bool {
    node.is_some_and(|node| match &node.content {
        Content::Scalar(_) => true,
        Content::List(items) => items.len() <= 1,
        Content::Map(entries) => entries.is_empty(),
    })
}

/// Returns the pairs in the order of the first side. An element that only one side has is named by its content, since
/// its position may be that of another element on the other side.
fn paired<'n>(
    left: &'n [Node],
    right: &'n [Node],
    counterpart: Vec<Option<usize>>,
    open: &BTreeSet<usize>,
) -> Vec<Pair<'n>> {
    let mut pairs = Vec::with_capacity(left.len().max(right.len()));
    for (number, (node, counterpart)) in left.iter().zip(counterpart).enumerate() {
        let other = counterpart.and_then(|number| right.get(number));
        pairs.push(Pair {
            step: Step::Position(number),
            left: Some(node),
            right: other,
        });
    }
    for number in open {
        if let Some(node) = right.get(*number) {
            pairs.push(Pair {
                step: Step::Position(*number),
                left: None,
                right: Some(node),
            });
        }
    }
    pairs
}
