//! Keeps the identities by which something becomes equal.
//!
//! One that explains a part of a text whose rest differs anyway changes nothing now, and may hide a difference later.
//! Domains and accounts stay: where one environment mentions the other's, they tell.

use super::{IdentityKind, PairOfTexts, ProposedIdentity, lines};
use crate::comparison::{Identities, Identity};

/// Most texts of a pair that are tried for one identity.
const MOST_TRIED: usize = 2_000;

/// Takes out the identities without which as much is equal, those with the fewest places first.
pub(super) fn keep(found: &mut Vec<ProposedIdentity>, pairs: &[PairOfTexts]) {
    let mut order: Vec<usize> = (0..found.len()).collect();
    order.sort_by_key(|number| found.get(*number).map_or(0, |one| one.places));
    let mut kept = vec![true; found.len()];
    for number in order {
        let Some(one) = found.get(number) else {
            continue;
        };
        if matches!(one.kind, IdentityKind::Domain | IdentityKind::Account) {
            continue;
        }
        if !pairs
            .iter()
            .any(|pair| is_needed(number, found, &kept, pair))
            && let Some(kept) = kept.get_mut(number)
        {
            *kept = false;
        }
    }
    let mut kept = kept.into_iter();
    found.retain(|_| kept.next().unwrap_or(true));
}

/// Whether some text of a pair is equal with an identity and not without it.
fn is_needed(number: usize, found: &[ProposedIdentity], kept: &[bool], pair: &PairOfTexts) -> bool {
    let value = |one: &ProposedIdentity| {
        let (left, right) = (one.values.get(&pair.left)?, one.values.get(&pair.right)?);
        Some((left.clone(), right.clone()))
    };
    let Some((left, right)) = found.get(number).and_then(value) else {
        return false;
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
    let (left, right) = (left.to_lowercase(), right.to_lowercase());
    lines::of(&pair.texts)
        .iter()
        .filter(|text| {
            text.left.to_lowercase().contains(&left) && text.right.to_lowercase().contains(&right)
        })
        .take(MOST_TRIED)
        .any(|text| with.agree(&text.left, &text.right) && !without.agree(&text.left, &text.right))
}
