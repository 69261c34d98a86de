//! A list or a map that is not closed, and what may come next in it.

use super::super::tree::{Entry, Node, Place};

/// A list or a map that is not closed.
pub(super) struct Open {
    pub(super) start: Place,
    pub(super) values: Values,
    pub(super) next: Next,
}

/// What is in it so far.
pub(super) enum Values {
    List(Vec<Node>),
    Map(Vec<Entry>),
}

/// What may come next in an open list or map.
pub(super) enum Next {
    /// An item or a key, or the end: after the opening bracket and after a comma.
    ItemOrEnd,
    /// The `:` after a key.
    Colon(Box<str>, Place),
    /// The value of a key.
    Value(Box<str>, Place),
    /// A comma, or the end.
    CommaOrEnd,
}

impl Open {
    /// Takes a value.
    pub(super) fn put(&mut self, node: Node) {
        let next = std::mem::replace(&mut self.next, Next::CommaOrEnd);
        match (&mut self.values, next) {
            (Values::Map(entries), Next::Value(key, place)) => entries.push(Entry {
                key,
                place,
                value: node,
            }),
            // The reader takes a value in a map only after its key.
            (Values::Map(_), _) => {}
            (Values::List(items), _) => items.push(node),
        }
    }

    /// The brackets it begins and ends with.
    pub(super) fn brackets(&self) -> (char, char) {
        match self.values {
            Values::List(_) => ('[', ']'),
            Values::Map(_) => ('{', '}'),
        }
    }

    /// What has to come after a value in it.
    pub(super) fn wanted(&self) -> &'static str {
        match self.values {
            Values::List(_) => "`,` or `]`",
            Values::Map(_) => "`,` or `}`",
        }
    }
}
