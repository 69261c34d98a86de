//! Chooses the fewest substitutions that explain the most places.
//!
//! Again and again the candidate that explains most of what is left is taken; of two that explain as much, the kind
//! that says more, then the shorter. What the names of the two environments explain by themselves needs none.

use std::collections::{BTreeMap, BTreeSet};

use super::cores::{self, Core, Part, Way};
use super::forms::{self, Need};
use super::{DifferingText, IdentityKind, PairOfTexts};

/// A substitution that was chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Chosen {
    pub(super) left: String,
    pub(super) right: String,
    pub(super) kind: IdentityKind,
    /// Document and path.
    pub(super) places: BTreeSet<(String, String)>,
}

/// A differing part: the number of its text, and its own.
type Spot = (usize, usize);

#[derive(Default)]
struct Candidate {
    kind: Option<(IdentityKind, Need, Way)>,
    spots: BTreeSet<Spot>,
    /// Texts in which it is not everything.
    within: BTreeSet<usize>,
}

/// The substitutions for a pair of environments, most useful first.
pub(super) fn choose(pair: &PairOfTexts, texts: &[&DifferingText]) -> Vec<Chosen> {
    let mut candidates: BTreeMap<(String, String), Candidate> = BTreeMap::new();
    for (number, text) in texts.iter().enumerate() {
        let Some(parts) = cores::parts(&text.left, &text.right) else {
            continue;
        };
        let open: Vec<usize> = (0..parts.len())
            .filter(|at| parts.get(*at).is_some_and(|part| is_open(part, pair)))
            .collect();
        for at in &open {
            for core in cores::cores(&parts, *at) {
                add(&mut candidates, pair, text, number, &core, &open);
            }
        }
    }
    let mut chosen = Vec::new();
    let mut explained: BTreeSet<Spot> = BTreeSet::new();
    loop {
        let best = candidates
            .iter()
            .filter_map(|((left, right), candidate)| {
                let (kind, need, way) = candidate.kind?;
                let left_over: BTreeSet<Spot> =
                    candidate.spots.difference(&explained).copied().collect();
                let enough = !left_over.is_empty()
                    && is_enough(need, candidate, texts)
                    && (need == Need::One || is_apart(left, right, texts));
                let rank = (
                    left_over.len(),
                    std::cmp::Reverse((kind, way, left.len() + right.len(), left, right)),
                );
                enough.then_some((rank, left, right, kind, left_over))
            })
            .max_by(|one, two| one.0.cmp(&two.0));
        let Some((_, left, right, kind, left_over)) = best else {
            break;
        };
        let places = left_over
            .iter()
            .filter_map(|(number, _)| texts.get(*number))
            .map(|text| (text.document.clone(), text.path.clone()))
            .collect();
        chosen.push(Chosen {
            left: left.clone(),
            right: right.clone(),
            kind,
            places,
        });
        // The same in capitals follows from it.
        let also = (left.to_lowercase(), right.to_lowercase());
        for ((one, two), candidate) in &candidates {
            let shapes: [fn(&str) -> String; 2] = [str::to_uppercase, capitalised];
            if (one.to_lowercase(), two.to_lowercase()) == also
                && shapes
                    .iter()
                    .any(|shape| shape(left) == *one && shape(right) == *two)
            {
                explained.extend(&candidate.spots);
            }
        }
        explained.extend(left_over);
        if chosen.len() >= super::MOST {
            break;
        }
    }
    chosen
}

fn add(
    candidates: &mut BTreeMap<(String, String), Candidate>,
    pair: &PairOfTexts,
    text: &DifferingText,
    number: usize,
    core: &Core,
    open: &[usize],
) {
    let key = (core.left.clone(), core.right.clone());
    let kind = match candidates.get(&key) {
        Some(known) => known.kind.filter(|(_, _, way)| *way <= core.way),
        None => None,
    };
    let kind = kind.or_else(|| {
        let (kind, need) = forms::judge(core, &pair.left, &pair.right)?;
        Some((kind, need, core.way))
    });
    let Some(kind) = kind else {
        return;
    };
    let candidate = candidates.entry(key).or_default();
    candidate.kind = Some(kind);
    let covered = open
        .iter()
        .filter(|at| core.from <= **at && **at <= core.to);
    candidate.spots.extend(covered.map(|at| (number, *at)));
    if core.left != text.left && core.right != text.right {
        candidate.within.insert(number);
    }
}

/// Whether each value stands in its own environment alone. What both have, in whatever places, tells nothing apart:
/// a list of the same hosts in another order.
fn is_apart(left: &str, right: &str, texts: &[&DifferingText]) -> bool {
    texts.iter().all(|text| {
        (left.contains(right) || !text.left.contains(right))
            && (right.contains(left) || !text.right.contains(left))
    })
}

fn is_enough(need: Need, candidate: &Candidate, texts: &[&DifferingText]) -> bool {
    let paths = |numbers: &mut dyn Iterator<Item = usize>| -> BTreeSet<&str> {
        numbers
            .filter_map(|number| texts.get(number))
            .map(|text| text.path.as_str())
            .collect()
    };
    let all = paths(&mut candidate.spots.iter().map(|(number, _)| *number));
    match need {
        Need::One => true,
        Need::Places(least) => all.len() >= least,
        Need::Contexts => {
            let within = paths(&mut candidate.within.iter().copied());
            let keys: BTreeSet<&str> = within
                .iter()
                .map(|path| path.rsplit('.').next().unwrap_or(path))
                .collect();
            within.len() >= 3 && keys.len() >= 3
        }
    }
}

/// Whether a part differs by more than the names of the environments themselves.
fn is_open(part: &Part, pair: &PairOfTexts) -> bool {
    if !part.differs() {
        return false;
    }
    let (left, right) = (pair.left.as_str(), pair.right.as_str());
    let shapes: [fn(&str) -> String; 3] = [str::to_owned, str::to_uppercase, capitalised];
    !shapes
        .iter()
        .any(|shape| shape(left) == part.left && shape(right) == part.right)
}

fn capitalised(text: &str) -> String {
    let mut characters = text.chars();
    match characters.next() {
        Some(first) => first.to_uppercase().chain(characters).collect(),
        None => String::new(),
    }
}
