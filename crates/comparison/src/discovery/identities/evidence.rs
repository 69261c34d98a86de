//! Weighs a proposal against contradictions.
//!
//! Different texts that differ by it are evidence for a proposal. Evidence against it shows that its two values do not
//! belong to one environment each: a value that the other environment has as well, and a value that corresponds to
//! several of the other side. A proposal is accepted if there is more evidence for it than against it; one whose values
//! share nothing needs more than one text, and no evidence against it.

use std::collections::BTreeSet;

use super::common;
use super::forms::Need;
use super::{DifferingText, IdentityKind, PairOfTexts, alike};
use crate::identity::{hosts, is_separate};

/// Proposal, with the texts that support it.
pub(super) struct Claim<'c> {
    pub(super) left: &'c str,
    pub(super) right: &'c str,
    pub(super) kind: IdentityKind,
    pub(super) need: Need,
    pub(super) texts: Vec<&'c DifferingText>,
}

/// Whether a proposal is accepted.
pub(super) fn is_supported(
    claim: &Claim<'_>,
    pair: &PairOfTexts,
    texts: &[&DifferingText],
) -> bool {
    // Conventional names of two environments are accepted with any other evidence.
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
        // A name that is only added is reported as such, and one place of it proves nothing more; but a label before a
        // domain means that everything below belongs to the environment.
        alike::Likeness::Addition if !claim.is_label_before_domain() => {
            supporting.len() > 1 && supporting.len() > against
        }
        alike::Likeness::Addition | alike::Likeness::Some => supporting.len() > against,
    }
}

/// Counts the different contradictions of a proposal.
fn against(claim: &Claim<'_>, pair: &PairOfTexts, texts: &[&DifferingText]) -> usize {
    let mut found: BTreeSet<(bool, &str)> = BTreeSet::new();
    let has_own_contradiction = |theirs: &str, own: &str| claim.is_wide() || !own.contains(theirs);
    for (is_left, said, own, theirs) in [
        (true, &pair.said.0, claim.left, claim.right),
        (false, &pair.said.1, claim.right, claim.left),
    ] {
        // `app` is part of `app-staging`, and may well occur alone beside it.
        if !has_own_contradiction(theirs, own) {
            continue;
        }
        for (line, range) in said.find(theirs) {
            let is_there = is_separate(line, range.start, theirs)
                && !is_covered(line, &range, own)
                // A text that names both names every environment.
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
            if !has_own_contradiction(own, theirs) {
                continue;
            }
            let is_here = this.match_indices(own).any(|(at, _)| {
                let end = at + own.len();
                let token = this.get(hosts::around(this, at, end)).unwrap_or("");
                is_separate(this, at, own)
                    && !is_covered(this, &(at..end), theirs)
                    // Values that both sides have are already counted.
                    && !other.contains(token)
            });
            if is_here && !other.contains(theirs) {
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

    /// Whether values are nested below a value: a domain, an account.
    fn is_wide(&self) -> bool {
        matches!(
            self.kind,
            IdentityKind::Domain | IdentityKind::Account | IdentityKind::Address
        )
    }
}

/// Whether a byte range of a text lies within a value.
fn is_covered(text: &str, range: &std::ops::Range<usize>, value: &str) -> bool {
    text.match_indices(value)
        .any(|(at, found)| at <= range.start && range.end <= at + found.len())
}

/// Whether a text contains a value outside of another one.
fn has(text: &str, value: &str, other: &str) -> bool {
    text.match_indices(value).any(|(at, found)| {
        is_separate(text, at, found) && !is_covered(text, &(at..at + found.len()), other)
    })
}
