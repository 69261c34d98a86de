//! Choice of the fewest substitutions that explain the most places.
//!
//! Repeatedly takes the candidate that explains most of the rest; of equals, the more specific kind, then the shorter.
//! Places that the names of the two environments explain need no substitution.

use std::collections::{BTreeMap, BTreeSet};

use super::cores::{self, Core, Part, Way};
use super::evidence::{self, Claim};
use super::forms::{self, Need};
use super::{DifferingText, IdentityKind, PairOfTexts, networks};
use crate::identity::is_separate;
use crate::{Identities, Identity};
use evenkeel_model::EnvironmentName;

/// Chosen substitution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Chosen {
    pub(super) left: String,
    pub(super) right: String,
    pub(super) kind: IdentityKind,
    /// Document and path.
    pub(super) places: BTreeSet<(String, String)>,
}

/// Differing part: the index of its text, and its own.
type Spot = (usize, usize);

/// Maximum number of candidates checked for occurrence in both environments.
const MOST_ASKED: usize = 200;

/// Maximum number of differing parts of one text.
const MOST_PARTS: usize = 20;

/// Limit of compared text for one pair of environments: the products of the lengths, in bytes.
const MOST_WORK: usize = 400_000_000;

#[derive(Default)]
struct Candidate {
    kind: Option<(IdentityKind, Need, Way)>,
    spots: BTreeSet<Spot>,
    /// Texts that contain it and more.
    within: BTreeSet<usize>,
}

/// Returns the substitutions for a pair of environments, most useful first.
pub(super) fn choose(
    pair: &PairOfTexts,
    texts: &[&DifferingText],
    others: &[EnvironmentName],
) -> Vec<Chosen> {
    let mut candidates = gathered(pair, texts);
    candidates.retain(|(left, right), candidate| {
        let need = candidate.kind.map(|(_, need, _)| need);
        need.is_some_and(|need| is_enough(need, candidate, texts))
            && ![(left, &pair.left), (right, &pair.right)]
                .into_iter()
                .any(|(value, own)| forms::names_one_of(value, others, own))
    });
    // Only the likeliest candidates are checked for contradictions, once each.
    let mut stand: BTreeMap<(String, String), bool> = BTreeMap::new();
    let mut chosen: Vec<Chosen> = networks::find(pair, texts)
        .into_iter()
        .map(|found| Chosen {
            places: places(&found.texts, texts),
            left: found.left,
            right: found.right,
            kind: IdentityKind::Network,
        })
        .collect();
    let mut explained: BTreeSet<Spot> = BTreeSet::new();
    while chosen.len() < super::MOST {
        let Some(best) = best(&candidates, &explained, &mut stand, (pair, texts)) else {
            break;
        };
        let (left, right) = best.words;
        chosen.push(Chosen {
            left: left.clone(),
            right: right.clone(),
            kind: best.kind,
            places: places(
                &best.spots.iter().map(|(number, _)| *number).collect(),
                texts,
            ),
        });
        // A substitution includes its capitalised spellings.
        let shapes: [fn(&str) -> String; 2] = [str::to_uppercase, capitalised];
        for shape in shapes {
            if let Some(candidate) = candidates.get(&(shape(left), shape(right))) {
                explained.extend(&candidate.spots);
            }
        }
        explained.extend(best.spots);
    }
    only_needed(chosen, pair, texts)
}

/// Keeps the necessary substitutions: an early choice may explain nothing beyond the later ones.
fn only_needed(chosen: Vec<Chosen>, pair: &PairOfTexts, texts: &[&DifferingText]) -> Vec<Chosen> {
    let identities = |chosen: &mut dyn Iterator<Item = &Chosen>| {
        let words = chosen.map(|one| (one.left.as_str(), one.right.as_str()));
        let names = std::iter::once((pair.left.as_str(), pair.right.as_str()));
        Identities::new(names.chain(words).map(|(left, right)| Identity {
            name: "".into(),
            left: left.into(),
            right: right.into(),
        }))
    };
    let mut by_place: BTreeMap<(&str, &str), Vec<&DifferingText>> = BTreeMap::new();
    for text in texts {
        let place = (text.document.as_str(), text.path.as_str());
        by_place.entry(place).or_default().push(text);
    }
    let mut kept = chosen;
    let mut at = 0;
    while let Some(one) = kept.get(at) {
        if one.kind == IdentityKind::Network {
            at += 1;
            continue;
        }
        let all = identities(&mut kept.iter());
        let others = kept.iter().enumerate().filter(|(number, _)| *number != at);
        let others = identities(&mut others.map(|(_, other)| other));
        let is_needed = one
            .places
            .iter()
            .take(MOST_ASKED)
            .filter_map(|(document, path)| by_place.get(&(document.as_str(), path.as_str())))
            .flatten()
            .filter(|text| text.left.contains(&one.left) && text.right.contains(&one.right))
            .any(|text| {
                // A text that all of them together do not explain is no evidence about one.
                !others.agree(&text.left, &text.right) || !all.agree(&text.left, &text.right)
            });
        if is_needed {
            at += 1;
        } else {
            kept.remove(at);
        }
    }
    kept
}

