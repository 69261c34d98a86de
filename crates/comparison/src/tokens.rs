//! Tokens of paths and names, and the environment words among them.
//!
//! A token is a run of letters or of digits. It ends at any other character, between letters and digits, and at the
//! hump of `camelCase`. So `products`, `reproduction` and `livecheck` contain no environment word.

use std::ops::Range;

use super::words;

/// Returns the ranges of a text's tokens.
pub(crate) fn tokens(text: &str) -> Vec<Range<usize>> {
    #[derive(Clone, Copy, PartialEq)]
    enum Class {
        Lower,
        Upper,
        Digit,
        Other,
    }
    let class = |each: char| {
        if each.is_numeric() {
            Class::Digit
        } else if each.is_uppercase() {
            Class::Upper
        } else if each.is_alphabetic() {
            Class::Lower
        } else {
            Class::Other
        }
    };
    let characters: Vec<(usize, Class)> = text
        .char_indices()
        .map(|(at, each)| (at, class(each)))
        .collect();
    let mut found: Vec<Range<usize>> = Vec::new();
    let mut start: Option<usize> = None;
    for (number, &(at, now)) in characters.iter().enumerate() {
        let before = number
            .checked_sub(1)
            .and_then(|number| characters.get(number))
            .map_or(Class::Other, |(_, class)| *class);
        let after = characters
            .get(number + 1)
            .map_or(Class::Other, |(_, class)| *class);
        let ends = match (before, now) {
            (Class::Other, _) => false,
            (_, Class::Other) => true,
            (Class::Digit, other) | (other, Class::Digit) => other != Class::Digit || before != now,
            (Class::Lower, Class::Upper) => true,
            // The last capital of `HTTPServer` begins the next word.
            (Class::Upper, Class::Upper) => after == Class::Lower,
            _ => false,
        };
        if ends && let Some(from) = start.take() {
            found.push(from..at);
        }
        if now != Class::Other && start.is_none() {
            start = Some(at);
        }
    }
    if let Some(from) = start {
        found.push(from..text.len());
    }
    found
}

/// Environment word in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    /// Range in bytes.
    pub(crate) range: Range<usize>,
    /// Spelling in lower case, with hyphens.
    pub(crate) spelling: String,
    /// Index in the table of words.
    pub(crate) word: usize,
    /// Whether it is rarely used for anything else.
    pub(crate) clear: bool,
}

/// Returns the environment words of a text, in order.
pub(crate) fn marks(text: &str) -> Vec<Mark> {
    let tokens = tokens(text);
    let part = |range: &Range<usize>| text.get(range.clone()).unwrap_or("").to_lowercase();
    let mut found: Vec<Mark> = Vec::new();
    let mut taken = 0;
    for (number, range) in tokens.iter().enumerate() {
        if number < taken {
            continue;
        }
        let own = part(range);
        if words::PREFIXES.contains(&own.as_str())
            && let Some(next) = tokens.get(number + 1)
        {
            let between = text.get(range.end..next.start).unwrap_or("");
            let joined = format!("{own}{}", part(next));
            if matches!(between, "" | "-" | "_" | ".")
                && let Some((word, clear)) = words::find(&joined)
            {
                let range = range.start..next.end;
                found.push(Mark {
                    spelling: hyphened(&part(&range)),
                    range,
                    word,
                    clear,
                });
                taken = number + 2;
                continue;
            }
        }
        if let Some((word, clear)) = words::find(&own) {
            found.push(Mark {
                range: range.clone(),
                spelling: own,
                word,
                clear,
            });
        }
    }
    found
}

/// Words beside which `staging` and `production` mean an environment of another service: an issuer of certificates.
const ELSEWHERE: &[&str] = &["letsencrypt", "acme", "issuer", "clusterissuer"];

/// Longest searched path, in bytes.
const LONGEST_PATH: usize = 1_024;

/// Maximum number of words of one path: with more, they are not environments.
const MOST_WORDS: usize = 16;

