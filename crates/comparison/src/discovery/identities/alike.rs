//! Likeness of two values: two environments' names of one thing mostly share something.

use super::super::super::tokens::tokens;
use super::super::super::words;
use super::{IdentityKind, PairOfTexts, common, forms};
use crate::identity::Network;
use evenkeel_model::EnvironmentName;

/// How much two values share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Likeness {
    /// Too little to be two names of one thing.
    None,
    /// Much, or everything except the environment's name.
    Some,
    /// One value is the other plus its environment's name.
    Addition,
}

pub(super) fn likeness(
    left: &str,
    right: &str,
    kind: IdentityKind,
    pair: &PairOfTexts,
) -> Likeness {
    match kind {
        IdentityKind::Account => return Likeness::Some,
        IdentityKind::Network => {
            let bits = |text| Network::parse(text).map(Network::bits);
            return if bits(left) == bits(right) {
                Likeness::Some
            } else {
                Likeness::None
            };
        }
        IdentityKind::Address => return Likeness::None,
        _ => {}
    }
    let (own, marked) = rest(left, &pair.left);
    let (other, other_marked) = rest(right, &pair.right);
    if marked != other_marked && own == other {
        return Likeness::Addition;
    }
    if marked && other_marked && own.is_empty() && other.is_empty() {
        return Likeness::Some;
    }
    let weight = |words: &mut dyn Iterator<Item = &String>| words.map(String::len).sum::<usize>();
    let shared = weight(&mut own.iter().filter(|word| other.contains(word)));
    let all =
        weight(&mut own.iter()) + weight(&mut other.iter().filter(|word| !own.contains(word)));
    // At least half of all letters.
    if all > 0 && shared * 2 >= all {
        Likeness::Some
    } else {
        Likeness::None
    }
}

/// Returns the words of a value without the environment's name and a public suffix, and whether it contains that name.
fn rest(text: &str, environment: &EnvironmentName) -> (Vec<String>, bool) {
    let lower = text.to_lowercase();
    let mut value = lower.as_str();
    if forms::is_host(value) {
        while let Some((before, _)) = value.rsplit_once('.') {
            let suffix = lower.get(before.len() + 1..).unwrap_or("");
            if !common::is_public_suffix(suffix) {
                break;
            }
            value = before;
        }
    }
    let name = environment.as_str();
    let families: Vec<usize> = super::super::super::tokens::marks(name)
        .iter()
        .map(|mark| mark.word)
        .collect();
    let is_own = |word: &str| {
        word == name
            || words::find(word).is_some_and(|(family, _)| families.contains(&family))
            || name.split('-').any(|part| part == word)
    };
    let mut marked = false;
    let mut rest = Vec::new();
    for range in tokens(value) {
        let word = value.get(range).unwrap_or("");
        if is_own(word) {
            marked = true;
            continue;
        }
        // `acmestg`: a clear name at the end of a word.
        let glued = (3..word.len()).rev().find_map(|length| {
            let (head, tail) = (word.get(..length)?, word.get(length..)?);
            let (start, end) = (
                word.get(word.len() - length..)?,
                word.get(..word.len() - length)?,
            );
            if is_own(head) {
                Some(tail)
            } else if is_own(start) {
                Some(end)
            } else {
                None
            }
        });
        match glued {
            Some(part) => {
                marked = true;
                rest.push(part.to_owned());
            }
            None => rest.push(word.to_owned()),
        }
    }
    (rest, marked)
}

#[cfg(test)]
mod tests {
    use super::{IdentityKind, Likeness, PairOfTexts, likeness};
    use crate::Said;
    use evenkeel_model::EnvironmentName;

    #[test]
    fn names_that_share_half_of_their_letters_are_alike() {
        let pair = PairOfTexts {
            left: EnvironmentName::new("staging"),
            right: EnvironmentName::new("production"),
            texts: Vec::new(),
            said: (Said::default(), Said::default()),
        };
        for (left, right, expected) in [
            ("acme-staging", "acme_production", Likeness::Some),
            ("acmestg", "acmeprd", Likeness::Some),
            ("staging.example.org", "example.org", Likeness::Addition),
            ("acme-stg.com", "acme.com", Likeness::Addition),
            (
                "staging.notes.example.net",
                "notes.example.org",
                Likeness::Addition,
            ),
            ("shop-stg", "shop", Likeness::Addition),
            ("shop.example.net", "shop.example.org", Likeness::Some),
            ("oldsearchstaging.dev", "search.example.org", Likeness::None),
            (
                "newsroom-editor-mails-staging",
                "newsroom-urgent-alerts",
                Likeness::None,
            ),
            ("smtp.example.net", "shop.test", Likeness::None),
            ("blau", "gruen", Likeness::None),
            ("stg.shop.example.org", "example.org", Likeness::Some),
        ] {
            let found = likeness(left, right, IdentityKind::Name, &pair);
            assert_eq!(found, expected, "{left} {right}");
        }
    }
}
