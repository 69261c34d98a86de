//! The tree of a TOML file: every key and every value with its place.
//!
//! `serde` stops at the first wrong type; a definition with five mistakes must show five. So files are read into this
//! tree with the parser's own recovery, and judged on it.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;

use toml::de::{DeTable, DeValue};

use super::{SourceFile, Span, pieces};
use crate::Value;

/// Deepest nesting that is read: deeper files are refused, whatever the parser would bear.
const DEEPEST: usize = 64;

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

/// Something in the text that is not TOML.
#[derive(Debug, Clone)]
pub struct SyntaxProblem {
    /// Where.
    pub span: Span,
    /// What the parser says.
    pub message: String,
}

/// Reads a TOML file whole, with everything that is wrong with its syntax.
///
/// What could be understood in spite of problems is in the tree; a caller that has problems must not act on it.
#[must_use]
pub fn parse(file: &Arc<SourceFile>) -> (Table, Vec<SyntaxProblem>) {
    pieces::parse(file, pieces::PIECE).map_or_else(|| whole(file), |table| (table, Vec::new()))
}

/// Reads a file in one piece.
pub(super) fn whole(file: &Arc<SourceFile>) -> (Table, Vec<SyntaxProblem>) {
    let (table, errors) = DeTable::parse_recoverable(&file.text);
    let problems: Vec<SyntaxProblem> = errors
        .iter()
        .map(|error| SyntaxProblem {
            span: Span::new(file, error.span().unwrap_or(0..0)),
            message: message(error.message()),
        })
        .collect();
    let mut conversion = Conversion {
        problems,
        ..Conversion::new(file)
    };
    let told = conversion.problems.len();
    let table = conversion.table(table.into_inner(), 0);
    let mut problems = conversion.problems;
    // What the parser complained about was understood by halves: that it is no number either is its consequence.
    let consequences = problems.split_off(told);
    let told: HashSet<usize> = problems.iter().map(|each| each.span.start()).collect();
    problems.extend(
        consequences
            .into_iter()
            .filter(|problem| !told.contains(&problem.span.start())),
    );
    (table, problems)
}

/// What the parser says; of a number with a leading zero, which is mostly meant as a file's mode, what to write.
fn message(parsers: &str) -> String {
    if parsers.starts_with("unexpected leading zero") {
        return "a number has no leading zero; write a mode as text: \"0640\"".to_owned();
    }
    parsers.to_owned()
}

/// The way from the parser's tree to ours. The parser's is taken apart on the way, so that the two of a large file are
/// never in memory together.
pub(super) struct Conversion<'f> {
    file: &'f Arc<SourceFile>,
    /// Where in the file the piece begins that was parsed.
    pub(super) offset: usize,
    pub(super) problems: Vec<SyntaxProblem>,
    /// Keys and short texts, each kept once: a file of many resources says `on = "web"` many times.
    words: HashSet<Arc<str>>,
}

impl<'f> Conversion<'f> {
    pub(super) fn new(file: &'f Arc<SourceFile>) -> Self {
        Self {
            file,
            offset: 0,
            problems: Vec::new(),
            words: HashSet::new(),
        }
    }

    fn span(&self, within: Range<usize>) -> Span {
        Span::new(
            self.file,
            within.start.saturating_add(self.offset)..within.end.saturating_add(self.offset),
        )
    }

    pub(super) fn table(&mut self, table: DeTable<'_>, depth: usize) -> Table {
        let entries = table
            .into_iter()
            .map(|(key, value)| {
                let span = self.span(key.span());
                (self.word(key.get_ref()), span, self.node(value, depth))
            })
            .collect();
        Table { entries }
    }

    fn node(&mut self, value: toml::Spanned<DeValue<'_>>, depth: usize) -> Node {
        let span = self.span(value.span());
        if depth > DEEPEST {
            self.problem(&span, format!("nested deeper than {DEEPEST} levels"));
            return Node {
                span,
                value: NodeValue::Plain(Value::text("")),
            };
        }
        let value = match value.into_inner() {
            DeValue::String(text) => NodeValue::Plain(Value::Text(self.word(&text))),
            DeValue::Integer(number) => {
                let digits = number.as_str().replace('_', "");
                let number = i64::from_str_radix(&digits, number.radix()).unwrap_or_else(|_| {
                    self.problem(&span, "an integer must fit in 64 bits".into());
                    0
                });
                NodeValue::Plain(Value::Integer(number))
            }
            DeValue::Float(number) => {
                let number: f64 = number.as_str().replace('_', "").parse().unwrap_or(f64::NAN);
                if !number.is_finite() {
                    self.problem(&span, "a number must be finite".into());
                }
                NodeValue::Plain(Value::Float(if number.is_finite() { number } else { 0.0 }))
            }
            DeValue::Boolean(boolean) => NodeValue::Plain(Value::Boolean(boolean)),
            DeValue::Datetime(date) => NodeValue::Date(date.to_string()),
            DeValue::Array(items) => NodeValue::List(
                items
                    .into_iter()
                    .map(|item| self.node(item, depth + 1))
                    .collect(),
            ),
            DeValue::Table(table) => NodeValue::Table(self.table(table, depth + 1)),
        };
        Node { span, value }
    }

    fn problem(&mut self, span: &Span, message: String) {
        self.problems.push(SyntaxProblem {
            span: span.clone(),
            message,
        });
    }

    fn word(&mut self, text: &str) -> Arc<str> {
        /// Longer ones are seldom said twice.
        const SHORT: usize = 24;
        if text.len() > SHORT {
            return text.into();
        }
        if let Some(known) = self.words.get(text) {
            return Arc::clone(known);
        }
        let word: Arc<str> = text.into();
        self.words.insert(Arc::clone(&word));
        word
    }
}

#[cfg(test)]
mod tests {
    use super::{NodeValue, parse};
    use crate::Value;
    use crate::source::SourceFile;

    #[test]
    fn every_key_and_value_has_its_place() {
        let file = SourceFile::new(
            "a.toml",
            "[file.motd]\nmode = \"0644\"\nsize = 0x10\nday = 2027-06-30\n",
        );
        let (table, problems) = parse(&file);
        assert!(problems.is_empty(), "{problems:?}");
        let motd = table
            .get("file")
            .and_then(|node| node.as_table()?.get("motd"))
            .unwrap();
        let mode = motd.as_table().unwrap().get("mode").unwrap();
        assert_eq!(mode.span.location().to_string(), "a.toml:2:8");
        let size = motd.as_table().unwrap().get("size").unwrap();
        assert!(matches!(size.value, NodeValue::Plain(Value::Integer(16))));
        assert!(
            matches!(&motd.as_table().unwrap().get("day").unwrap().value, NodeValue::Date(day) if day == "2027-06-30")
        );
    }

    #[test]
    fn all_syntax_problems_are_told() {
        let file = SourceFile::new("a.toml", "a = \nb = 1\nc = \n");
        let (table, problems) = parse(&file);
        assert_eq!(problems.len(), 2, "{problems:?}");
        assert!(table.get("b").is_some());
    }

    #[test]
    fn one_mistake_is_told_once() {
        let file = SourceFile::new("a.toml", "mode = 0750\nother = 99999999999999999999\n");
        let (_, problems) = parse(&file);
        let places: Vec<String> = problems
            .iter()
            .map(|problem| problem.span.location().to_string())
            .collect();
        assert_eq!(places, ["a.toml:1:8", "a.toml:2:9"], "{problems:?}");
        assert!(problems[0].message.contains("\"0640\""), "{problems:?}");
    }
}
