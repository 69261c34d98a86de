//! Builds one map from the attributes and blocks of a body.

use super::super::gathering::{Gathering, Index};
use super::super::tree::{Content, Entry, Node, Place};

/// A parsed block.
pub(super) struct Block<'t> {
    /// The type.
    pub(super) kind: &'t str,
    /// The place of the type.
    pub(super) kind_place: Place,
    /// The labels, each with its place.
    pub(super) labels: Vec<(Box<str>, Place)>,
    /// The place from the type to `}`.
    pub(super) whole: Place,
    /// The place from `{` to `}`.
    pub(super) body: Node,
}

/// The content of one name in a body.
enum Slot<'t> {
    Attribute(Node),
    Blocks(Vec<Block<'t>>),
}

/// The statements of a body, by name.
#[derive(Default)]
pub(super) struct Statements<'t> {
    slots: Vec<(&'t str, Place, Slot<'t>)>,
    index: Index,
}

impl<'t> Statements<'t> {
    /// Adds an attribute.
    pub(super) fn attribute(
        &mut self,
        name: &'t str,
        place: Place,
        value: Node,
        gathering: &mut Gathering,
    ) {
        match self.index.find(&self.slots, |slot| slot.0, name) {
            Some(at) => {
                let first = self.slots.get(at).map(|slot| slot.1).unwrap_or_default();
                gathering.complain_of_twice(name, first, place);
            }
            None => self.slots.push((name, place, Slot::Attribute(value))),
        }
    }

    /// Adds a block.
    pub(super) fn block(&mut self, block: Block<'t>, gathering: &mut Gathering) {
        let at = self.index.find(&self.slots, |slot| slot.0, block.kind);
        match at.and_then(|at| self.slots.get_mut(at)) {
            Some((_, _, Slot::Blocks(blocks))) => blocks.push(block),
            Some((name, place, Slot::Attribute(_))) => {
                gathering.complain_of_twice(name, *place, block.kind_place);
            }
            None => self
                .slots
                .push((block.kind, block.kind_place, Slot::Blocks(vec![block]))),
        }
    }

    /// Returns them as a map.
    pub(super) fn into_node(self, place: Place) -> Node {
        let entries = self.slots.into_iter().map(|(name, place, slot)| Entry {
            key: name.into(),
            place,
            value: match slot {
                Slot::Attribute(value) => value,
                Slot::Blocks(blocks) => nest(blocks, 0),
            },
        });
        Node::new(place, Content::Map(entries.collect()))
    }
}

/// Groups blocks with the same labels before `level`: by their label there, or, if they have no more labels,
/// themselves.
///
/// Returns a list when several have the same labels, or when only some have a label there.
fn nest(mut blocks: Vec<Block<'_>>, level: usize) -> Node {
    let bare = blocks
        .iter()
        .filter(|block| block.labels.len() == level)
        .count();
    if bare == 1 && blocks.len() == 1 {
        return blocks.swap_remove(0).body;
    }
    let place = whole_of(&blocks);
    if bare == blocks.len() {
        let bodies = blocks.into_iter().map(|block| block.body).collect();
        return Node::new(place, Content::List(bodies));
    }
    if bare > 0 {
        let each = blocks.into_iter().map(|block| nest(vec![block], level));
        return Node::new(place, Content::List(each.collect()));
    }
    let mut groups: Vec<(Box<str>, Place, Vec<Block<'_>>)> = Vec::new();
    let mut index = Index::default();
    for block in blocks {
        let (label, place) = block.labels.get(level).cloned().unwrap_or_default();
        let at = index.find(&groups, |group| &group.0, &label);
        match at.and_then(|at| groups.get_mut(at)) {
            Some(group) => group.2.push(block),
            None => groups.push((label, place, vec![block])),
        }
    }
    let entries = groups.into_iter().map(|(key, place, blocks)| Entry {
        key: key.into(),
        place,
        value: nest(blocks, level + 1),
    });
    Node::new(place, Content::Map(entries.collect()))
}

fn whole_of(blocks: &[Block<'_>]) -> Place {
    Place {
        start: blocks.first().map_or(0, |block| block.whole.start),
        end: blocks.last().map_or(0, |block| block.whole.end),
    }
}
