//! Lists, and what only one side has.

use super::super::disagreement::{Matter, Side};
use super::super::list::{self, Pairing};
use super::super::path::Step;
use super::super::{Path, Which, shown};
use super::{ORDERED, Trail, Walk, arguments_of, has_like, is_default};
use evenkeel_document::sensitive::Secrecy;
use evenkeel_document::{Content, Entry, Node, Scalar, ScalarKind};

impl<'n> Walk<'n> {
    pub(super) fn list(&mut self, left: &'n [Node], right: &'n [Node]) {
        let rules = self.rules;
        let asks = !(rules.identity.is_empty() && rules.sets.is_empty());
        let path = if asks { self.path() } else { Path::default() };
        let keys = rules.keys_of(&path);
        let is_set = rules.is_set(&path);
        let Pairing {
            mut pairs,
            is_reordered,
            by_position,
        } = list::pair(left, right, self.context().key, keys, &rules.identities);
        self.by_position += usize::from(by_position);
        self.hide(&mut pairs, left, right);
        let mut is_complete = true;
        let arguments = (arguments_of(left), arguments_of(right));
        let is_argument = |node: Option<&Node>, among: &[&Node]| {
            node.is_some_and(|node| among.iter().any(|each| std::ptr::eq(*each, node)))
        };
        for pair in pairs {
            let is_secret =
                is_argument(pair.left, &arguments.0) || is_argument(pair.right, &arguments.1);
            let under = is_secret.then(|| self.under().argument());
            self.trail.push(Trail::Element(pair.step, under));
            match (pair.left, pair.right) {
                (Some(one), Some(two)) => self.nodes(one, two),
                (Some(node), None) => {
                    if !(is_set && has_like(right, node)) {
                        is_complete = false;
                        self.only(node, None, Which::Left);
                    }
                }
                (None, Some(node)) => {
                    if !(is_set && has_like(left, node)) {
                        is_complete = false;
                        self.only(node, None, Which::Right);
                    }
                }
                (None, None) => {}
            }
            self.trail.pop();
        }
        if is_reordered && !is_set {
            let key = self.context().key;
            let has_meaning = ORDERED.contains(&key);
            // Where elements are missing, that is what there is to say; unless the order is known to matter.
            if is_complete || has_meaning {
                let under = self.under();
                let whole = |nodes: &[Node]| Side {
                    place: evenkeel_document::Place {
                        start: nodes.first().map_or(0, |node| node.place.start),
                        end: nodes.last().map_or(0, |node| node.place.end),
                    },
                    key_place: None,
                    shown: shown::list(under, nodes),
                    scalar: Some(Scalar {
                        kind: ScalarKind::Loose,
                        text: shown::whole_list(under, nodes).into(),
                    }),
                    is_secret: false,
                    is_encrypted: false,
                    leaves: nodes.len(),
                };
                let sides = (whole(left), whole(right));
                self.found(Some(sides.0), Some(sides.1), Matter::Order(has_meaning));
            }
        }
    }

    /// A path names single values by themselves; but no secret. Those go by position.
    pub(super) fn hide(&self, pairs: &mut [list::Pair<'n>], left: &[Node], right: &[Node]) {
        let under = self.under();
        let arguments = (arguments_of(left), arguments_of(right));
        for pair in pairs {
            let (node, all) = match (pair.left, pair.right) {
                (Some(node), _) => (node, left),
                (None, Some(node)) => (node, right),
                (None, None) => continue,
            };
            let Step::Element(names) = &pair.step else {
                continue;
            };
            let names_itself = names.iter().any(|(name, _)| name.is_empty());
            let is_argument = arguments
                .0
                .iter()
                .chain(&arguments.1)
                .any(|each| std::ptr::eq(*each, node));
            let is_of_secrets = names_itself
                && node.as_scalar().is_some_and(|scalar| {
                    is_argument
                        || list::assignment(scalar).is_none()
                            && under.secrecy(scalar) != Secrecy::Open
                });
            // No secret identifies an element either.
            let within = match &node.content {
                Content::Map(entries) => Some(under.within(entries)),
                _ => None,
            };
            let is_secret = is_of_secrets
                || within.is_some_and(|within| {
                    names.iter().any(|(name, _)| {
                        node.get(name)
                            .and_then(Node::as_scalar)
                            .is_some_and(|scalar| {
                                within.entry(name).secrecy(scalar) != Secrecy::Open
                            })
                    })
                });
            if is_secret && let Some(number) = all.iter().position(|each| std::ptr::eq(each, node))
            {
                pair.step = Step::Position(number);
            }
        }
    }

    pub(super) fn only(&mut self, node: &'n Node, entry: Option<&'n Entry>, which: Which) {
        if let Some(entry) = entry {
            self.mention_key(entry, which);
        }
        self.pass_below(node);
        self.mentions(node, which);
        if let Content::Scalar(scalar) = &node.content
            && !self.rules.defaults.is_empty()
            && self
                .rules
                .default_of(&self.path())
                .is_some_and(|default| is_default(scalar, default, self.context()))
        {
            return;
        }
        let side = self.side(node, entry.map(|entry| entry.place));
        let number = self.found.len();
        match which {
            Which::Left => {
                self.only.0.push((number, node));
                self.found(Some(side), None, Matter::Only(which));
            }
            Which::Right => {
                self.only.1.push((number, node));
                self.found(None, Some(side), Matter::Only(which));
            }
        }
        let lacking = self.above.last().map(|(left, right)| match which {
            Which::Left => *right,
            Which::Right => *left,
        });
        if let Some(found) = self.found.last_mut() {
            found.lacking = lacking;
        }
    }
}
