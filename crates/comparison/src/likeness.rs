//! Elements that nothing identifies: brought together by how much they are alike.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use super::list::{Pair, Pairing};
use super::path::Step;
use super::{Identities, Which};
use evenkeel_document::{Content, Node};

/// How alike is judged.
pub(super) struct Likeness<'i> {
    pub(super) identities: &'i Identities,
}

/// Most pairs of elements whose likeness is measured; beyond that, position decides.
const MOST_MEASURED: usize = 10_000;

/// Most single values of an element that are looked at to measure its likeness.
const MOST_LEAVES: usize = 2_000;

impl Likeness<'_> {
    /// A digest of a whole value with identity marks: equal ones are the same thing in both environments, as far as can
    /// be seen at once. The order of keys has no part in it.
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

    /// Digests of each single value with its keys: what two elements share is how alike they are.
    fn features(&self, node: &Node, which: Which) -> HashSet<u64> {
        let mut features = HashSet::new();
        self.gather(node, 0, which, &mut features);
        features
    }

    fn gather(&self, node: &Node, above: u64, which: Which, into: &mut HashSet<u64>) {
        if into.len() >= MOST_LEAVES {
            return;
        }
        let step = |word: &dyn Fn(&mut DefaultHasher)| {
            let mut hasher = DefaultHasher::new();
            above.hash(&mut hasher);
            word(&mut hasher);
            hasher.finish()
        };
        match &node.content {
            Content::Scalar(scalar) => {
                into.insert(step(&|hasher| self.text(&scalar.text, which, hasher)));
            }
            Content::List(items) => {
                for item in items {
                    self.gather(item, above, which, into);
                }
            }
            Content::Map(entries) => {
                for entry in entries {
                    let key = step(&|hasher| self.text(&entry.key, which, hasher));
                    // That the key is there counts for something by itself.
                    into.insert(key);
                    self.gather(&entry.value, key, which, into);
                }
            }
        }
    }
}

/// Pairs elements that nothing identifies: what is the same first; of the rest what is most alike; then by
/// position where as many are left on both sides.
pub(super) fn pair<'n>(
    left: &'n [Node],
    right: &'n [Node],
    likeness: &Likeness<'_>,
) -> Pairing<'n> {
    let lefts: Vec<u64> = left
        .iter()
        .map(|node| likeness.digest(node, Which::Left))
        .collect();
    let rights: Vec<u64> = right
        .iter()
        .map(|node| likeness.digest(node, Which::Right))
        .collect();
    let mut counterpart: Vec<Option<usize>> = vec![None; left.len()];
    let mut open: BTreeSet<usize> = (0..right.len()).collect();
    // The same with the same, the first with the first: so it comes out alike from either side.
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
    let lonely: Vec<usize> = (0..left.len())
        .filter(|number| counterpart.get(*number) == Some(&None))
        .collect();
    let by_position = lonely.len().saturating_mul(open.len()) > MOST_MEASURED;
    if !by_position {
        let features = |nodes: &'n [Node], number: usize, which| {
            nodes
                .get(number)
                .map(|node| likeness.features(node, which))
                .unwrap_or_default()
        };
        let ones: Vec<(usize, HashSet<u64>)> = lonely
            .iter()
            .map(|number| (*number, features(left, *number, Which::Left)))
            .collect();
        let twos: Vec<(usize, HashSet<u64>)> = open
            .iter()
            .map(|number| (*number, features(right, *number, Which::Right)))
            .collect();
        // The share of what they have in common, in thousandths; the best first, then the nearest: an order that comes
        // out alike from either side.
        let mut measured: Vec<([usize; 4], usize, usize)> = Vec::new();
        for (one, mine) in &ones {
            for (two, theirs) in &twos {
                let common = mine.intersection(theirs).count();
                let all = mine.len() + theirs.len() - common;
                let share = (common * 1000).checked_div(all).unwrap_or(0);
                if share >= 400 {
                    let rank = [
                        1000 - share.min(1000),
                        one.abs_diff(*two),
                        *one.min(two),
                        *one.max(two),
                    ];
                    measured.push((rank, *one, *two));
                }
            }
        }
        measured.sort_unstable();
        for (_, one, two) in measured {
            if let Some(counterpart) = counterpart.get_mut(one)
                && counterpart.is_none()
                && open.remove(&two)
            {
                *counterpart = Some(two);
            }
        }
    }
    // What only its position brings together has no place of its own that it could have left.
    let order: Vec<usize> = counterpart.iter().flatten().copied().collect();
    let lonely: Vec<usize> = (0..left.len())
        .filter(|number| counterpart.get(*number) == Some(&None))
        .collect();
    if lonely.len() == open.len() {
        for (one, two) in lonely.into_iter().zip(std::mem::take(&mut open)) {
            if let Some(counterpart) = counterpart.get_mut(one) {
                *counterpart = Some(two);
            }
        }
    }
    let is_reordered = !order.is_sorted();
    let mut pairs = Vec::with_capacity(left.len().max(right.len()));
    for (number, (node, counterpart)) in left.iter().zip(counterpart).enumerate() {
        pairs.push(Pair {
            step: Step::Position(number),
            left: Some(node),
            right: counterpart.and_then(|number| right.get(number)),
        });
    }
    for number in open {
        if let Some(node) = right.get(number) {
            pairs.push(Pair {
                step: Step::Position(number),
                left: None,
                right: Some(node),
            });
        }
    }
    Pairing {
        pairs,
        is_reordered,
        by_position,
    }
}
