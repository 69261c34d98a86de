//! The tree of a document: what every format becomes.
//!
//! Places are bytes of the file's text; the file itself is named once, by the document. What two values mean, and
//! whether they are the same, is left to `comparison`.

use std::sync::Arc;

use super::Format;
use evenkeel_model::source::{SourceFile, Span};

/// A file that was read.
#[derive(Clone, Debug)]
pub struct Document {
    /// The file.
    pub file: Arc<SourceFile>,
    /// The format it was read in.
    pub format: Format,
    /// Its documents, in order: YAML may have any number; every other format has one.
    pub roots: Vec<Node>,
}

/// Bytes `start..end` of the file's text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

/// A value and its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Where it stands: a scalar's own characters, with quotes; a list's or map's first to last byte.
    pub place: Place,
    /// An explicit tag that is not of the format's own types: `!Ref`, `!vault`. Kept as data, never acted on.
    ///
    /// One pointer wide: hardly a value has one, and there may be millions.
    pub tag: Option<Box<Box<str>>>,
    /// What stands there.
    pub content: Content,
}

/// What stands at a place.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    /// A single value.
    Scalar(Scalar),
    /// Values in order.
    List(Vec<Node>),
    /// Keys and values, in the order they were written; no key twice.
    Map(Vec<Entry>),
}

/// A single value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scalar {
    /// What the format says it is.
    pub kind: ScalarKind,
    /// Text decoded (escapes undone, quotes taken off); everything else as canonically as the format allows: `true`
    /// and `false`, integers in decimal without `_` or `+`, floats and dates as written, `""` for null.
    pub text: Box<str>,
}

/// What a format says a single value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ScalarKind {
    /// Nothing: `null`, `~`, an empty value.
    Null,
    /// `true` or `false`.
    Boolean,
    /// A whole number.
    Integer,
    /// A number with a fraction or an exponent, infinity, not a number.
    Float,
    /// Text that was written as text.
    Text,
    /// A date or a time.
    Date,
    /// Something that is computed (HCL): its source, with white space made even.
    Expression,
    /// A value of a format without types (dotenv, properties, lines): it may be text, a number, a boolean.
    Loose,
}

/// A key and its value.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The key, decoded.
    pub key: Box<str>,
    /// Where the key stands.
    pub place: Place,
    /// The value.
    pub value: Node,
}

/// Returns values in a block of memory without room for more: a tree has many small lists and maps.
///
/// `Vec::shrink_to_fit` keeps a block of which at least half is used, by the rule of the allocator. A long list is not
/// copied, since both copies would be in memory for a moment.
pub(super) fn without_room<T>(mut items: Vec<T>) -> Vec<T> {
    const LONG: usize = 1024;
    if items.capacity() == items.len() {
        return items;
    }
    if items.len() > LONG {
        items.shrink_to_fit();
        return items;
    }
    let mut exact = Vec::with_capacity(items.len());
    exact.extend(items);
    exact
}

impl Document {
    /// A place in this document's file.
    #[must_use]
    pub fn span(&self, place: Place) -> Span {
        Span::new(&self.file, place.start as usize..place.end as usize)
    }

    /// How many single values it has.
    #[must_use]
    pub fn leaves(&self) -> usize {
        self.roots.iter().map(Node::leaves).sum()
    }
}

impl Place {
    /// Bytes `start..end`; both fit, since no longer file is read.
    #[must_use]
    pub fn new(start: usize, end: usize) -> Self {
        let narrow = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
        Self {
            start: narrow(start),
            end: narrow(end.max(start)),
        }
    }
}

impl Node {
    /// A value without a tag.
    #[must_use]
    pub fn new(place: Place, content: Content) -> Self {
        Self {
            place,
            tag: None,
            content,
        }
    }

    /// A single value without a tag.
    #[must_use]
    pub fn scalar(place: Place, kind: ScalarKind, text: impl Into<Box<str>>) -> Self {
        Self::new(
            place,
            Content::Scalar(Scalar {
                kind,
                text: text.into(),
            }),
        )
    }

    /// How many single values are in it; empty lists and maps count as one. Depth is bounded by the readers.
    #[must_use]
    pub fn leaves(&self) -> usize {
        match &self.content {
            Content::Scalar(_) => 1,
            Content::List(items) => items.iter().map(Self::leaves).sum::<usize>().max(1),
            Content::Map(entries) => entries
                .iter()
                .map(|entry| entry.value.leaves())
                .sum::<usize>()
                .max(1),
        }
    }

    /// The value of a key, if it is a map that has it.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Self> {
        match &self.content {
            Content::Map(entries) => entries
                .iter()
                .find(|entry| &*entry.key == key)
                .map(|entry| &entry.value),
            _ => None,
        }
    }

    /// The single value, if it is one.
    #[must_use]
    pub fn as_scalar(&self) -> Option<&Scalar> {
        match &self.content {
            Content::Scalar(scalar) => Some(scalar),
            _ => None,
        }
    }

    /// What kind of value it is, as a message names it.
    #[must_use]
    pub fn type_name(&self) -> &'static str {
        match &self.content {
            Content::Scalar(scalar) => match scalar.kind {
                ScalarKind::Null => "nothing",
                ScalarKind::Boolean => "a boolean",
                ScalarKind::Integer => "an integer",
                ScalarKind::Float => "a number",
                ScalarKind::Text => "text",
                ScalarKind::Date => "a date",
                ScalarKind::Expression => "an expression",
                ScalarKind::Loose => "a value",
            },
            Content::List(_) => "a list",
            Content::Map(_) => "a map",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Entry, Node, without_room};

    #[test]
    fn lists_have_no_room_for_more() {
        for length in [0, 1, 3, 5, 100, 5_000] {
            let mut items = Vec::with_capacity(length + length / 2);
            items.extend(0..length);
            let items = without_room(items);
            assert_eq!(items.capacity(), length);
            assert!(items.into_iter().eq(0..length));
        }
    }

    /// Documents of a million values are read: each byte of a value is a megabyte.
    #[test]
    fn a_value_and_an_entry_stay_small() {
        assert!(size_of::<Node>() <= 48, "{}", size_of::<Node>());
        assert!(size_of::<Entry>() <= 72, "{}", size_of::<Entry>());
    }
}
