//! Expressions: values that may contain references.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::{Serialize, Serializer};

use evenkeel_model::source::{Node, NodeValue, Span};
use evenkeel_model::{Address, FastMap, Value};

/// Written value with its place.
#[derive(Clone, Debug)]
pub struct Placed {
    /// Expression.
    pub expression: Expression,
    /// Place.
    pub span: Span,
}

/// Written value. Expressions are equal regardless of their places.
#[derive(Clone, Debug)]
pub enum Expression {
    /// A value without references.
    Plain(Value),
    /// A single reference, which keeps its type.
    Whole(Arc<Reference>),
    /// Text that contains references.
    Joined(Box<[Piece]>),
    /// A list that contains references.
    List(Vec<Placed>),
    /// A table that contains references.
    Table(BTreeMap<Arc<str>, Placed>),
}

/// Piece of a text with references.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Literal text.
    Text(Arc<str>),
    /// Reference to fill in.
    Reference(Arc<Reference>),
}

/// Name in a `${…}`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reference {
    /// A parameter.
    Parameter(Arc<str>),
    /// The environment's name.
    Environment,
    /// The system's name.
    System,
    /// An attribute of a resource.
    Resource(Address, Arc<str>),
    /// An attribute of an artifact.
    Artifact(Arc<str>, Arc<str>),
}

impl fmt::Display for Reference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Parameter(name) => write!(formatter, "${{{name}}}"),
            Self::Environment => formatter.write_str("${environment}"),
            Self::System => formatter.write_str("${system}"),
            Self::Resource(address, attribute) => write!(formatter, "${{{address}.{attribute}}}"),
            Self::Artifact(name, attribute) => {
                write!(formatter, "${{artifact.{name}.{attribute}}}")
            }
        }
    }
}

impl PartialEq for Expression {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Plain(one), Self::Plain(two)) => one == two,
            (Self::Whole(one), Self::Whole(two)) => one == two,
            (Self::Joined(one), Self::Joined(two)) => one == two,
            (Self::List(one), Self::List(two)) => {
                one.len() == two.len()
                    && one
                        .iter()
                        .zip(two)
                        .all(|(one, two)| one.expression == two.expression)
            }
            (Self::Table(one), Self::Table(two)) => {
                one.len() == two.len()
                    && one.iter().zip(two).all(|((one_key, one), (two_key, two))| {
                        one_key == two_key && one.expression == two.expression
                    })
            }
            _ => false,
        }
    }
}

impl Eq for Expression {}

impl Expression {
    /// Returns the value, if it contains no references.
    #[must_use]
    pub fn plain(&self) -> Option<&Value> {
        match self {
            Self::Plain(value) => Some(value),
            _ => None,
        }
    }
}

/// Symbolic form: `{"join": […]}` and `{"reference": "${port}"}` are distinct from plain values, which are written as
/// `{"value": …}`.
impl Serialize for Expression {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Plain(value) => serializer.collect_map([("value", value)]),
            Self::Whole(reference) => {
                serializer.collect_map([("reference", reference.to_string())])
            }
            Self::Joined(_) => serializer.collect_map([("join", self.to_string())]),
            Self::List(items) => {
                let items: Vec<&Self> = items.iter().map(|item| &item.expression).collect();
                serializer.collect_map([("list", items)])
            }
            Self::Table(entries) => {
                let entries: BTreeMap<&str, &Self> = entries
                    .iter()
                    .map(|(key, placed)| (&**key, &placed.expression))
                    .collect();
                serializer.collect_map([("table", entries)])
            }
        }
    }
}

/// Form as in a definition.
impl fmt::Display for Expression {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plain(value) => value.fmt(formatter),
            Self::Whole(reference) => write!(formatter, "\"{reference}\""),
            Self::Joined(pieces) => {
                formatter.write_str("\"")?;
                for piece in pieces {
                    match piece {
                        Piece::Text(text) if needs_no_escaping(text) => {
                            formatter.write_str(text)?;
                        }
                        Piece::Text(text) => {
                            write!(
                                formatter,
                                "{}",
                                text.escape_debug().to_string().replace("${", "$${")
                            )?;
                        }
                        Piece::Reference(reference) => reference.fmt(formatter)?,
                    }
                }
                formatter.write_str("\"")
            }
            Self::List(items) => {
                formatter.write_str("[")?;
                for (position, item) in items.iter().enumerate() {
                    let separator = if position > 0 { ", " } else { "" };
                    write!(formatter, "{separator}{}", item.expression)?;
                }
                formatter.write_str("]")
            }
            Self::Table(entries) => {
                formatter.write_str("{")?;
                for (position, (key, placed)) in entries.iter().enumerate() {
                    let separator = if position > 0 { "," } else { "" };
                    write!(formatter, "{separator} {key} = {}", placed.expression)?;
                }
                formatter.write_str(" }")
            }
        }
    }
}

