//! A list or a map whose values are still being read.

use super::super::complaint::Gathered;
use super::super::duplicates;
use super::super::tree::{Content, Entry, Node, Place, without_room};
use super::anchors::{Built, Size};
use super::merge::{self, Merge};

/// A list or a map that is not complete.
pub(super) struct Open {
    /// Its anchor, or 0.
    pub(super) anchor: usize,
    start: usize,
    /// Where its last key or value ends: the end of a block collection, which has no end of its own.
    end: usize,
    tag: Option<Box<str>>,
    size: Size,
    height: usize,
    values: Values,
}

/// What is in it so far.
pub(super) enum Values {
    List(Vec<Node>),
    Map {
        entries: Vec<Entry>,
        merges: Vec<Merge>,
        key: Key,
    },
}

/// What is known of the next entry of a map.
pub(super) enum Key {
    /// Its key comes next.
    Awaited,
    /// Its value comes next.
    Known(Box<str>, Place),
    /// The value to merge comes next.
    Merge,
    /// A value comes next whose key was a complaint.
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

    /// The name of YAML's own tag for it.
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

    /// Whether the next node is the key of a map.
    pub(super) fn awaits_key(&self) -> bool {
        matches!(
            self.values,
            Values::Map {
                key: Key::Awaited,
                ..
            }
        )
    }

    /// Where the key ends whose value comes next, if it is a map.
    pub(super) fn end_of_key(&self) -> Option<usize> {
        matches!(self.values, Values::Map { .. }).then_some(self.end)
    }

    /// Takes a key that ends at a byte.
    pub(super) fn key(&mut self, new: Key, size: Size, end: usize) {
        self.size.bytes += size.bytes;
        self.end = self.end.max(end);
        if let Values::Map { key, .. } = &mut self.values {
            *key = new;
        }
    }

    /// Takes a value; `written` is where it stands here, be it as an alias.
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
                    // What is merged ends up in the map itself, not in a map or a list of maps inside of it.
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

    /// The complete list or map. A bracket is an end of its own; that of a block collection is where the next thing
    /// begins, so it ends with the last thing in it.
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
