//! Names of an environment in texts: its name, other spellings, and additions of the name.
//!
//! `Shop (staging)`, `noreply+staging@example.org` and `shop-staging` correspond to `Shop`, `noreply@example.org` and
//! `shop` in an environment that adds no name.

use super::Which;
use crate::{tokens, words};

/// Names of each of two environments that the other does not share, in lower case.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    left: Vec<String>,
    right: Vec<String>,
}

/// Maximum number of characters on one side of a name that belong to its addition: ` (staging)`, `STAGING - `.
const MOST_AROUND: usize = 3;

/// Minimum length of a name recognised at the end of a word: `shopstaging`.
const LONG_ENOUGH: usize = 5;

impl Names {
    /// Adds the names of the two environments.
    pub(super) fn add(&mut self, left: &str, right: &str) {
        let families = |name: &str| -> Vec<usize> {
            tokens::marks(name).iter().map(|mark| mark.word).collect()
        };
        let (lefts, rights) = (families(left), families(right));
        let all = |name: &str, own: &[usize], other: &[usize]| -> Vec<String> {
            let shared = own.iter().filter(|word| !other.contains(word));
            shared
                .flat_map(|word| words::clear_spellings(*word))
                .map(|spelling| (*spelling).to_owned())
                .chain(std::iter::once(name.to_lowercase()))
                .collect()
        };
        self.left.extend(all(left, &lefts, &rights));
        self.right.extend(all(right, &rights, &lefts));
        for names in [&mut self.left, &mut self.right] {
            names.retain(|name| name.len() > 1);
            names.sort_by_key(|name| std::cmp::Reverse(name.len()));
            names.dedup();
        }
        let rights = self.right.clone();
        self.right.retain(|name| !self.left.contains(name));
        self.left.retain(|name| !rights.contains(name));
    }

    pub(super) fn of(&self, which: Which) -> &[String] {
        match which {
            Which::Left => &self.left,
            Which::Right => &self.right,
        }
    }

    /// Whether a text may contain a name of an environment: a quick check.
    pub(super) fn is_there(&self, text: &str, which: Which) -> bool {
        self.of(which).iter().any(|name| contains(text, name))
    }

    /// Whether a text contains a name of an environment as a word.
    pub(super) fn is_in(&self, text: &str, which: Which) -> bool {
        self.find(text, which).is_some()
    }

    /// Returns the range of the first name of an environment that is a word of a text.
    pub(super) fn find(&self, text: &str, which: Which) -> Option<std::ops::Range<usize>> {
        let lower = text.to_ascii_lowercase();
        self.of(which)
            .iter()
            .flat_map(|name| lower.match_indices(name.as_str()))
            .map(|(at, name)| at..at + name.len())
            .filter(|range| super::word::is_separate(text, range.start, part(text, range)))
            .filter(|range| is_edge(text, range.start, true) && is_edge(text, range.end, false))
            .min_by_key(|range| range.start)
    }

    /// Returns the positions after an addition that starts here: the name with its separators.
    pub(super) fn additions(&self, text: &str, at: usize, which: Which) -> Vec<usize> {
        let mut ends = Vec::new();
        let is_around = |each: char| !each.is_alphanumeric() && each != '\n';
        let around = |from: usize| {
            let rest = text.get(from..).unwrap_or("").chars();
            let mut end = from;
            let mut all = vec![from];
            for each in rest.take(MOST_AROUND).take_while(|each| is_around(*each)) {
                end += each.len_utf8();
                all.push(end);
            }
            all
        };
        for start in around(at) {
            // A region belongs to the name: `(eu-staging)`.
            let from = start + region(text, start);
            for name in self.of(which) {
                let to = from + name.len();
                let is_there = text
                    .get(from..to)
                    .is_some_and(|found| found.eq_ignore_ascii_case(name));
                if !is_there {
                    continue;
                }
                let is_whole = is_edge(text, start, true) && is_edge(text, to, false);
                // Attached to one neighbour, which is a word itself.
                let is_glued = name.len() >= LONG_ENOUGH
                    && (is_edge(text, start, true) && begins_with_word(text, to)
                        || is_edge(text, to, false) && ends_with_word(text, start));
                if is_whole || is_glued {
                    ends.extend(around(to));
                }
            }
        }
        ends
    }
}

/// Whether a text contains a lower-case word, in any case.
fn contains(text: &str, word: &str) -> bool {
    let (text, word) = (text.as_bytes(), word.as_bytes());
    let Some(first) = word.first() else {
        return false;
    };
    text.iter().enumerate().any(|(at, byte)| {
        byte.to_ascii_lowercase() == *first
            && text
                .get(at..at + word.len())
                .is_some_and(|part| part.eq_ignore_ascii_case(word))
    })
}

fn part<'t>(text: &'t str, range: &std::ops::Range<usize>) -> &'t str {
    text.get(range.clone()).unwrap_or("")
}

/// Returns the length of a region's name at a position, with the separator after it.
fn region(text: &str, at: usize) -> usize {
    const LONGEST: usize = 16;
    let rest = text.get(at..).unwrap_or("");
    let end = rest
        .find(['-', '_', '.', ' '])
        .filter(|end| *end <= LONGEST);
    end.filter(|end| {
        let word = rest.get(..*end).unwrap_or("").to_ascii_lowercase();
        words::is_region(&[word.as_str()])
    })
    .map_or(0, |end| end + 1)
}

/// Minimum length of a word that a name is attached to.
const SHORTEST_WORD: usize = 3;

fn begins_with_word(text: &str, at: usize) -> bool {
    let rest = text.get(at..).unwrap_or("").chars();
    rest.take_while(|each| each.is_alphanumeric()).count() >= SHORTEST_WORD
}

fn ends_with_word(text: &str, at: usize) -> bool {
    let before = text.get(..at).unwrap_or("").chars().rev();
    before.take_while(|each| each.is_alphanumeric()).count() >= SHORTEST_WORD
}

/// Whether a word starts or ends at a position.
fn is_edge(text: &str, at: usize, is_start: bool) -> bool {
    let before = text.get(..at).and_then(|text| text.chars().next_back());
    let after = text.get(at..).and_then(|text| text.chars().next());
    let (Some(before), Some(after)) = (before, after) else {
        return true;
    };
    let outer = if is_start { before } else { after };
    !outer.is_alphabetic() || before.is_lowercase() && after.is_uppercase()
}

#[cfg(test)]
mod tests {
    use super::Names;
    use crate::Which;

    fn names(left: &str, right: &str) -> Names {
        let mut names = Names::default();
        names.add(left, right);
        names
    }

    #[test]
    fn an_environment_has_names_that_its_neighbour_lacks() {
        let two = names("staging", "production");
        assert!(two.is_in("a-stg-b", Which::Left) && two.is_in("PRD", Which::Right));
        assert!(!two.is_in("a-prod", Which::Left) && !two.is_in("upstaging", Which::Left));
        let siblings = names("eu-production", "us-production");
        assert!(!siblings.is_in("production", Which::Left));
        assert!(siblings.is_in("x-eu-production", Which::Left));
    }
}
