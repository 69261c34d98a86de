//! A list or map in progress, and the tokens that may follow.

use std::sync::Arc;

use super::super::tree::{Entry, Node, Place};

/// A list or map in progress.
pub(super) struct Open {
    pub(super) start: Place,
    pub(super) values: Values,
    pub(super) next: Next,
}

/// Its content so far.
pub(super) enum Values {
    List(Vec<Node>),
    Map(Vec<Entry>),
}

/// The expected next token.
pub(super) enum Next {
    /// An item or a key, or the end: after the opening bracket and after a comma.
    ItemOrEnd,
    /// The `:` after a key.
    Colon(Arc<str>, Place),
    /// The value of a key.
    Value(Arc<str>, Place),
    /// A comma, or the end.
    CommaOrEnd,
}

impl Open {
    /// Adds a value.
    pub(super) fn put(&mut self, node: Node) {
        let next = std::mem::replace(&mut self.next, Next::CommaOrEnd);
        match (&mut self.values, next) {
            (Values::Map(entries), Next::Value(key, place)) => entries.push(Entry {
                key,
                place,
                value: node,
            }),
            // The reader accepts a value in a map only after its key.
            (Values::Map(_), _) => {}
            (Values::List(items), _) => items.push(node),
        }
    }

    /// Returns its opening and closing brackets.
    pub(super) fn brackets(&self) -> (char, char) {
        match self.values {
            Values::List(_) => ('[', ']'),
            Values::Map(_) => ('{', '}'),
        }
    }

    /// Returns the tokens that may follow a value.
    pub(super) fn wanted(&self) -> &'static str {
        match self.values {
            Values::List(_) => "`,` or `]`",
            Values::Map(_) => "`,` or `}`",
        }
    }
}
