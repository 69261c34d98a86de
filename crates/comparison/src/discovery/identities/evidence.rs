//! Holds a proposal against what contradicts it.
//!
//! For a proposal are the different texts that differ by it. Against it is what shows that the two values do not belong to
//! one environment each: a value that the other environment has as well, and a value that stands for several of the other
//! side. A proposal stands where more is for it than against it; one whose values have nothing in common needs more than
//! one text, and may have nothing against it.

use std::collections::BTreeSet;

use super::common;
use super::forms::Need;
use super::{DifferingText, IdentityKind, PairOfTexts, alike};
use crate::identity::{hosts, stands_alone};

/// What is proposed, and the texts that are for it.
pub(super) struct Claim<'c> {
    pub(super) left: &'c str,
    pub(super) right: &'c str,
    pub(super) kind: IdentityKind,
    pub(super) need: Need,
    pub(super) texts: Vec<&'c DifferingText>,
}

/// Whether a proposal stands.
pub(super) fn stands(claim: &Claim<'_>, pair: &PairOfTexts, texts: &[&DifferingText]) -> bool {
    // What everybody calls two environments is theirs whatever else stands there.
    if claim.need == Need::Convention {
        return true;
    }
    if [claim.left, claim.right]
        .iter()
        .any(|value| common::is_everybodys(value, claim.kind))
    {
        return false;
    }
    let supporting: BTreeSet<(&str, &str)> = claim
        .texts
        .iter()
        .map(|text| (text.left.as_str(), text.right.as_str()))
        .collect();
    let likeness = alike::likeness(claim.left, claim.right, claim.kind, pair);
    let against = against(claim, pair, texts);
    match likeness {
        alike::Likeness::None => supporting.len() > 1 && against == 0,
        // A name that is only added is told as such, and one place of it proves nothing more: but a label before a domain
        // says that everything below belongs to the environment.
        alike::Likeness::Addition if !claim.is_label_before_domain() => {
            supporting.len() > 1 && supporting.len() > against
        }
        alike::Likeness::Addition | alike::Likeness::Some => supporting.len() > against,
    }
}

/// How many different things contradict a proposal.
fn against(claim: &Claim<'_>, pair: &PairOfTexts, texts: &[&DifferingText]) -> usize {
    let mut found: BTreeSet<(bool, &str)> = BTreeSet::new();
    let has_contradiction_of_its_own =
        |theirs: &str, own: &str| claim.is_wide() || !own.contains(theirs);
    for (is_left, said, own, theirs) in [
        (true, &pair.said.0, claim.left, claim.right),
        (false, &pair.said.1, claim.right, claim.left),
    ] {
        // `app` is in `app-staging`, and may well stand alone beside it.
        if !has_contradiction_of_its_own(theirs, own) {
            continue;
        }
        for (line, range) in said.find(theirs) {
            let is_there = stands_alone(line, range.start, theirs)
                && !is_covered(line, &range, own)
                // What names both names every environment.
                && !has(line, own, theirs);
            if is_there {
                let token = hosts::around(line, range.start, range.end);
                found.insert((is_left, line.get(token).unwrap_or(line)));
            }
        }
    }
    // One value for several of the other side.
    for text in texts {
        for (is_left, this, other, own, theirs) in [
            (true, &text.left, &text.right, claim.left, claim.right),
            (false, &text.right, &text.left, claim.right, claim.left),
        ] {
            if !has_contradiction_of_its_own(own, theirs) {
                continue;
            }
            let stands_here = this.match_indices(own).any(|(at, _)| {
                let end = at + own.len();
                let token = this.get(hosts::around(this, at, end)).unwrap_or("");
                stands_alone(this, at, own)
                    && !is_covered(this, &(at..end), theirs)
                    // What both have is counted already.
                    && !other.contains(token)
            });
            if stands_here && !other.contains(theirs) {
                found.insert((!is_left, other));
            }
        }
    }
    found.len()
}

impl Claim<'_> {
    /// Whether one value is the other with labels before it.
    fn is_label_before_domain(&self) -> bool {
        let is_below = |one: &str, other: &str| {
            one.strip_suffix(other)
                .is_some_and(|label| label.ends_with('.'))
        };
        self.kind == IdentityKind::Domain
            && (is_below(self.left, self.right) || is_below(self.right, self.left))
    }

    /// Whether a value has things below it that are its own: a domain, an account.
    fn is_wide(&self) -> bool {
        matches!(
            self.kind,
            IdentityKind::Domain | IdentityKind::Account | IdentityKind::Address
        )
    }
}

/// Whether bytes of a text lie within a value.
fn is_covered(text: &str, range: &std::ops::Range<usize>, value: &str) -> bool {
    text.match_indices(value)
        .any(|(at, found)| at <= range.start && range.end <= at + found.len())
}

/// Whether a text has a value in it outside of another one.
fn has(text: &str, value: &str, other: &str) -> bool {
    text.match_indices(value).any(|(at, found)| {
        stands_alone(text, at, found) && !is_covered(text, &(at..at + found.len()), other)
    })
}
