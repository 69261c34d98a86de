//! Environment words, in the order of promotion, and regions beside them.
//!
//! A word counts only as a whole token; see [`super::tokens`]. A weak word has other common uses (`test`, `live`): it
//! names an environment only beside a clear one, at the same place of another path.

/// Role of an environment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Development and experiments; rarely production-like.
    Early,
    /// Production-like.
    Staging,
    /// In use by users.
    Production,
}

/// One environment with all its names.
pub(crate) struct Word {
    pub(crate) role: Role,
    clear: &'static [&'static str],
    weak: &'static [&'static str],
}

const fn word(role: Role, clear: &'static [&'static str], weak: &'static [&'static str]) -> Word {
    Word { role, clear, weak }
}

/// In the order of promotion.
pub(crate) const WORDS: &[Word] = &[
    word(Role::Early, &[], &["local", "localhost"]),
    word(Role::Early, &["sbx"], &["sandbox"]),
    word(Role::Early, &["dev", "devel", "development"], &["develop"]),
    word(Role::Early, &[], &["int", "integration"]),
    word(Role::Early, &["tst"], &["test", "testing"]),
    word(Role::Early, &["qa"], &[]),
    word(Role::Early, &[], &["demo"]),
    word(Role::Staging, &[], &["preview"]),
    word(Role::Staging, &["nonprod", "nonproduction"], &[]),
    word(Role::Staging, &["uat"], &[]),
    word(Role::Staging, &[], &["acceptance", "accept", "acc"]),
    word(Role::Staging, &["staging", "stg"], &["stage", "stag"]),
    word(Role::Staging, &["preprod", "preproduction"], &["preprd"]),
    word(Role::Staging, &[], &["beta"]),
    word(Role::Staging, &[], &["canary"]),
    word(Role::Production, &["production", "prod", "prd"], &["live"]),
];

/// Index of production in [`WORDS`].
pub(crate) const PRODUCTION: usize = WORDS.len() - 1;

/// Word for all environments below production, such as an account or a cluster; used together with a closer name.
const BELOW_PRODUCTION: &str = "nonprod";

/// Returns the word with a spelling (lower case, without hyphens), and whether it is clear.
pub(crate) fn find(spelling: &str) -> Option<(usize, bool)> {
    WORDS.iter().enumerate().find_map(|(number, word)| {
        if word.clear.contains(&spelling) {
            Some((number, true))
        } else {
            word.weak.contains(&spelling).then_some((number, false))
        }
    })
}

/// Returns the spellings of a word that are rarely used for anything else.
pub(crate) fn clear_spellings(word: usize) -> &'static [&'static str] {
    WORDS.get(word).map_or(&[], |word| word.clear)
}

/// Whether it covers all environments below production.
pub(crate) fn is_below_production(word: usize) -> bool {
    WORDS
        .get(word)
        .is_some_and(|word| word.clear.contains(&BELOW_PRODUCTION))
}

/// Environments beside production for some users or for a limited time: intentionally much smaller, so they would hide
/// differences between staging and production.
const PARTIAL: &[&str] = &["preview", "beta", "canary"];

/// Whether it is a partial or temporary production.
pub(crate) fn is_partial(word: usize) -> bool {
    WORDS.get(word).is_some_and(|word| {
        let spellings = || word.clear.iter().chain(word.weak);
        spellings().any(|spelling| PARTIAL.contains(spelling))
    })
}

/// Environments where releases are tested before production, among other uses.
const REHEARSALS: &[&str] = &["qa"];

/// Whether releases are tested there before production, so that it may be production-like.
pub(super) fn is_rehearsal(word: usize) -> bool {
    WORDS.get(word).is_some_and(|word| {
        word.role == Role::Staging
            || word
                .clear
                .iter()
                .chain(word.weak)
                .any(|spelling| REHEARSALS.contains(spelling))
    })
}

/// Returns the role of an environment.
pub(crate) fn role(word: usize) -> Role {
    WORDS.get(word).map_or(Role::Early, |word| word.role)
}

/// First words of names in two parts: `pre-prod`, `non-production`.
pub(crate) const PREFIXES: &[&str] = &["pre", "non"];