/// Whether a text needs no escaping, like most texts between references; every recipe writes them.
fn needs_no_escaping(text: &str) -> bool {
    text.bytes()
        .all(|byte| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\'' | b'\\' | b'$'))
}

impl Placed {
    /// Calls `visit` with every reference in it and the place of its string.
    pub fn references<'a>(&'a self, visit: &mut dyn FnMut(&'a Reference, &'a Span)) {
        match &self.expression {
            Expression::Plain(_) => {}
            Expression::Whole(reference) => visit(reference, &self.span),
            Expression::Joined(pieces) => {
                for piece in pieces {
                    if let Piece::Reference(reference) = piece {
                        visit(reference, &self.span);
                    }
                }
            }
            Expression::List(items) => items.iter().for_each(|item| item.references(visit)),
            Expression::Table(entries) => entries.values().for_each(|item| item.references(visit)),
        }
    }
}

/// Returns the place of a reference within its string, if it can be located in the source.
#[must_use]
pub fn place_of(reference: &Reference, span: &Span) -> Span {
    part_of(&reference.to_string(), span)
}

/// Returns the place of written text within another place, not counting `$${…}`; the whole place if it cannot be
/// located.
pub(super) fn part_of(written: &str, span: &Span) -> Span {
    let text = span.text();
    let found = text
        .match_indices(written)
        .map(|(start, _)| start)
        .find(|start| {
            !(written.starts_with('$') && text.get(..*start).is_some_and(|it| it.ends_with('$')))
        });
    found.map_or_else(
        || span.clone(),
        |start| span.part(start..start + written.len()),
    )
}

/// Interned references and texts: many resources refer to the same few things.
#[derive(Debug, Default)]
pub struct Known {
    references: FastMap<Box<str>, Arc<Reference>>,
    texts: FastMap<Box<str>, Arc<str>>,
}

impl Known {
    fn reference(&mut self, name: &str) -> Result<Arc<Reference>, String> {
        if let Some(known) = self.references.get(name) {
            return Ok(Arc::clone(known));
        }
        let reference = Arc::new(understand_reference(name)?);
        self.references.insert(name.into(), Arc::clone(&reference));
        Ok(reference)
    }

    fn text(&mut self, text: &str) -> Arc<str> {
        /// Maximum length of interned texts; longer ones rarely repeat.
        const SHORT: usize = 4;
        if text.len() > SHORT {
            return text.into();
        }
        if let Some(known) = self.texts.get(text) {
            return Arc::clone(known);
        }
        let kept: Arc<str> = text.into();
        self.texts.insert(text.into(), Arc::clone(&kept));
        kept
    }
}

/// Parses a node. Problems of references are passed to `complain`, with their place.
pub fn understand(
    node: &Node,
    known: &mut Known,
    complain: &mut dyn FnMut(&Span, String),
) -> Placed {
    let expression = match &node.value {
        NodeValue::Plain(Value::Text(text)) if text.contains("${") => {
            match understand_text(text, known) {
                Ok(expression) => expression,
                Err((written, message)) => {
                    complain(&part_of(&written, &node.span), message);
                    Expression::Plain(Value::text(""))
                }
            }
        }
        NodeValue::Plain(_) | NodeValue::Date(_) => Expression::Plain(node.to_value()),
        NodeValue::List(items) => {
            let items: Vec<Placed> = items
                .iter()
                .map(|item| understand(item, known, complain))
                .collect();
            let plain: Option<Vec<Value>> = items
                .iter()
                .map(|item| item.expression.plain().cloned())
                .collect();
            plain.map_or(Expression::List(items), |values| {
                Expression::Plain(Value::List(values))
            })
        }
        NodeValue::Table(table) => {
            let entries: BTreeMap<Arc<str>, Placed> = table
                .entries
                .iter()
                .map(|(key, _, value)| (Arc::clone(key), understand(value, known, complain)))
                .collect();
            let plain: Option<BTreeMap<Arc<str>, Value>> = entries
                .iter()
                .map(|(key, item)| Some((Arc::clone(key), item.expression.plain()?.clone())))
                .collect();
            plain.map_or(Expression::Table(entries), |values| {
                Expression::Plain(Value::Table(values))
            })
        }
    };
    Placed {
        expression,
        span: node.span.clone(),
    }
}

