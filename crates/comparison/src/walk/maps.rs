//! Maps: comparison entry by entry, and renamed keys.

use std::collections::HashMap;
use std::sync::Arc;

use super::super::disagreement::Matter;
use super::super::identity::Way;
use super::super::path::Step;
use super::super::{Which, shown};
use super::surroundings::are_exchanged;
use super::{Trail, Walk, Why};
use evenkeel_document::Entry;
use evenkeel_document::sensitive::Within;

impl<'n> Walk<'n, '_> {
    pub(super) fn maps(&mut self, left: &'n [Entry], right: &'n [Entry]) {
        let under = self.under();
        let within = [under.within(left), under.within(right)];
        // Most maps have the same keys in the same order.
        let aligned = left.len() == right.len()
            && left.iter().zip(right).all(|(one, two)| one.key == two.key);
        if aligned {
            for (one, two) in left.iter().zip(right) {
                let under = Within::either(within, &one.key);
                self.trail.push(Trail::Key(&one.key, under));
                self.entries(one, two);
                self.trail.pop();
            }
            return;
        }
        let by_key: HashMap<&str, usize> = right
            .iter()
            .enumerate()
            .map(|(number, entry)| (&*entry.key, number))
            .collect();
        let mut taken = vec![false; right.len()];
        let mut counterpart: Vec<Option<usize>> = left
            .iter()
            .map(|entry| by_key.get(&*entry.key).copied())
            .collect();
        for number in counterpart.iter().flatten() {
            if let Some(taken) = taken.get_mut(*number) {
                *taken = true;
            }
        }
        self.renamed_keys(left, right, &mut counterpart, &mut taken);
        let alone = |(entry, is_alone): (&'n Entry, bool)| is_alone.then_some(entry);
        let lefts = left.iter().zip(counterpart.iter().map(Option::is_none));
        let rights = right.iter().zip(taken.iter().map(|taken| !taken));
        let lonely: [Vec<&Entry>; 2] = [
            lefts.filter_map(alone).collect(),
            rights.filter_map(alone).collect(),
        ];
        let is_root = self.is_root();
        let exchanged = are_exchanged(&lonely[0], &lonely[1], (left.len(), right.len()), is_root);
        let instead = |which: usize| {
            let other = lonely.get(which).and_then(|all| all.first());
            other
                .filter(|_| exchanged)
                .map(|entry| Arc::from(&*shown::name(&entry.key)))
        };
        for (one, number) in left.iter().zip(counterpart) {
            let under = Within::either(within, &one.key);
            self.trail.push(Trail::Key(&one.key, under));
            match number.and_then(|number| right.get(number)) {
                Some(two) => self.entries(one, two),
                None => {
                    self.only(&one.value, Some(one), Which::Left);
                    self.put_instead(instead(1));
                }
            }
            self.trail.pop();
        }
        for (two, taken) in right.iter().zip(taken) {
            if !taken {
                let under = Within::either(within, &two.key);
                self.trail.push(Trail::Key(&two.key, under));
                self.only(&two.value, Some(two), Which::Right);
                self.put_instead(instead(0));
                self.trail.pop();
            }
        }
    }

    /// Whether the walk is at the root of a file.
    fn is_root(&self) -> bool {
        self.trail
            .iter()
            .all(|step| matches!(step, Trail::Element(Step::Key(_), _)))
    }

    /// Sets the key that the other side has instead of the one found last.
    fn put_instead(&mut self, instead: Option<Arc<str>>) {
        if let Some(found) = self.found.last_mut()
            && matches!(found.matter, Matter::Only(_))
        {
            found.around.instead = instead;
        }
    }

    /// Compares two entries of one key.
    pub(super) fn entries(&mut self, one: &'n Entry, two: &'n Entry) {
        if one.key != two.key {
            self.mention_key(one, Which::Left);
            self.mention_key(two, Which::Right);
            self.renamed(one, two);
        }
        self.above.push((one.place, two.place));
        self.nodes(&one.value, &two.value);
        self.above.pop();
    }

    /// Compares two keys that are written differently and correspond.
    fn renamed(&mut self, one: &'n Entry, two: &'n Entry) {
        let identities = &self.rules.identities;
        if let Some(which) = identities.marked_on_one_side(&one.key, &two.key) {
            let sides = (self.key_side(one), self.key_side(two));
            self.found(Some(sides.0), Some(sides.1), Matter::Marked(which));
            return;
        }
        let keys = |_: &Self| (one.key.to_string(), two.key.to_string());
        self.counts_as_equal(keys, Why::Key);
    }

    /// Pairs keys that differ by identity values only, and keys with the environment's name added.
    pub(super) fn renamed_keys(
        &self,
        left: &[Entry],
        right: &[Entry],
        counterpart: &mut [Option<usize>],
        taken: &mut [bool],
    ) {
        const MOST_TRIED: usize = 65_536;
        let identities = &self.rules.identities;
        if identities.is_empty() {
            return;
        }
        let lonely: Vec<usize> = (0..left.len())
            .filter(|number| counterpart.get(*number) == Some(&None))
            .collect();
        let open: Vec<usize> = (0..right.len())
            .filter(|number| taken.get(*number) == Some(&false))
            .collect();
        if lonely.len().saturating_mul(open.len()) > MOST_TRIED {
            return;
        }
        for way in Way::ALL {
            for number in &lonely {
                let (Some(one), Some(None)) = (left.get(*number), counterpart.get(*number)) else {
                    continue;
                };
                let other = open.iter().copied().find(|there| {
                    taken.get(*there) == Some(&false)
                        && right
                            .get(*there)
                            .is_some_and(|two| identities.are_one(&one.key, &two.key, way))
                });
                if let (Some(there), Some(counterpart)) = (other, counterpart.get_mut(*number)) {
                    *counterpart = Some(there);
                    if let Some(taken) = taken.get_mut(there) {
                        *taken = true;
                    }
                }
            }
        }
    }
}
