//! Index of patterns: finds the patterns that cover a path without trying each.
//!
//! Patterns without `*` are found by their steps; only those with `*` are tried one by one.

use std::collections::HashMap;

use super::path::{Path, Step};
use super::pattern::{Part, Pattern};

/// Maximum number of keys to look up for one path; beyond that, patterns are tried one by one.
const MOST_KEYS: usize = 64;

/// Patterns with a number each.
#[derive(Debug, Default)]
pub struct Index<'p> {
    patterns: Vec<(&'p Pattern, usize)>,
    /// Positions in `patterns`, by the key of each that is not wild.
    exact: HashMap<String, Vec<usize>>,
    /// Positions in `patterns` of those with `*`.
    wild: Vec<usize>,
}

impl<'p> Index<'p> {
    /// Adds a pattern with its number.
    pub fn insert(&mut self, pattern: &'p Pattern, number: usize) {
        let position = self.patterns.len();
        self.patterns.push((pattern, number));
        match key_of(pattern) {
            Some(key) => self.exact.entry(key).or_default().push(position),
            None => self.wild.push(position),
        }
    }

    /// Returns the numbers of all patterns that cover a path, in ascending order.
    #[must_use]
    pub fn covering(&self, path: &Path) -> Vec<usize> {
        let likely: Vec<usize> = match keys_of(path) {
            Some(keys) => {
                let exact = keys.iter().filter_map(|key| self.exact.get(key));
                exact.flatten().chain(&self.wild).copied().collect()
            }
            None => (0..self.patterns.len()).collect(),
        };
        let mut numbers: Vec<usize> = likely
            .into_iter()
            .filter_map(|position| self.patterns.get(position))
            .filter(|(pattern, _)| pattern.covers(path))
            .map(|(_, number)| *number)
            .collect();
        numbers.sort_unstable();
        numbers.dedup();
        numbers
    }
}

/// Returns the key of a pattern without `*`: its steps, with one name of each element.
fn key_of(pattern: &Pattern) -> Option<String> {
    if pattern.is_wild() {
        return None;
    }
    let mut key = String::new();
    for part in pattern.parts() {
        match part {
            Part::Key(name, _) => add(&mut key, 'k', &[name]),
            Part::Position(position) => add(&mut key, 'p', &[&position.to_string()]),
            Part::Element(names) => {
                let (name, value, _) = names.first()?;
                add(&mut key, 'e', &[name, value]);
            }
            Part::AnySteps | Part::AnyElement => return None,
        }
    }
    Some(key)
}

/// Returns the keys of all patterns that name a path: a pattern may use any name of an element.
fn keys_of(path: &Path) -> Option<Vec<String>> {
    let mut keys = vec![String::new()];
    for step in &path.steps {
        match step {
            Step::Key(name) => {
                for key in &mut keys {
                    add(key, 'k', &[name]);
                }
            }
            Step::Position(position) => {
                let position = position.to_string();
                for key in &mut keys {
                    add(key, 'p', &[&position]);
                }
            }
            Step::Element(names) => {
                if keys.len() * names.len() > MOST_KEYS {
                    return None;
                }
                keys = names
                    .iter()
                    .flat_map(|(name, value)| {
                        keys.iter().map(move |key| {
                            let mut key = key.clone();
                            add(&mut key, 'e', &[name, value]);
                            key
                        })
                    })
                    .collect();
            }
        }
    }
    Some(keys)
}

/// Adds a step to a key, with lengths, so that different steps never share a key.
fn add(key: &mut String, sort: char, texts: &[&str]) {
    key.push(sort);
    for text in texts {
        key.push_str(&text.len().to_string());
        key.push(':');
        key.push_str(text);
    }
}

#[cfg(test)]
mod tests {
    use super::{Index, Path, Pattern, Step};
    use proptest::prelude::*;
    use std::sync::Arc;

    fn step() -> impl Strategy<Value = Step> {
        let word = || prop::sample::select(vec!["a", "b", "a.b", "*", ""]);
        prop_oneof![
            word().prop_map(|key| Step::Key(key.into())),
            (0usize..2).prop_map(Step::Position),
            prop::collection::vec((word(), word()), 1..3).prop_map(|names| {
                let names = names
                    .iter()
                    .map(|(name, value)| (Arc::<str>::from(*name), Arc::<str>::from(*value)));
                Step::Element(names.collect())
            }),
        ]
    }

    fn written() -> impl Strategy<Value = String> {
        let part = prop::sample::select(vec![
            ".a",
            ".b",
            ".*",
            ".**",
            "[0]",
            "[1]",
            "[*]",
            "[a]",
            "[a=b]",
            "[b=a,a=b]",
            "[a=*]",
            ".\"a.b\"",
        ]);
        prop::collection::vec(part, 1..5)
            .prop_map(|parts| parts.concat().trim_start_matches('.').to_owned())
    }

    proptest! {
        #[test]
        fn exactly_the_covering_patterns_are_found(
            patterns in prop::collection::vec(written(), 0..12),
            steps in prop::collection::vec(step(), 1..4),
        ) {
            let path = Path { steps };
            let own = path.to_string();
            let patterns: Vec<Pattern> = patterns
                .iter()
                .chain([&own])
                .filter_map(|text| Pattern::parse(text).ok())
                .collect();
            let mut index = Index::default();
            for (number, pattern) in patterns.iter().enumerate() {
                index.insert(pattern, number);
            }
            let covering: Vec<usize> = (0..patterns.len())
                .filter(|number| patterns[*number].covers(&path))
                .collect();
            prop_assert_eq!(index.covering(&path), covering);
        }
    }

    #[test]
    fn an_element_of_very_many_names_is_found() {
        let names: Vec<(Arc<str>, Arc<str>)> = (0..100)
            .map(|number| (Arc::from(format!("n{number}")), Arc::from("x")))
            .collect();
        let path = Path {
            steps: vec![
                Step::Element(names.clone().into()),
                Step::Element(names.into()),
            ],
        };
        let pattern = Pattern::parse("[n7=x][n99=x]").unwrap();
        let mut index = Index::default();
        index.insert(&pattern, 3);
        assert_eq!(index.covering(&path), [3]);
    }
}
