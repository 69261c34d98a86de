//! Surroundings of a disagreement: its explanation, its siblings, and the key that the other side has instead.
//!
//! Only facts of the walk are recorded here; grouping by reason is left to the layers above.

use std::sync::Arc;

use super::super::Path;
use super::super::disagreement::{Matter, Surroundings};
use super::super::meaning::as_boolean_word;
use super::super::path::Step;
use super::{Trail, Walk, named};
use evenkeel_document::{Content, Entry, Node};

/// Enclosing map or list, on the first side.
#[derive(Clone, Copy)]
pub(super) enum Container<'n> {
    /// A map.
    Map(&'n [Entry]),
    /// A list.
    List(&'n [Node]),
}

/// Keys that switch everything beside them on or off.
const SWITCHES: &[&str] = &[
    "enabled",
    "enable",
    "Enabled",
    "isEnabled",
    "is_enabled",
    "active",
    "disabled",
    "create",
    "install",
];

/// Maximum number of examined siblings, on all levels.
const SIBLINGS: usize = 32;
const LEVELS: usize = 3;
/// Minimum number of siblings that must have the key.
const ENOUGH: usize = 2;

impl Walk<'_, '_> {
    /// Returns the surroundings of the current disagreement.
    pub(super) fn around(&self, path: &Path, matter: &Matter) -> Surroundings {
        // A difference at the exact place of a mention belongs to it.
        let mention = self.found.last().filter(|mention| {
            matches!(mention.matter, Matter::Foreign { .. })
                && !matches!(matter, Matter::Only(_))
                && mention.path == *path
        });
        Surroundings {
            explained_by: mention.map(|_| path.clone()),
            among: if self.rules.unplaced {
                None
            } else {
                self.among()
            },
            instead: None,
        }
    }

    /// Returns the pattern of the siblings' places, if at least two others have a value there.
    fn among(&self) -> Option<Arc<str>> {
        let length = self.trail.len();
        let levels = self.containers.iter().rev();
        let levels = levels.filter(|(depth, _)| depth + 2 <= length);
        for (depth, container) in levels.take(LEVELS) {
            let below = self.trail.get(depth + 1..)?;
            let own = self.trail.get(*depth)?;
            let has = |node: &Node| leads(node, below);
            let others = match (container, own) {
                (Container::Map(entries), Trail::Key(key, _)) => entries
                    .iter()
                    .filter(|entry| &*entry.key != *key)
                    .take(SIBLINGS)
                    .filter(|entry| has(&entry.value))
                    .take(ENOUGH)
                    .count(),
                (Container::List(items), Trail::Element(..)) => {
                    // One of them is the element itself, on the first side.
                    let all = items.iter().take(SIBLINGS).filter(|item| has(item));
                    all.take(ENOUGH + 1).count().saturating_sub(1)
                }
                _ => 0,
            };
            if others >= ENOUGH {
                return Some(self.pattern(*depth));
            }
        }
        None
    }

    /// Returns the current path with a wildcard at one step.
    fn pattern(&self, any: usize) -> Arc<str> {
        let mut text = String::new();
        for (number, step) in self.trail.iter().enumerate() {
            let step = match step {
                Trail::Key(..) if number == any => "*".to_owned(),
                Trail::Element(..) if number == any => "[*]".to_owned(),
                Trail::Key(key, _) => Step::Key(Arc::from(*key)).to_string(),
                Trail::Element(step, _) => named(step).to_string(),
            };
            if number > 0 && !step.starts_with('[') {
                text.push('.');
            }
            text.push_str(&step);
        }
        text.into()
    }

    /// Marks everything found since then, except the disagreement at that path, as explained by it.
    pub(super) fn explain(&mut self, since: usize, by: &Path) {
        for found in self.found.iter_mut().skip(since) {
            if found.path != *by || matches!(found.matter, Matter::Foreign { .. }) {
                found.around.explained_by = Some(by.clone());
            }
        }
    }

    /// Marks findings in two maps since then as explained by a switch, if they are all below a switch that is on in one
    /// of them.
    pub(super) fn explain_by_switch(&mut self, since: usize, left: &[Entry], right: &[Entry]) {
        if self.found.len() < since + 2 {
            return;
        }
        let state = |entries: &[Entry], wanted: &str| {
            let entry = entries.iter().find(|entry| &*entry.key == wanted)?;
            let scalar = entry.value.as_scalar()?;
            as_boolean_word(&scalar.text)
        };
        let switch = SWITCHES.iter().find(|key| {
            matches!((state(left, key), state(right, key)), (Some(one), Some(two)) if one != two)
        });
        if let Some(key) = switch {
            let path = self.path().with(Step::Key(Arc::from(*key)));
            self.explain(since, &path);
        }
    }
}

/// Whether steps lead to a value below a node.
fn leads(node: &Node, steps: &[Trail<'_>]) -> bool {
    let mut node = node;
    for step in steps {
        let next = match (step, &node.content) {
            (Trail::Key(key, _), Content::Map(_)) => node.get(key),
            (Trail::Element(Step::Element(names), _), Content::List(items)) => {
                items.iter().take(SIBLINGS).find(|item| {
                    names.iter().all(|(name, value)| {
                        let found = if name.is_empty() {
                            item.as_scalar()
                        } else {
                            item.get(name).and_then(Node::as_scalar)
                        };
                        found.is_some_and(|scalar| *scalar.text == **value)
                    })
                })
            }
            _ => None,
        };
        match next {
            Some(next) => node = next,
            None => return false,
        }
    }
    true
}

/// Whether each of two maps has exactly one key that the other lacks, as if one replaced the other: in a small map, or
/// with a common word, and no large value.
pub(super) fn are_exchanged(
    left: &[&Entry],
    right: &[&Entry],
    sizes: (usize, usize),
    is_root: bool,
) -> bool {
    const SMALL: usize = 8;
    const LEAVES: usize = 4;
    let ([one], [two]) = (left, right) else {
        return false;
    };
    let is_small = !is_root && sizes.0.max(sizes.1) <= SMALL;
    one.value.leaves() <= LEAVES
        && two.value.leaves() <= LEAVES
        && (is_small || shares_a_word(&one.key, &two.key))
}

/// Whether two keys start or end with the same word.
fn shares_a_word(one: &str, two: &str) -> bool {
    const LEAST: usize = 2;
    let words = |key: &str| -> Vec<String> {
        key.split(|each: char| !each.is_alphanumeric())
            .filter(|word| word.len() >= LEAST)
            .map(str::to_lowercase)
            .collect()
    };
    let (ones, twos) = (words(one), words(two));
    // A single word of each is a whole name, not a part of one.
    ones.len().max(twos.len()) > 1
        && (!ones.is_empty() && ones.first() == twos.first()
            || !ones.is_empty() && ones.last() == twos.last())
}
