//! Mentions of one environment in the configuration of the other.

use std::sync::Arc;

use super::super::disagreement::{Matter, Side};
use super::super::meaning::Context;
use super::super::path::Step;
use super::super::{Thing, Which, list, shown};
use super::{Trail, Walk};
use evenkeel_document::{Content, Entry, Node, Scalar};

impl<'n> Walk<'n, '_> {
    /// Searches everything below a node for the other environment.
    pub(super) fn mentions(&mut self, node: &'n Node, which: Which) {
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

    /// Searches a single value for the other environment; `other` is that environment's value at this place.
    pub(super) fn mention(
        &mut self,
        node: &'n Node,
        scalar: &'n Scalar,
        which: Which,
        other: Option<&'n Node>,
    ) {
        let Some(mention) = self.mentioned(&scalar.text, which) else {
            return;
        };
        let side = self.side(node, None);
        let other = other.map(|other| self.side(other, None));
        self.foreign_found(side, other, mention, which);
    }

    /// Searches a value that both have for a database, bucket, queue or topic of one side. Sharing it may be intended.
    pub(super) fn shared(&mut self, left: &'n Node, right: &'n Node, scalar: &'n Scalar) {
        for which in [Which::Left, Which::Right] {
            let Some(Mention { value, thing, .. }) = self.mentioned(&scalar.text, which) else {
                continue;
            };
            if thing.is_connection() && thing != Thing::Host {
                let matter = Matter::Shared {
                    of: which.other(),
                    value,
                    thing,
                };
                let sides = (self.side(left, None), self.side(right, None));
                self.found(Some(sides.0), Some(sides.1), matter);
                return;
            }
        }
    }

    /// Returns the keys of a text. In `NAME=value`, and in a line, the first word is the key.
    fn context_of<'t>(&self, text: &'t str) -> Context<'t>
    where
        'n: 't,
    {
        let context = self.context();
        let head = text.split([' ', '=', ':']).next().unwrap_or("");
        let rest = text.get(head.len()..).unwrap_or("");
        let is_key = list::is_name(head)
            && !rest.is_empty()
            && !rest.starts_with("://")
            && (context.key.is_empty() || rest.starts_with('='));
        if is_key {
            Context {
                key: head,
                above: context.key,
            }
        } else {
            context
        }
    }

    /// Returns the mention of the other environment in a text.
    fn mentioned(&self, text: &str, which: Which) -> Option<Mention> {
        /// Maximum length of a name.
        const LONGEST_NAME: usize = 128;
        let identities = &self.rules.identities;
        if self.may_mention(which)
            && let Some((identity, value)) = identities.foreign(text, which)
        {
            let context = self.context_of(text);
            let start = text.find(&*value)?;
            let range = start..start + value.len();
            let thing = Thing::of(text, &range, context);
            return Some(Mention {
                identity,
                value,
                thing,
            });
        }
        // A database or bucket is recognised by the environment's name in it.
        let is_name = text.len() <= LONGEST_NAME
            && identities.may_name(text, which.other())
            && !text.contains(char::is_whitespace);
        if !is_name {
            return None;
        }
        let thing = Thing::of_key(self.context_of(text));
        if !thing.is_connection() || thing == Thing::Host {
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

    /// Returns a key as a side.
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

/// Mention of the other environment.
struct Mention {
    identity: Arc<str>,
    value: Arc<str>,
    thing: Thing,
}
