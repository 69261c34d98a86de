//! A list or a map in progress.

use std::sync::Arc;

use super::super::complaint::Gathered;
use super::super::duplicates;
use super::super::tree::{Content, Entry, Node, Place, without_room};
use super::anchors::{Built, Size};
use super::merge::{self, Merge};

/// A list or a map in progress.
pub(super) struct Open {
    /// Its anchor, or 0.
    pub(super) anchor: usize,
    start: usize,
    /// The end of its last key or value: the end of a block collection, which has no closing token.
    end: usize,
    tag: Option<Box<str>>,
    size: Size,
    height: usize,
    values: Values,
}

/// Its content so far.
pub(super) enum Values {
    List(Vec<Node>),
    Map {
        entries: Vec<Entry>,
        merges: Vec<Merge>,
        key: Key,
    },
}

/// The state of the next entry of a map.
pub(super) enum Key {
    /// A key is next.
    Awaited,
    /// The value of this key is next.
    Known(Arc<str>, Place),
    /// The value to merge is next.
    Merge,
    /// The value of an invalid key is next.
    Unusable,
}

impl Values {
    pub(super) fn list() -> Self {
        Self::List(Vec::new())
    }

    pub(super) fn map() -> Self {
        Self::Map {
            entries: Vec::new(),
            merges: Vec::new(),
            key: Key::Awaited,
        }
    }

    /// Returns the name of YAML's own tag for it.
    pub(super) fn own_tag(&self) -> &'static str {
        match self {
            Self::List(_) => "seq",
            Self::Map { .. } => "map",
        }
    }
}

impl Open {
    pub(super) fn new(
        values: Values,
        start: usize,
        anchor: usize,
        tag: Option<Box<str>>,
        size: Size,
    ) -> Self {
        Self {
            anchor,
            start,
            end: start,
            tag,
            size,
            height: 1,
            values,
        }
    }

    /// Returns whether the next node is the key of a map.
    pub(super) fn awaits_key(&self) -> bool {
        matches!(
            self.values,
            Values::Map {
                key: Key::Awaited,
                ..
            }
        )
    }

    /// Returns the end of the key whose value is next, if it is a map.
    pub(super) fn end_of_key(&self) -> Option<usize> {
        matches!(self.values, Values::Map { .. }).then_some(self.end)
    }

    /// Adds a key that ends at a byte.
    pub(super) fn key(&mut self, new: Key, size: Size, end: usize) {
        self.size.bytes += size.bytes;
        self.end = self.end.max(end);
        if let Values::Map { key, .. } = &mut self.values {
            *key = new;
        }
    }

    /// Adds a value; `written` is its place here, possibly an alias.
    pub(super) fn put(&mut self, built: Built, written: Place) {
        self.size.add(built.size);
        self.end = self.end.max(written.end as usize);
        let (height, node) = (built.height, built.node);
        match &mut self.values {
            Values::List(items) => {
                self.height = self.height.max(height + 1);
                items.push(node);
            }
            Values::Map {
                entries,
                merges,
                key,
            } => match std::mem::replace(key, Key::Awaited) {
                Key::Known(key, place) => {
                    self.height = self.height.max(height + 1);
                    entries.push(Entry {
                        key,
                        place,
                        value: node,
                    });
                }
                Key::Merge => {
                    // Merged entries become part of the map itself, so their nesting does not count.
                    let listed = usize::from(matches!(node.content, Content::List(_)));
                    self.height = self.height.max(height.saturating_sub(listed));
                    merges.push(Merge {
                        before: entries.len(),
                        place: written,
                        value: node,
                    });
                }
                Key::Awaited | Key::Unusable => {}
            },
        }
    }

    /// Returns the complete list or map. A flow collection ends with its bracket; for a block collection, the parser
    /// reports the start of the next token, so it ends with its last item.
    pub(super) fn closed(self, end: Place, complaints: &mut Gathered) -> Built {
        let end = if end.start < end.end {
            end.end as usize
        } else {
            self.end
        };
        let content = match self.values {
            Values::List(items) => Content::List(without_room(items)),
            Values::Map {
                mut entries,
                merges,
                ..
            } => {
                duplicates::complain(&mut entries, complaints);
                let entries = merge::merged(entries, merges, complaints);
                Content::Map(without_room(entries))
            }
        };
        Built {
            node: Node {
                place: Place::new(self.start, end),
                tag: self.tag.map(Box::new),
                content,
            },
            size: self.size,
            height: self.height,
        }
    }
}