/// Parses text. A problem is returned with the wrong part of the text.
fn understand_text(text: &str, known: &mut Known) -> Result<Expression, (String, String)> {
    let mut pieces: Vec<Piece> = Vec::new();
    let mut plain = String::new();
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        let (before, from) = rest.split_at(start);
        if let Some(before) = before.strip_suffix('$') {
            plain.push_str(before);
            plain.push_str("${");
            rest = from.get(2..).unwrap_or("");
            continue;
        }
        plain.push_str(before);
        let inside = from.get(2..).unwrap_or("");
        let Some(end) = inside.find('}') else {
            return Err((
                "${".into(),
                "`${` without its `}`; write `$${` for the two characters themselves".into(),
            ));
        };
        let (name, after) = inside.split_at(end);
        if !plain.is_empty() {
            pieces.push(Piece::Text(known.text(&std::mem::take(&mut plain))));
        }
        let reference = known
            .reference(name)
            .map_err(|message| (format!("${{{name}}}"), message))?;
        pieces.push(Piece::Reference(reference));
        rest = after.get(1..).unwrap_or("");
    }
    plain.push_str(rest);
    if pieces.is_empty() {
        return Ok(Expression::Plain(Value::text(&plain)));
    }
    if plain.is_empty()
        && let [Piece::Reference(reference)] = pieces.as_slice()
    {
        return Ok(Expression::Whole(Arc::clone(reference)));
    }
    if !plain.is_empty() {
        pieces.push(Piece::Text(known.text(&plain)));
    }
    Ok(Expression::Joined(pieces.into()))
}

fn understand_reference(name: &str) -> Result<Reference, String> {
    let parts: Vec<&str> = name.split('.').collect();
    match parts.as_slice() {
        ["environment"] => Ok(Reference::Environment),
        ["system"] => Ok(Reference::System),
        [parameter] if evenkeel_model::name::is_identifier(parameter) => {
            Ok(Reference::Parameter((*parameter).into()))
        }
        ["parameter", parameter] => Err(format!(
            "a parameter is referred to by its name alone: `${{{parameter}}}`"
        )),
        ["artifact", artifact, attribute] => {
            Ok(Reference::Artifact((*artifact).into(), (*attribute).into()))
        }
        [kind, resource, attribute]
            if !kind.is_empty() && !resource.is_empty() && !attribute.is_empty() =>
        {
            Ok(Reference::Resource(
                Address::new(kind, resource),
                (*attribute).into(),
            ))
        }
        _ => Err(format!(
            "`${{{name}}}` is no reference; one looks like `${{port}}`, `${{directory.home.path}}`, `${{artifact.app.digest}}`, `${{environment}}` or `${{system}}`, and there is no logic in it"
        )),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Expression, Known, Piece, Reference, part_of};
    use evenkeel_model::Value;
    use evenkeel_model::source::{SourceFile, Span};

    fn understand_text(text: &str) -> Result<Expression, (String, String)> {
        super::understand_text(text, &mut Known::default())
    }

    proptest! {
        #[test]
        fn any_text_is_parsed_or_rejected(text in "[\\$\\{\\}a-z\\. é]{0,40}|\\PC*") {
            if let Ok(expression) = understand_text(&text) {
                // The written form of a parsed expression parses back to it.
                let mut written = expression.to_string();
                if written.len() >= 2 && !written.contains('\\') {
                    written = written[1..written.len() - 1].to_owned();
                    if let Expression::Joined(_) | Expression::Whole(_) = expression {
                        prop_assert_eq!(understand_text(&written), Ok(expression));
                    }
                }
            }
        }
    }

    proptest! {
        #[test]
        fn unescaped_text_is_written_unchanged(text in "[ -~]{0,12}|\\PC{0,12}") {
            let escaped = text.escape_debug().to_string().replace("${", "$${");
            let pieces = [Piece::Text(text.as_str().into())];
            prop_assert_eq!(Expression::Joined(pieces.into()).to_string(), format!("\"{escaped}\""));
        }
    }

    #[test]
    fn a_reference_is_found_after_an_escaped_one() {
        let file = SourceFile::new("a.toml", "\"$${port} ${port}\"");
        let span = Span::new(&file, 0..file.text.len());
        assert_eq!(part_of("${port}", &span).start(), 10);
    }

    #[test]
    fn a_whole_reference_keeps_its_type() {
        assert_eq!(
            understand_text("${port}"),
            Ok(Expression::Whole(
                Reference::Parameter("port".into()).into()
            ))
        );
    }

    #[test]
    fn text_and_references_are_separated() {
        let Ok(Expression::Joined(pieces)) = understand_text("http://x:${port}/a$${b}") else {
            panic!("joined");
        };
        assert_eq!(
            *pieces,
            [
                Piece::Text("http://x:".into()),
                Piece::Reference(Reference::Parameter("port".into()).into()),
                Piece::Text("/a${b}".into()),
            ]
        );
        assert_eq!(
            understand_text("$${x}"),
            Ok(Expression::Plain(Value::text("${x}")))
        );
    }

    #[test]
    fn there_is_no_logic() {
        assert!(understand_text("${port + 1}").is_err());
        assert!(understand_text("${port").is_err());
        assert!(understand_text("${}").is_err());
    }
}
