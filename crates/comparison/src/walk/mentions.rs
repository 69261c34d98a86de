//! Where one environment's identity stands in the other's configuration.

use std::sync::Arc;

use super::super::disagreement::{Matter, Side};
use super::super::path::Step;
use super::super::{Which, shown};
use super::{Trail, Walk};
use evenkeel_document::{Content, Entry, Node, Scalar};

impl<'n> Walk<'n, '_> {
    /// Looks for the other environment in everything below a node.
    pub(super) fn mentions(&mut self, node: &'n Node, which: Which) {
        let wanted = match which {
            Which::Left => self.foreign.0,
            Which::Right => self.foreign.1,
        };
        if !wanted {
            return;
        }
        match &node.content {
            Content::Scalar(scalar) => self.mention(node, scalar, which, None),
            Content::List(items) => {
                for (number, item) in items.iter().enumerate() {
                    self.trail
                        .push(Trail::Element(Step::Position(number), None));
                    self.mentions(item, which);
                    self.trail.pop();
                }
            }
            Content::Map(entries) => {
                let within = self.under().within(entries);
                for entry in entries {
                    let under = within.entry(&entry.key);
                    self.trail.push(Trail::Key(&entry.key, under));
                    self.mention_key(entry, which);
                    self.mentions(&entry.value, which);
                    self.trail.pop();
                }
            }
        }
    }

    /// Looks for the other environment in a single value; `other` is what that one has at the place.
    pub(super) fn mention(
        &mut self,
        node: &'n Node,
        scalar: &'n Scalar,
        which: Which,
        other: Option<&'n Node>,
    ) {
        let wanted = match which {
            Which::Left => self.foreign.0,
            Which::Right => self.foreign.1,
        };
        if !wanted {
            return;
        }
        if let Some((identity, value)) = self.rules.identities.foreign(&scalar.text, which) {
            let side = self.side(node, None);
            let other = other.map(|other| self.side(other, None));
            self.foreign_found(side, other, identity, value, which);
        }
    }

    pub(super) fn mention_key(&mut self, entry: &'n Entry, which: Which) {
        let wanted = match which {
            Which::Left => self.foreign.0,
            Which::Right => self.foreign.1,
        };
        if !wanted {
            return;
        }
        if let Some((identity, value)) = self.rules.identities.foreign(&entry.key, which) {
            let mut side = self.side(&entry.value, Some(entry.place));
            side.place = entry.place;
            side.shown = shown::name(&entry.key).into_owned();
            side.scalar = None;
            side.is_secret = false;
            self.foreign_found(side, None, identity, value, which);
        }
    }

    pub(super) fn foreign_found(
        &mut self,
        side: Side,
        other: Option<Side>,
        identity: &Arc<str>,
        value: &Arc<str>,
        which: Which,
    ) {
        let matter = Matter::Foreign {
            within: which,
            identity: Arc::clone(identity),
            value: Arc::clone(value),
        };
        match which {
            Which::Left => self.found(Some(side), other, matter),
            Which::Right => self.found(other, Some(side), matter),
        }
    }
}