/// Candidate that explains most of the rest.
struct Best<'c> {
    words: &'c (String, String),
    kind: IdentityKind,
    spots: BTreeSet<Spot>,
}

fn best<'c>(
    candidates: &'c BTreeMap<(String, String), Candidate>,
    explained: &BTreeSet<Spot>,
    stand: &mut BTreeMap<(String, String), bool>,
    (pair, texts): (&PairOfTexts, &[&DifferingText]),
) -> Option<Best<'c>> {
    let mut ranked: Vec<_> = candidates
        .iter()
        .filter_map(|(words, candidate)| {
            let (kind, need, way) = candidate.kind?;
            let spots = candidate
                .spots
                .iter()
                .filter(|spot| !explained.contains(spot));
            let left = spots.count();
            let length = words.0.len() + words.1.len();
            // The rank is the same in both directions.
            let unordered = (
                words.0.as_str().min(&words.1),
                words.0.as_str().max(&words.1),
            );
            (left > 0).then_some((
                std::cmp::Reverse(left),
                kind,
                way,
                length,
                unordered,
                words,
                need,
            ))
        })
        .collect();
    ranked.sort_by(|one, two| {
        (one.0, one.1, one.2, one.3, one.4, one.5).cmp(&(two.0, two.1, two.2, two.3, two.4, two.5))
    });
    let (_, kind, _, _, _, words, _) =
        ranked.into_iter().find(|(_, kind, _, _, _, words, need)| {
            if let Some(known) = stand.get(*words) {
                return *known;
            }
            let is_supported = stand.len() < MOST_ASKED
                && candidates.get(*words).is_some_and(|candidate| {
                    let claim = Claim {
                        left: &words.0,
                        right: &words.1,
                        kind: *kind,
                        need: *need,
                        texts: candidate
                            .spots
                            .iter()
                            .filter_map(|(number, _)| texts.get(*number).copied())
                            .collect(),
                    };
                    (*need == Need::Convention || is_apart(&words.0, &words.1, texts))
                        && evidence::is_supported(&claim, pair, texts)
                });
            stand.insert((*words).clone(), is_supported);
            is_supported
        })?;
    let spots = &candidates.get(words)?.spots;
    Some(Best {
        words,
        kind,
        spots: spots.difference(explained).copied().collect(),
    })
}

fn places(numbers: &BTreeSet<usize>, texts: &[&DifferingText]) -> BTreeSet<(String, String)> {
    let texts = numbers.iter().filter_map(|number| texts.get(*number));
    texts
        .map(|text| (text.document.clone(), text.path.clone()))
        .collect()
}

/// Returns all candidates, within the limit of work.
fn gathered(pair: &PairOfTexts, texts: &[&DifferingText]) -> BTreeMap<(String, String), Candidate> {
    let mut candidates: BTreeMap<(String, String), Candidate> = BTreeMap::new();
    let mut work = 0_usize;
    for (number, text) in texts.iter().enumerate() {
        work = work.saturating_add(text.left.len().saturating_mul(text.right.len()));
        if work > MOST_WORK {
            break;
        }
        let Some(parts) = cores::parts(&text.left, &text.right) else {
            continue;
        };
        let open: Vec<usize> = (0..parts.len())
            .filter(|at| parts.get(*at).is_some_and(|part| is_open(part, pair)))
            .collect();
        for at in open.iter().take(MOST_PARTS) {
            for core in cores::cores(&parts, *at) {
                add(&mut candidates, pair, text, number, &core, &open);
            }
        }
    }
    candidates
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

/// Whether each value occurs in its own environment only. A value that both have, at any place, distinguishes nothing:
/// a list of the same hosts in another order.
fn is_apart(left: &str, right: &str, texts: &[&DifferingText]) -> bool {
    let has = |text: &str, value: &str| {
        text.match_indices(value)
            .any(|(at, found)| is_separate(text, at, found))
    };
    texts.iter().all(|text| {
        (left.contains(right) || !has(&text.left, right))
            && (right.contains(left) || !has(&text.right, left))
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
        Need::Convention | Need::One => true,
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

/// Whether a part differs in more than the names of the environments.
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
