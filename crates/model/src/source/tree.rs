//! The tree of a definition: every key and every value with its place.
//!
//! The text is read into it by `document`, and its meaning is left to `environment`.

use std::sync::Arc;

use super::Span;
use crate::Value;

/// A value and its place.
#[derive(Clone, Debug)]
pub struct Node {
    /// Where it stands.
    pub span: Span,
    /// What stands there.
    pub value: NodeValue,
}

/// What stands at a place.
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

/// A table in the order it was written.
#[derive(Clone, Debug, Default)]
pub struct Table {
    /// Key, the key's place, value.
    pub entries: Vec<(Arc<str>, Span, Node)>,
}

impl Table {
    /// The value of a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entries
            .iter()
            .find(|(name, _, _)| &**name == key)
            .map(|(_, _, node)| node)
    }
}

impl Node {
    /// The table, if it is one.
    #[must_use]
    pub fn as_table(&self) -> Option<&Table> {
        match &self.value {
            NodeValue::Table(table) => Some(table),
            _ => None,
        }
    }

    /// The list, if it is one.
    #[must_use]
    pub fn as_list(&self) -> Option<&[Node]> {
        match &self.value {
            NodeValue::List(items) => Some(items),
            _ => None,
        }
    }

    /// The text, if it is text.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match &self.value {
            NodeValue::Plain(value) => value.as_text(),
            NodeValue::Date(text) => Some(text),
            _ => None,
        }
    }

    /// The value without its places. Dates become their text.
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

    /// What kind of value it is, as a message names it.
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
