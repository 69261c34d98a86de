//! Canonical values of attributes, from definitions and from live systems.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::{Serialize, Serializer};

use super::{Digest, Secret};

/// A value of a definition or of a live system.
///
/// Text that contains a secret is a separate variant with its seal: every format writes it as `{"secret": "<keyed
/// digest>"}`, never as the text.
#[derive(Clone, Debug)]
pub enum Value {
    /// `true` or `false`.
    Boolean(bool),
    /// A whole number.
    Integer(i64),
    /// A number with a fraction.
    Float(f64),
    /// Text.
    Text(Arc<str>),
    /// Text that contains a secret, with its seal.
    Secret(Secret, Arc<Digest>),
    /// A list, in order.
    List(Vec<Value>),
    /// A table, by key.
    Table(BTreeMap<Arc<str>, Value>),
}

impl Value {
    /// Creates a text value.
    #[must_use]
    pub fn text(text: &str) -> Self {
        Self::Text(text.into())
    }

    /// Returns the text, if it is plain text.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Returns the whole number, if it is one.
    #[must_use]
    pub fn as_integer(&self) -> Option<i64> {
        match self {
            Self::Integer(number) => Some(*number),
            _ => None,
        }
    }

    /// Returns the number, if it is one of either kind.
    #[must_use]
    #[expect(
        clippy::cast_precision_loss,
        reason = "a magnitude for comparing sizes"
    )]
    pub fn as_number(&self) -> Option<f64> {
        match self {
            Self::Integer(number) => Some(*number as f64),
            Self::Float(number) => Some(*number),
            _ => None,
        }
    }

    /// Returns whether it contains a secret, at any depth.
    #[must_use]
    pub fn is_sensitive(&self) -> bool {
        match self {
            Self::Secret(..) => true,
            Self::List(items) => items.iter().any(Self::is_sensitive),
            Self::Table(entries) => entries.values().any(Self::is_sensitive),
            _ => false,
        }
    }

    /// Returns the name of the value's type, for messages.
    #[must_use]
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Boolean(_) => "a boolean",
            Self::Integer(_) => "an integer",
            Self::Float(_) => "a number",
            Self::Text(_) => "a string",
            Self::Secret(..) => "a secret",
            Self::List(_) => "a list",
            Self::Table(_) => "a table",
        }
    }

    /// Converts a JSON document. `null` becomes an empty text; numbers beyond `i64` become fractions.
    #[must_use]
    pub fn from_json(json: &serde_json::Value) -> Self {
        match json {
            serde_json::Value::Null => Self::text(""),
            serde_json::Value::Bool(boolean) => Self::Boolean(*boolean),
            serde_json::Value::Number(number) => number.as_i64().map_or_else(
                || Self::Float(number.as_f64().unwrap_or(f64::NAN)),
                Self::Integer,
            ),
            serde_json::Value::String(text) => Self::text(text),
            serde_json::Value::Array(items) => {
                Self::List(items.iter().map(Self::from_json).collect())
            }
            serde_json::Value::Object(entries) => Self::Table(
                entries
                    .iter()
                    .map(|(key, value)| (key.as_str().into(), Self::from_json(value)))
                    .collect(),
            ),
        }
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Boolean(one), Self::Boolean(two)) => one == two,
            (Self::Integer(one), Self::Integer(two)) => one == two,
            (Self::Float(one), Self::Float(two)) => one.to_bits() == two.to_bits(),
            (Self::Text(one), Self::Text(two)) => one == two,
            (Self::Secret(_, one), Self::Secret(_, two)) => one == two,
            (Self::List(one), Self::List(two)) => one == two,
            (Self::Table(one), Self::Table(two)) => one == two,
            _ => false,
        }
    }
}

impl Eq for Value {}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Boolean(boolean) => serializer.serialize_bool(*boolean),
            Self::Integer(number) => serializer.serialize_i64(*number),
            Self::Float(number) => serializer.serialize_f64(*number),
            Self::Text(text) => serializer.serialize_str(text),
            Self::Secret(_, seal) => serializer.collect_map([("secret", seal)]),
            Self::List(items) => items.serialize(serializer),
            Self::Table(entries) => entries.serialize(serializer),
        }
    }
}

/// Formats the value as in a definition; a secret is `(secret)`.
impl fmt::Display for Value {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Boolean(boolean) => write!(formatter, "{boolean}"),
            Self::Integer(number) => write!(formatter, "{number}"),
            // `1.0` stays `1.0`: values that differ must look different.
            Self::Float(number) => write!(formatter, "{number:?}"),
            Self::Text(text) => write!(formatter, "\"{}\"", text.escape_debug()),
            Self::Secret(..) => formatter.write_str("(secret)"),
            Self::List(items) => {
                formatter.write_str("[")?;
                for (position, item) in items.iter().enumerate() {
                    if position > 0 {
                        formatter.write_str(", ")?;
                    }
                    write!(formatter, "{item}")?;
                }
                formatter.write_str("]")
            }
            Self::Table(entries) => {
                formatter.write_str("{")?;
                for (position, (key, value)) in entries.iter().enumerate() {
                    let separator = if position > 0 { ", " } else { " " };
                    write!(formatter, "{separator}{key} = {value}")?;
                }
                formatter.write_str(" }")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Value;
    use crate::{Sealer, Secret};

    #[test]
    fn a_secret_is_written_as_its_seal() {
        let seal = Sealer::new([7; 32]).seal(b"hunter2");
        let value = Value::List(vec![Value::Secret(
            Secret::new("hunter2".into()),
            seal.into(),
        )]);
        let json = serde_json::to_string(&value).unwrap();
        assert_eq!(json, format!(r#"[{{"secret":"{seal}"}}]"#));
        assert_eq!(value.to_string(), "[(secret)]");
        assert!(value.is_sensitive());
    }
}