const AREAS: &[&str] = &[
    "us",
    "eu",
    "ap",
    "ca",
    "sa",
    "me",
    "af",
    "il",
    "cn",
    "mx",
    "asia",
    "europe",
    "africa",
    "australia",
    "northamerica",
    "southamerica",
];

const COMPASS: &[&str] = &[
    "east",
    "west",
    "north",
    "south",
    "central",
    "northeast",
    "southeast",
    "northwest",
    "southwest",
];

const SHORT: &[&str] = &[
    "us", "eu", "uk", "ap", "ca", "de", "fr", "nl", "au", "jp", "sg", "br", "in", "na", "apac",
    "emea", "amer", "americas", "latam", "asia", "europe", "anz", "global",
];

const GLUED: &[&str] = &[
    "euw",
    "eun",
    "eus",
    "euc",
    "use",
    "usw",
    "usc",
    "aps",
    "apse",
    "apne",
    "cac",
    "sae",
    "westeurope",
    "northeurope",
    "eastus",
    "westus",
    "centralus",
    "uksouth",
    "ukwest",
    "eastasia",
    "southeastasia",
    "westus2",
    "francecentral",
    "germanywestcentral",
    "canadacentral",
    "australiaeast",
    "japaneast",
];

const SIBLINGS: &[&str] = &["blue", "green", "primary", "secondary", "dr"];

fn is_number(token: &str) -> bool {
    !token.is_empty() && token.len() <= 3 && token.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether tokens (lower case) name a region, a colour or a number, which distinguish siblings.
pub(crate) fn is_sibling(tokens: &[&str]) -> bool {
    match tokens {
        [only] => is_number(only) || SIBLINGS.contains(only) || is_region(tokens),
        _ => is_region(tokens),
    }
}

/// Whether tokens (lower case) name a region: `eu`, `us-east-1`, `euw1`, `westeurope`.
pub(crate) fn is_region(tokens: &[&str]) -> bool {
    match tokens {
        [only] => SHORT.contains(only) || GLUED.contains(only) || COMPASS_CODES.contains(only),
        [area, rest @ ..] if AREAS.contains(area) => {
            let rest = match rest {
                ["gov", rest @ ..] => rest,
                rest => rest,
            };
            match rest {
                [compass] => COMPASS.contains(compass) || is_number(compass),
                [compass, number] => COMPASS.contains(compass) && is_number(number),
                [compass, number, zone] => {
                    COMPASS.contains(compass) && is_number(number) && zone.len() == 1
                }
                _ => false,
            }
        }
        [code, number] => GLUED.contains(code) && is_number(number),
        _ => false,
    }
}

/// Codes of datacentre regions without a digit.
const COMPASS_CODES: &[&str] = &["useast", "uswest", "eucentral", "euwest", "apsoutheast"];

#[cfg(test)]
mod tests {
    use super::{PRODUCTION, Role, find, is_region, is_sibling, role};

    #[test]
    fn words_are_recognised_by_every_spelling_and_in_order() {
        let order = ["dev", "qa", "uat", "stg", "preprod", "canary", "prd"];
        let places: Vec<usize> = order.iter().map(|word| find(word).unwrap().0).collect();
        assert!(places.is_sorted(), "{places:?}");
        assert_eq!(find("live"), Some((PRODUCTION, false)));
        assert_eq!(role(find("stage").unwrap().0), Role::Staging);
        assert_eq!(find("products"), None);
        assert_eq!(find("staged"), None);
    }

    #[test]
    fn regions_and_siblings_are_recognised() {
        assert!(is_region(&["us", "east", "1"]));
        assert!(is_region(&["us", "gov", "west", "1"]));
        assert!(is_region(&["euw", "1"]));
        assert!(is_region(&["eu"]));
        assert!(!is_region(&["app"]) && !is_region(&["7"]) && !is_region(&[]));
        assert!(is_sibling(&["2"]) && is_sibling(&["blue"]));
        assert!(!is_sibling(&["2024"]) && !is_sibling(&["api"]));
    }
}
