//! Moved values, and texts that are compared line by line.

use std::collections::{HashMap, HashSet};

use super::super::disagreement::Matter;
use super::super::{Which, lines};
use super::{Trail, Walk};
use evenkeel_document::{Document, Node};

impl<'n> Walk<'n, '_> {
    /// Pairs a value that only one side has with an equal one elsewhere that only the other has, if it is large enough
    /// to recognise and unique on each side.
    pub(super) fn moves(&mut self) {
        const LARGE_ENOUGH: usize = 3;
        let (lefts, rights) = std::mem::take(&mut self.only);
        if lefts.is_empty() || rights.is_empty() {
            return;
        }
        let likeness = self.likeness();
        let digests = |all: &[(usize, &Node)], which| {
            let mut by_digest: HashMap<u64, Vec<usize>> = HashMap::new();
            for (number, node) in all {
                if node.leaves() >= LARGE_ENOUGH {
                    by_digest
                        .entry(likeness.digest(node, which))
                        .or_default()
                        .push(*number);
                }
            }
            by_digest
        };
        let (ones, twos) = (digests(&lefts, Which::Left), digests(&rights, Which::Right));
        let mut gone: Vec<usize> = Vec::new();
        for (digest, one) in &ones {
            let ([one], Some([two])) = (one.as_slice(), twos.get(digest).map(Vec::as_slice)) else {
                continue;
            };
            let Some((to, right)) = self
                .found
                .get_mut(*two)
                .map(|other| (other.path.clone(), other.right.take()))
            else {
                continue;
            };
            if let Some(moved) = self.found.get_mut(*one) {
                moved.right = right;
                moved.matter = Matter::Moved(to);
                gone.push(*two);
            }
        }
        gone.sort_unstable();
        let mut number = 0;
        self.found.retain(|_| {
            let keep = gone.binary_search(&number).is_err();
            number += 1;
            keep
        });
    }

    pub(super) fn lines(&mut self, left: &'n Document, right: &'n Document) {
        let above = self.path();
        let is_set = self.rules.is_set(&above);
        let identities = &self.rules.identities;
        lines::compare(left, right, identities, &above, is_set, &mut self.found);
        // A line that both have is shared and belongs to no environment.
        let texts = |document: &'n Document| -> HashSet<&'n str> {
            let named = lines::named(document);
            named
                .into_iter()
                .filter_map(|(_, line, _)| line.as_scalar())
                .map(|scalar| scalar.text.trim())
                .collect()
        };
        let may_mention = self.foreign.0 || self.foreign.1;
        let others = if may_mention {
            (texts(right), texts(left))
        } else {
            Default::default()
        };
        for (document, which, others) in [
            (left, Which::Left, &others.0),
            (right, Which::Right, &others.1),
        ] {
            for (step, line, is_secret) in lines::named(document) {
                let is_shared = line
                    .as_scalar()
                    .is_some_and(|scalar| others.contains(scalar.text.trim()));
                let under = is_secret.then(|| self.under().argument());
                self.trail.push(Trail::Element(step, under));
                self.pass();
                if !is_shared {
                    self.mentions(line, which);
                }
                self.trail.pop();
            }
        }
    }
}
