//! Where one environment's identity stands in the other's configuration.

use std::sync::Arc;

use super::super::disagreement::{Matter, Side};
use super::super::meaning::Context;
use super::super::path::Step;
use super::super::{Thing, Which, list, shown};
use super::{Trail, Walk};
use evenkeel_document::{Content, Entry, Node, Scalar};

impl<'n> Walk<'n, '_> {
    /// Looks for the other environment in everything below a node.
    pub(super) fn mentions(&mut self, node: &'n Node, which: Which) {
        if !self.may_mention(which) {
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
        if !self.may_mention(which) {
            return;
        }
        let Some(mention) = self.mentioned(&scalar.text, which) else {
            return;
        };
        let side = self.side(node, None);
        let other = other.map(|other| self.side(other, None));
        self.foreign_found(side, other, mention, which);
    }

    /// What a text mentions of the other environment.
    fn mentioned(&self, text: &str, which: Which) -> Option<Mention> {
        /// A longer text is no name.
        const LONGEST_NAME: usize = 128;
        let identities = &self.rules.identities;
        let mut context = self.context();
        // In `NAME=value`, and in a line, the first word is the key.
        let head = text.split([' ', '=', ':']).next().unwrap_or("");
        if list::is_name(head) && head.len() < text.len() {
            let is_line = context.key.is_empty() || text.starts_with(&format!("{head}="));
            if is_line && !text.starts_with(&format!("{head}://")) {
                context = Context {
                    key: head,
                    above: context.key,
                };
            }
        }
        if let Some((identity, value)) = identities.foreign(text, which) {
            let start = text.find(&*value)?;
            let range = start..start + value.len();
            let thing = Thing::of(text, &range, context);
            return Some(Mention {
                identity,
                value,
                thing,
            });
        }
        // The name of a database or a bucket is told by the environment's name in it.
        let thing = Thing::of_key(context);
        let is_name = text.len() <= LONGEST_NAME && !text.contains(char::is_whitespace);
        if !is_name || !thing.is_connection() || thing == Thing::Host {
            return None;
        }
        let range = identities.foreign_name(text, which)?;
        Some(Mention {
            identity: Arc::from("environment"),
            value: text.get(range)?.into(),
            thing,
        })
    }

    fn may_mention(&self, which: Which) -> bool {
        match which {
            Which::Left => self.foreign.0,
            Which::Right => self.foreign.1,
        }
    }

    pub(super) fn mention_key(&mut self, entry: &'n Entry, which: Which) {
        if !self.may_mention(which) {
            return;
        }
        if let Some((identity, value)) = self.rules.identities.foreign(&entry.key, which) {
            let side = self.key_side(entry);
            let mention = Mention {
                identity,
                value,
                thing: Thing::Other,
            };
            self.foreign_found(side, None, mention, which);
        }
    }

    /// A key, as what one side has.
    pub(super) fn key_side(&self, entry: &'n Entry) -> Side {
        let mut side = self.side(&entry.value, Some(entry.place));
        side.place = entry.place;
        side.shown = shown::name(&entry.key).into_owned();
        side.scalar = None;
        side.is_secret = false;
        side
    }

    fn foreign_found(&mut self, side: Side, other: Option<Side>, mention: Mention, which: Which) {
        let Mention {
            identity,
            value,
            thing,
        } = mention;
        let matter = Matter::Foreign {
            within: which,
            identity,
            value,
            thing,
        };
        match which {
            Which::Left => self.found(Some(side), other, matter),
            Which::Right => self.found(other, Some(side), matter),
        }
    }
}

/// What is mentioned of the other environment.
struct Mention {
    identity: Arc<str>,
    value: Arc<str>,
    thing: Thing,
}
