//! Mentions of one environment in a text of the other.

use std::ops::Range;
use std::sync::Arc;

use super::word::{Word, is_separate, is_whole_name};
use super::{Identities, Which, hosts, network};

impl Identities {
    /// Returns an identity of the *other* environment that a text mentions: its name and value.
    #[must_use]
    pub fn foreign(&self, text: &str, which: Which) -> Option<(Arc<str>, Arc<str>)> {
        self.foreign_value(text, which)
            .or_else(|| self.foreign_address(text, which))
    }

    fn foreign_value(&self, text: &str, which: Which) -> Option<(Arc<str>, Arc<str>)> {
        let sides = |word: &Word| match which {
            Which::Left => (
                Arc::clone(&word.left),
                Arc::clone(&word.right),
                word.right_telling,
            ),
            Which::Right => (
                Arc::clone(&word.right),
                Arc::clone(&word.left),
                word.left_telling,
            ),
        };
        let mut own: Option<Vec<(usize, usize, bool)>> = None;
        for word in &self.all {
            let (_, theirs, telling) = sides(word);
            if !telling && !word.is_name_of_hosts(&theirs) {
                continue;
            }
            for (start, _) in text.match_indices(&*theirs) {
                let end = start + theirs.len();
                let is_there = if telling {
                    is_whole_name(text, start, end)
                } else {
                    hosts::is_within(text, start, end)
                };
                if !is_there {
                    continue;
                }
                let own = own.get_or_insert_with(|| {
                    self.all
                        .iter()
                        .flat_map(|word| {
                            let (ours, _, _) = sides(word);
                            let places: Vec<(usize, usize, bool)> = text
                                .match_indices(&*ours)
                                .filter(|(at, found)| is_separate(text, *at, found))
                                .map(|(at, found)| (at, at + found.len(), word.is_environment))
                                .collect();
                            places
                        })
                        .collect()
                });
                // A match within the environment's own value belongs to it, and so does a host that contains its
                // environment's name.
                let host = hosts::around(text, start, end);
                let is_own = own.iter().any(|(from, to, is_environment)| {
                    *from <= start && end <= *to
                        || *is_environment
                            && host.start <= *from
                            && *to <= host.end
                            && (*to <= start || end <= *from)
                });
                let is_own = is_own || self.is_abbreviated(text, host, start..end, which);
                if !is_own {
                    return Some((Arc::clone(&word.name), theirs));
                }
            }
        }
        None
    }

    /// Returns an address of one machine in the other environment's network.
    fn foreign_address(&self, text: &str, which: Which) -> Option<(Arc<str>, Arc<str>)> {
        if self.networks.is_empty() {
            return None;
        }
        let is_own = |address: u128| {
            self.networks.iter().any(|(_, left, right)| match which {
                Which::Left => left.contains(address),
                Which::Right => right.contains(address),
            })
        };
        network::addresses(text).find_map(|(address, range)| {
            // A range is likely a permitted source.
            if is_own(address)
                || text
                    .get(range.end..)
                    .is_some_and(|rest| rest.starts_with('/'))
            {
                return None;
            }
            let (name, ..) = self.networks.iter().find(|(_, left, right)| {
                let theirs = match which {
                    Which::Left => right,
                    Which::Right => left,
                };
                !theirs.is_vast() && theirs.contains(address)
            })?;
            Some((Arc::clone(name), text.get(range)?.into()))
        })
    }

    /// Returns the range of the other environment's name in the name of a bucket or database that does not contain its
    /// own environment's name.
    #[must_use]
    pub fn foreign_name(&self, text: &str, which: Which) -> Option<Range<usize>> {
        let other = match which {
            Which::Left => Which::Right,
            Which::Right => Which::Left,
        };
        let found = self.names.find(text, other)?;
        (!self.names.is_in(text, which)).then_some(found)
    }

    /// Whether a text contains the other environment's name as a word.
    pub(crate) fn names_other(&self, text: &str, which: Which) -> bool {
        self.names.is_in(text, which.other())
    }

    /// Whether a host name contains, beside the mention, a short form of the own environment's name: `stg-db`.
    fn is_abbreviated(
        &self,
        text: &str,
        host: Range<usize>,
        mention: Range<usize>,
        which: Which,
    ) -> bool {
        let Some((left, right)) = &self.environments else {
            return false;
        };
        let own = match which {
            Which::Left => left,
            Which::Right => right,
        };
        [host.start..mention.start, mention.end..host.end]
            .into_iter()
            .filter_map(|range| text.get(range))
            .flat_map(|part| part.split(|each: char| !each.is_alphanumeric()))
            .any(|word| is_short_for(word, own))
    }

    /// Whether an environment's name may be in a text: a quick check.
    pub(crate) fn may_name(&self, text: &str, which: Which) -> bool {
        self.names.is_there(text, which)
    }

    /// Whether a text of one environment may mention a value of the other: a quick check of a whole file.
    #[must_use]
    pub fn may_be_foreign(&self, text: &str, which: Which) -> bool {
        let is_value = self.all.iter().any(|word| match which {
            Which::Left => {
                (word.right_telling || word.is_name_of_hosts(&word.right))
                    && text.contains(&*word.right)
            }
            Which::Right => {
                (word.left_telling || word.is_name_of_hosts(&word.left))
                    && text.contains(&*word.left)
            }
        });
        is_value || self.foreign_address(text, which).is_some()
    }
}

/// Whether a word abbreviates a longer one: same first letter, and its letters occur in the same order.
fn is_short_for(word: &str, long: &str) -> bool {
    const SHORTEST: usize = 3;
    let mut letters = long.chars();
    (SHORTEST..long.len()).contains(&word.len())
        && word.chars().next() == long.chars().next()
        && word
            .chars()
            .all(|each| letters.any(|letter| letter == each))
}
