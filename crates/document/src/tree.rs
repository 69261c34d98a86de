//! The tree of a document, common to all formats.
//!
//! Places are byte ranges of the file's text; only the document names the file. `comparison` interprets and compares
//! values.

use std::sync::Arc;

use super::Format;
use evenkeel_model::source::{SourceFile, Span};

/// A parsed file.
#[derive(Clone, Debug)]
pub struct Document {
    /// The file.
    pub file: Arc<SourceFile>,
    /// The format.
    pub format: Format,
    /// The documents, in order: YAML may have any number; every other format has one.
    pub roots: Vec<Node>,
}

/// Bytes `start..end` of the file's text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The first byte.
    pub start: u32,
    /// The byte after the last.
    pub end: u32,
}

/// A value and its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// The place: a scalar's own characters, with quotes; a list's or map's first to last byte.
    pub place: Place,
    /// An explicit tag outside of the format's own types: `!Ref`, `!vault`. Stored as data, never acted on.
    ///
    /// One pointer wide: few of the many values have one.
    pub tag: Option<Box<Box<str>>>,
    /// The content.
    pub content: Content,
}

/// The content of a node.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    /// A single value.
    Scalar(Scalar),
    /// Values in order.
    List(Vec<Node>),
    /// Keys and values in source order, without duplicate keys.
    Map(Vec<Entry>),
}

/// A single value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scalar {
    /// The kind.
    pub kind: ScalarKind,
    /// The text: decoded for text (without escapes and quotes), otherwise as canonical as the format permits: `true`
    /// and `false`, integers in decimal without `_` or `+`, floats and dates as written, `""` for null.
    pub text: Box<str>,
}

/// The kind of a single value according to its format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ScalarKind {
    /// Null: `null`, `~`, an empty value.
    Null,
    /// `true` or `false`.
    Boolean,
    /// A whole number.
    Integer,
    /// A number with a fraction or an exponent, infinity, not a number.
    Float,
    /// Explicit text.
    Text,
    /// A date or a time.
    Date,
    /// A computed expression (HCL): its source, with normalized white space.
    Expression,
    /// A value of an untyped format (dotenv, properties, lines): it may be text, a number, a boolean.
    Loose,
}

/// A key and its value.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The key, decoded.
    pub key: Arc<str>,
    /// The place of the key.
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
    /// Returns a place in this document's file.
    #[must_use]
    pub fn span(&self, place: Place) -> Span {
        Span::new(&self.file, place.start as usize..place.end as usize)
    }

    /// Returns the number of single values.
    #[must_use]
    pub fn leaves(&self) -> usize {
        self.roots.iter().map(Node::leaves).sum()
    }
}

impl Place {
    /// Creates bytes `start..end`; both fit, since longer files are not read.
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
    /// Creates a value without a tag.
    #[must_use]
    pub fn new(place: Place, content: Content) -> Self {
        Self {
            place,
            tag: None,
            content,
        }
    }

    /// Creates a single value without a tag.
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

    /// Returns the number of single values in it; empty lists and maps count as one. Recursion is bounded by the
    /// readers.
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

    /// Returns the value of a key, if it is a map with that key.
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

    /// Returns the single value, if it is one.
    #[must_use]
    pub fn as_scalar(&self) -> Option<&Scalar> {
        match &self.content {
            Content::Scalar(scalar) => Some(scalar),
            _ => None,
        }
    }

    /// Returns the name of its kind, for messages.
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