/// Returns the environment words of a path, without those of other services.
pub(crate) fn path_marks(path: &str) -> Vec<Mark> {
    if path.len() > LONGEST_PATH {
        return Vec::new();
    }
    let all = marks(path);
    if all.len() > MOST_WORDS {
        return Vec::new();
    }
    let segment = |at: usize| {
        let start = path
            .get(..at)
            .and_then(|before| before.rfind('/'))
            .map_or(0, |slash| slash + 1);
        path.get(start..)
            .and_then(|rest| rest.split('/').next())
            .unwrap_or("")
    };
    all.into_iter()
        .filter(|mark| {
            let segment = segment(mark.range.start).to_lowercase();
            let words = tokens(&segment);
            !words
                .into_iter()
                .filter_map(|range| segment.get(range))
                .any(|word| ELSEWHERE.contains(&word))
        })
        .collect()
}

/// Returns a text in lower case with a star in place of every environment word: the part that two environments share.
pub(crate) fn without_words(text: &str) -> String {
    let marks = marks(text);
    if marks.is_empty() {
        return text.to_lowercase();
    }
    replaced(text, marks.iter().map(|mark| mark.range.clone()), "*").to_lowercase()
}

/// Returns a text with replaced ranges, which are sorted and do not overlap.
pub(crate) fn replaced(text: &str, ranges: impl Iterator<Item = Range<usize>>, by: &str) -> String {
    let mut result = String::with_capacity(text.len());
    let mut at = 0;
    for range in ranges {
        result.push_str(text.get(at..range.start).unwrap_or(""));
        result.push_str(by);
        at = range.end;
    }
    result.push_str(text.get(at..).unwrap_or(""));
    result
}

/// Returns a text as a name: lower case, with one hyphen for each run of other characters than letters and digits.
pub(crate) fn hyphened(text: &str) -> String {
    let mut result = String::with_capacity(text.len());
    for each in text.chars() {
        if each.is_ascii_alphanumeric() {
            result.push(each.to_ascii_lowercase());
        } else if !result.is_empty() && !result.ends_with('-') {
            result.push('-');
        }
    }
    result.truncate(result.trim_end_matches('-').len());
    result
}

#[cfg(test)]
mod tests {
    use super::{hyphened, marks, tokens, without_words};

    fn words(text: &str) -> Vec<String> {
        marks(text).into_iter().map(|mark| mark.spelling).collect()
    }

    #[test]
    fn tokens_end_at_separators_humps_and_digits() {
        let parts = |text: &'static str| -> Vec<&str> {
            tokens(text).into_iter().map(|range| &text[range]).collect()
        };
        assert_eq!(parts("configStaging.json"), ["config", "Staging", "json"]);
        assert_eq!(parts("HTTPServer_v2"), ["HTTP", "Server", "v", "2"]);
        assert_eq!(parts("prod01-eu"), ["prod", "01", "eu"]);
        assert_eq!(parts("--"), Vec::<&str>::new());
        assert_eq!(parts("größe"), ["größe"]);
    }

    #[test]
    fn words_count_only_as_whole_tokens() {
        assert_eq!(words("deploy.staging.yml"), ["staging"]);
        assert_eq!(words("appsettings.Production.json"), ["production"]);
        assert_eq!(words("PROD_URL"), ["prod"]);
        assert_eq!(words("prod2.tfvars"), ["prod"]);
        assert_eq!(words("values-pre-prod.yaml"), ["pre-prod"]);
        assert_eq!(words("non_production/qa"), ["non-production", "qa"]);
        for text in [
            "products.yaml",
            "reproduction",
            "livecheck",
            "staged.yml",
            "prodigy",
            "latest",
        ] {
            assert!(words(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn very_long_paths_name_nothing() {
        assert!(super::path_marks(&"staging/".repeat(17)).is_empty());
        assert!(super::path_marks(&format!("{}/staging", "x".repeat(2_000))).is_empty());
        assert_eq!(super::path_marks(&"staging/".repeat(16)).len(), 16);
    }

    #[test]
    fn the_shared_text_has_stars() {
        assert_eq!(without_words("Staging-db"), "*-db");
        assert_eq!(hyphened(".env_Local--x."), "env-local-x");
    }
}
