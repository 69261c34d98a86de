//! Definitions: the tables of a TOML file as the tree that `environment` interprets, despite errors in it.
//!
//! `serde` stops at the first wrong type, but all errors of a definition must be reported. Values are limited to those
//! of definitions: integers of 64 bits and finite numbers.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;

use toml_datetime::Datetime;

use super::super::codes;
use super::super::complaint::Complaint;
use super::super::gathering::Gathering;
use super::super::tree::{Content, Node as Read, Place, Scalar, ScalarKind};
use super::super::words::Words;
use super::tables::{Item, ROOT, Tables};
use super::{PIECE, parts, tables};
use evenkeel_model::Value;
use evenkeel_model::source::{Node, NodeValue, SourceFile, Span, Table};

/// The deepest nesting of a definition: its values become part of plans, whose reader has its own limit.
const DEEPEST: usize = 64;

/// A syntax error in a definition.
#[derive(Debug, Clone)]
pub struct SyntaxProblem {
    /// The place.
    pub span: Span,
    /// The problem in a few words.
    pub message: String,
}

/// Parses a definition, with all its syntax errors.
///
/// The tree contains everything that is valid despite errors; a caller with errors must not act on it.
#[must_use]
pub fn definition(file: &Arc<SourceFile>) -> (Table, Vec<SyntaxProblem>) {
    match parts::read(file, parts::SHORTEST) {
        Some(table) => (table, Vec::new()),
        None => read(file, PIECE),
    }
}

/// Parses a part of a definition; also returns the number of its values. `None` when it is not valid TOML by itself.
pub(super) fn read_part(file: &Arc<SourceFile>, part: Range<usize>) -> Option<(Table, usize)> {
    let tables = tables(file.text.get(part.clone())?, DEEPEST, PIECE);
    let nodes = tables.gathering.nodes();
    let offset = u32::try_from(part.start).ok()?;
    let mut conversion = Conversion::new(file, offset, tables);
    let table = conversion.table(ROOT);
    let Conversion { tables, unfit, .. } = conversion;
    let is_sound =
        tables.gathering.into_complaints().is_empty() && unfit.into_complaints().is_empty();
    is_sound.then_some((table, nodes))
}

/// Parses a definition in pieces of about this number of tokens.
pub(super) fn read(file: &Arc<SourceFile>, piece: usize) -> (Table, Vec<SyntaxProblem>) {
    let mut conversion = Conversion::new(file, 0, tables(&file.text, DEEPEST, piece));
    let table = conversion.table(ROOT);
    let mut problems = conversion.tables.gathering.into_complaints();
    // Do not report a value again that the parser has reported.
    let starts: HashSet<u32> = problems.iter().map(|each| each.place.start).collect();
    let unfit = conversion.unfit.into_complaints();
    problems.extend(
        unfit
            .into_iter()
            .filter(|complaint| !starts.contains(&complaint.place.start)),
    );
    problems.sort_by_key(|complaint| complaint.place.start);
    let problems = problems
        .into_iter()
        .map(|complaint| SyntaxProblem {
            span: span(file, complaint.place),
            message: message(file, complaint),
        })
        .collect();
    (table, problems)
}

fn span(file: &Arc<SourceFile>, place: Place) -> Span {
    Span::new(file, place.start as usize..place.end as usize)
}

/// Returns the message of a complaint in the context of a definition.
fn message(file: &Arc<SourceFile>, complaint: Complaint) -> String {
    if let Some((first, _)) = complaint.other {
        let line = span(file, first).location().line;
        return format!("duplicate key, first used on line {line}");
    }
    // A number with a leading zero is usually meant as a file mode.
    if complaint.message.starts_with("unexpected leading zero") {
        return "numbers must not have a leading zero; write a mode as text: \"0640\"".to_owned();
    }
    complaint.message
}

/// The conversion of tables. It consumes them, so that a large file is not in memory twice.
struct Conversion<'f> {
    file: &'f Arc<SourceFile>,
    /// The start of the tables' text in the file.
    offset: u32,
    tables: Tables,
    /// Errors about values that are invalid in definitions.
    unfit: Gathering,
    /// Interned keys and short texts: a file with many resources repeats `on = "web"` many times.
    words: Words,
}

impl<'f> Conversion<'f> {
    fn new(file: &'f Arc<SourceFile>, offset: u32, tables: Tables) -> Self {
        Self {
            file,
            offset,
            tables,
            unfit: Gathering::default(),
            words: Words::default(),
        }
    }

    fn span(&self, place: Place) -> Span {
        let moved = Place {
            start: place.start + self.offset,
            end: place.end + self.offset,
        };
        span(self.file, moved)
    }

    fn table(&mut self, table: usize) -> Table {
        let entries = self
            .tables
            .take_entries(table)
            .into_iter()
            .map(|((key, place), item)| {
                let node = self.item(item, place);
                (self.word(&key), self.span(place), node)
            })
            .collect();
        Table { entries }
    }

    /// Converts the value of the key at `key`, which is the place of a table without header and braces.
    fn item(&mut self, item: Item, key: Place) -> Node {
        let (place, value) = match item {
            Item::Value(read) => return self.node(read),
            Item::Table(table) => (
                self.tables.place(table),
                NodeValue::Table(self.table(table)),
            ),
            Item::Tables(tables) => {
                let first = tables.first().and_then(|table| self.tables.place(*table));
                let items = tables
                    .into_iter()
                    .map(|table| self.item(Item::Table(table), key));
                (first, NodeValue::List(items.collect()))
            }
        };
        Node {
            span: self.span(place.unwrap_or(key)),
            value,
        }
    }

    fn node(&mut self, read: Read) -> Node {
        let value = match read.content {
            Content::Scalar(scalar) => self.scalar(&scalar, read.place),
            Content::List(items) => {
                NodeValue::List(items.into_iter().map(|item| self.node(item)).collect())
            }
            Content::Map(entries) => {
                let entries = entries.into_iter().map(|entry| {
                    let node = self.node(entry.value);
                    (self.word(&entry.key), self.span(entry.place), node)
                });
                NodeValue::Table(Table {
                    entries: entries.collect(),
                })
            }
        };
        Node {
            span: self.span(read.place),
            value,
        }
    }

    fn scalar(&mut self, scalar: &Scalar, place: Place) -> NodeValue {
        let text = &*scalar.text;
        NodeValue::Plain(match scalar.kind {
            ScalarKind::Boolean => Value::Boolean(text == "true"),
            ScalarKind::Integer => Value::Integer(text.parse().unwrap_or_else(|_| {
                self.complain(place, "integers must fit in 64 bits".to_owned());
                0
            })),
            ScalarKind::Float => {
                let number = text.parse().ok().filter(|number: &f64| number.is_finite());
                Value::Float(number.unwrap_or_else(|| {
                    self.complain(place, "numbers must be finite".to_owned());
                    0.0
                }))
            }
            ScalarKind::Date => {
                let date = text.parse::<Datetime>();
                return NodeValue::Date(
                    date.map_or_else(|_| text.to_owned(), |date| date.to_string()),
                );
            }
            ScalarKind::Text | ScalarKind::Null | ScalarKind::Expression | ScalarKind::Loose => {
                Value::Text(self.word(text))
            }
        })
    }

    fn complain(&mut self, place: Place, message: String) {
        self.unfit
            .complain(Complaint::new(&codes::SYNTAX, place, message));
    }

    fn word(&mut self, text: &str) -> Arc<str> {
        self.words.shared(text)
    }
}
