//! Selection of the identities that make something equal.
//!
//! An identity that explains part of a text whose rest differs anyway changes nothing now and may hide a difference
//! later.

use super::{IdentityKind, PairOfTexts, ProposedIdentity, lines};
use crate::{Identities, Identity};

/// Maximum number of texts of a pair tried for one identity.
const MOST_TRIED: usize = 2_000;

/// Removes the identities without which as much is equal, those with the fewest places first.
pub(super) fn keep(found: &mut Vec<ProposedIdentity>, pairs: &[&PairOfTexts]) {
    let mut order: Vec<usize> = (0..found.len()).collect();
    order.sort_by_key(|number| found.get(*number).map_or(0, |one| one.places));
    let mut kept = vec![true; found.len()];
    for number in order {
        let Some(one) = found.get(number) else {
            continue;
        };
        let needed: Vec<Needed> = pairs
            .iter()
            .map(|pair| needed(number, found, &kept, pair))
            .collect();
        // A part of a single name is not a separate name: `web-prod` in `acme-web-prod`.
        let is_kept = match one.kind {
            IdentityKind::EnvironmentShort | IdentityKind::Domain | IdentityKind::Account => {
                needed.iter().any(|each| each.texts > 0)
            }
            _ => {
                needed.iter().map(|each| each.texts).sum::<usize>() > 1
                    || needed.iter().any(|each| each.is_whole)
            }
        };
        if let Some(kept) = kept.get_mut(number) {
            *kept = is_kept;
        }
    }
    let mut kept = kept.into_iter();
    found.retain(|_| kept.next().unwrap_or(true));
}

/// Texts that are equal only with an identity.
#[derive(Clone, Copy, Default)]
struct Needed {
    /// Number of texts.
    texts: usize,
    /// Whether one of them is exactly the identity's value.
    is_whole: bool,
}

fn needed(number: usize, found: &[ProposedIdentity], kept: &[bool], pair: &PairOfTexts) -> Needed {
    let value = |one: &ProposedIdentity| {
        let (left, right) = (one.values.get(&pair.left)?, one.values.get(&pair.right)?);
        Some((left.clone(), right.clone()))
    };
    let Some((left, right)) = found.get(number).and_then(value) else {
        return Needed::default();
    };
    let identities = |without: Option<usize>| {
        let names = (pair.left.to_string(), pair.right.to_string());
        let others = found.iter().enumerate().filter_map(|(each, one)| {
            (kept.get(each) == Some(&true) && Some(each) != without)
                .then(|| value(one))
                .flatten()
        });
        Identities::new(
            std::iter::once(names)
                .chain(others)
                .map(|(left, right)| Identity {
                    name: "x".into(),
                    left: left.into(),
                    right: right.into(),
                }),
        )
    };
    let (with, without) = (identities(None), identities(Some(number)));
    let is_network = found
        .get(number)
        .is_some_and(|one| one.kind == IdentityKind::Network);
    let (left, right) = (left.to_lowercase(), right.to_lowercase());
    let mut needed = Needed::default();
    for text in lines::of(&pair.texts)
        .iter()
        .filter(|text| {
            is_network
                || text.left.to_lowercase().contains(&left)
                    && text.right.to_lowercase().contains(&right)
        })
        .take(MOST_TRIED)
    {
        if with.agree(&text.left, &text.right) && !without.agree(&text.left, &text.right) {
            needed.texts += 1;
            needed.is_whole |= text.left.to_lowercase() == left;
        }
    }
    needed
}
