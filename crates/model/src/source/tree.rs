//! The tree of a definition: every key and every value with its place.
//!
//! `document` parses the text into it, and `environment` interprets it.

use std::sync::Arc;

use super::Span;
use crate::Value;

/// A value and its place.
#[derive(Clone, Debug)]
pub struct Node {
    /// The place.
    pub span: Span,
    /// The value.
    pub value: NodeValue,
}

/// The content of a node.
#[derive(Clone, Debug)]
pub enum NodeValue {
    /// A boolean, a number, text, or a date (as its text).
    Plain(Value),
    /// A date or time, as written. Definitions use it for dates only.
    Date(String),
    /// A list.
    List(Vec<Node>),
    /// A table.
    Table(Table),
}

/// A table in source order.
#[derive(Clone, Debug, Default)]
pub struct Table {
    /// Key, the key's place, value.
    pub entries: Vec<(Arc<str>, Span, Node)>,
}

impl Table {
    /// Returns the value of a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entries
            .iter()
            .find(|(name, _, _)| &**name == key)
            .map(|(_, _, node)| node)
    }
}

impl Node {
    /// Returns the table, if it is one.
    #[must_use]
    pub fn as_table(&self) -> Option<&Table> {
        match &self.value {
            NodeValue::Table(table) => Some(table),
            _ => None,
        }
    }

    /// Returns the list, if it is one.
    #[must_use]
    pub fn as_list(&self) -> Option<&[Node]> {
        match &self.value {
            NodeValue::List(items) => Some(items),
            _ => None,
        }
    }

    /// Returns the text, if it is text.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match &self.value {
            NodeValue::Plain(value) => value.as_text(),
            NodeValue::Date(text) => Some(text),
            _ => None,
        }
    }

    /// Returns the value without its places. Dates become their text.
    #[must_use]
    pub fn to_value(&self) -> Value {
        match &self.value {
            NodeValue::Plain(value) => value.clone(),
            NodeValue::Date(text) => Value::text(text),
            NodeValue::List(items) => Value::List(items.iter().map(Self::to_value).collect()),
            NodeValue::Table(table) => Value::Table(
                table
                    .entries
                    .iter()
                    .map(|(key, _, node)| (Arc::clone(key), node.to_value()))
                    .collect(),
            ),
        }
    }

    /// Returns the name of the value's type, for messages.
    #[must_use]
    pub fn type_name(&self) -> &'static str {
        match &self.value {
            NodeValue::Plain(value) => value.type_name(),
            NodeValue::Date(_) => "a date",
            NodeValue::List(_) => "a list",
            NodeValue::Table(_) => "a table",
        }
    }
}
