//! Differing parts of two texts, in whole words.

use std::ops::Range;

/// Returns the differing parts of two texts, without common words at the start and end. Words are runs of letters and
/// digits, so that `eu-west` and `us-west` give `eu` and `us`, and not `e` and `u`.
#[must_use]
pub fn substitution<'t>(left: &'t str, right: &'t str) -> (&'t str, &'t str) {
    let (one, two) = cores(left, right);
    (
        left.get(one).unwrap_or(left),
        right.get(two).unwrap_or(right),
    )
}

/// Returns the ranges of a substitution in two texts.
fn cores(left: &str, right: &str) -> (Range<usize>, Range<usize>) {
    let (lefts, rights) = (words(left), words(right));
    let before = lefts
        .iter()
        .zip(&rights)
        .take_while(|(one, two)| one == two)
        .count();
    let after = lefts
        .iter()
        .skip(before)
        .rev()
        .zip(rights.iter().skip(before).rev())
        .take_while(|(one, two)| one == two)
        .count();
    let core = |text: &str, words: &[&str]| {
        let length = |words: &[&str]| words.iter().map(|word| word.len()).sum::<usize>();
        let start = length(words.get(..before).unwrap_or_default());
        let end = text.len() - length(words.get(words.len() - after..).unwrap_or_default());
        start..end
    };
    (core(left, &lefts), core(right, &rights))
}

/// Returns two or three substitutions within texts that share words: `acme-web` and `shop-web-eu` differ like `acme-db`
/// and `shop-db-eu`. `None` for any other number.
pub(super) fn substitutions(left: &str, right: &str) -> Option<String> {
    const LONGEST: usize = 64;
    let (lefts, rights) = (words(left), words(right));
    if lefts.len().max(rights.len()) > LONGEST {
        return None;
    }
    let mut reported = String::from("texts");
    let (mut number, mut in_common) = (0, false);
    for operation in similar::capture_diff_slices(similar::Algorithm::Myers, &lefts, &rights) {
        let (old, new) = (operation.old_range(), operation.new_range());
        let (old, new) = (lefts.get(old)?, rights.get(new)?);
        if matches!(operation, similar::DiffOp::Equal { .. }) {
            in_common |= old
                .iter()
                .any(|word| word.len() > 1 && word.chars().all(char::is_alphabetic));
            continue;
        }
        number += 1;
        for words in [old, new] {
            reported.push(' ');
            reported.push_str(&words.concat());
        }
    }
    (in_common && matches!(number, 2 | 3)).then_some(reported)
}

/// Returns a specific substitution: a short one is extended to the next separator. `app:1.2.0` and `app:1.3.0` give the
/// versions, and not `2` and `3`.
pub(super) fn telling_substitution<'t>(left: &'t str, right: &'t str) -> (&'t str, &'t str) {
    const SHORT: usize = 3;
    let (one, two) = cores(left, right);
    if one.len().max(two.len()) >= SHORT {
        return substitution(left, right);
    }
    let is_separator = |each: char| {
        matches!(each, '/' | ':' | '@' | '=' | ',' | ';' | '"' | '\'') || each.is_whitespace()
    };
    let around = |text: &'t str, Range { start, end }: Range<usize>| {
        let before = text.get(..start).unwrap_or("");
        let after = text.get(end..).unwrap_or("");
        let from = before
            .char_indices()
            .rev()
            .find(|(_, each)| is_separator(*each))
            .map_or(0, |(at, each)| at + each.len_utf8());
        let to = after.find(is_separator).map_or(text.len(), |at| end + at);
        text.get(from..to).unwrap_or(text)
    };
    (around(left, one), around(right, two))
}

/// Splits a text into runs of letters and digits, and single other characters.
fn words(text: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut start = 0;
    for (at, each) in text.char_indices() {
        if !each.is_alphanumeric() {
            words.extend(text.get(start..at).filter(|word| !word.is_empty()));
            start = at + each.len_utf8();
            words.extend(text.get(at..start));
        }
    }
    words.extend(text.get(start..).filter(|word| !word.is_empty()));
    words
}

#[cfg(test)]
mod tests {
    use super::{substitution, substitutions, telling_substitution};

    #[test]
    fn a_substitution_is_returned_in_whole_words() {
        assert_eq!(substitution("eu-west", "us-west"), ("eu", "us"));
        assert_eq!(substitution("a.eu.b", "a.us.b"), ("eu", "us"));
        assert_eq!(substitution("a-b", "a-x-b"), ("", "x-"));
        assert_eq!(substitution("10s", "20s"), ("10s", "20s"));
        assert_eq!(substitution("", "é"), ("", "é"));
        assert_eq!(substitution("é-a", "ü-a"), ("é", "ü"));
    }

    #[test]
    fn a_short_substitution_is_extended_to_separators() {
        let reported = telling_substitution;
        assert_eq!(reported("r/app:1.2.0", "r/app:1.3.0"), ("1.2.0", "1.3.0"));
        assert_eq!(reported("a-x", "a-y"), ("a-x", "a-y"));
        assert_eq!(reported("eu-west", "us-east"), ("eu-west", "us-east"));
        assert_eq!(reported("", ""), ("", ""));
    }

    #[test]
    fn the_same_substitutions_around_other_words_are_one_cause() {
        let one = substitutions("acme-web", "shop-web-eu").unwrap();
        assert_eq!(substitutions("acme-db", "shop-db-eu"), Some(one.clone()));
        assert_ne!(substitutions("acme-db", "shop-db-us"), Some(one));
        // A single substitution is handled elsewhere; without common words there is none.
        assert_eq!(substitutions("acme-db", "shop-db"), None);
        assert_eq!(substitutions("a-1", "b-2"), None);
    }
}
