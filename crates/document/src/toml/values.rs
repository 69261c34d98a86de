//! Builds keys, values and tables from the events of the TOML parser.

use std::borrow::Cow;

use toml_datetime::Datetime;
use toml_parser::decoder::{Encoding, ScalarKind as Found};
use toml_parser::parser::EventReceiver;
use toml_parser::{ErrorSink, ParseError, Raw, Source, Span};

use super::super::gathering::Gathering;
use super::super::tree::{Content, Node, Place, ScalarKind};
use super::place_of;
use super::tables::{Key, ROOT, Tables};

/// An open list or inline table.
struct Frame {
    /// The keys it is the value of; none within a list.
    keys: Vec<Key>,
    start: usize,
    depth: usize,
    what: What,
}

enum What {
    List(Vec<Node>),
    Table(usize),
}

/// The receiver of the parser's events.
pub(super) struct Builder<'t> {
    source: Source<'t>,
    tables: Tables,
    /// The table of the current header.
    current: usize,
    /// The start of the header in progress, and whether it has two brackets.
    header: Option<(usize, bool)>,
    keys: Vec<Key>,
    frames: Vec<Frame>,
}

impl<'t> Builder<'t> {
    pub(super) fn new(source: Source<'t>, deepest: usize) -> Self {
        Self {
            source,
            tables: Tables::new(deepest),
            current: ROOT,
            header: None,
            keys: Vec::new(),
            frames: Vec::new(),
        }
    }

    /// Returns whether the limit of values was exceeded.
    pub(super) fn is_full(&self) -> bool {
        self.tables.gathering.is_full()
    }

    /// Returns the tables with all errors, including the parser's syntax errors.
    pub(super) fn into_tables(self, problems: Gathering) -> Tables {
        let mut tables = self.tables;
        // Errors about depth and duplicates are kept, even among the unclosed brackets that follow from them.
        tables.gathering.merge(problems);
        tables
    }

    fn raw(&self, span: Span, encoding: Option<Encoding>) -> Raw<'t> {
        let text = self.source.input().get(span.start()..span.end());
        Raw::new_unchecked(text.unwrap_or(""), encoding, span)
    }

    fn open_header(&mut self, span: Span, is_list: bool) {
        self.frames.clear();
        self.keys.clear();
        self.header = Some((span.start(), is_list));
    }

    fn close_header(&mut self, span: Span) {
        let keys = std::mem::take(&mut self.keys);
        if let Some((start, is_list)) = self.header.take() {
            let place = Place::new(start, span.end());
            self.current = self.tables.open(keys, is_list, place);
        }
    }

    /// Opens a list or braces, unless nested too deep; the parser's guard reports that.
    fn open(&mut self, span: Span, is_table: bool) -> bool {
        let keys = std::mem::take(&mut self.keys);
        let around = match self.frames.last() {
            Some(frame) => frame.depth,
            None => self.tables.depth(self.current),
        };
        let depth = around + 1 + keys.len().saturating_sub(1);
        let place = place_of(span);
        let what = if is_table {
            What::Table(self.tables.add_inline(depth, place))
        } else {
            What::List(Vec::new())
        };
        self.frames.push(Frame {
            keys,
            start: span.start(),
            depth,
            what,
        });
        let is_too_deep = depth > self.tables.deepest;
        if is_too_deep {
            self.tables.complain_of_depth(place);
        }
        !is_too_deep
    }

    fn close(&mut self, span: Span) {
        let Some(frame) = self.frames.pop() else {
            return;
        };
        let place = Place::new(frame.start, span.end());
        let node = match frame.what {
            What::List(items) => Node::new(place, Content::List(items)),
            What::Table(table) => {
                let mut node = self.tables.take(table);
                node.place = place;
                node
            }
        };
        self.put(frame.keys, node);
    }

    fn put(&mut self, keys: Vec<Key>, node: Node) {
        match self.frames.last_mut().map(|frame| &mut frame.what) {
            Some(What::List(items)) => {
                self.tables.gathering.count(node.place);
                // Excess values were already reported and must not use memory.
                if !self.tables.gathering.is_full() {
                    items.push(node);
                }
            }
            Some(What::Table(table)) => {
                let table = *table;
                self.tables.insert(table, keys, node);
            }
            None => self.tables.insert(self.current, keys, node),
        }
    }
}

impl EventReceiver for Builder<'_> {
    fn std_table_open(&mut self, span: Span, _: &mut dyn ErrorSink) {
        self.open_header(span, false);
    }

    fn std_table_close(&mut self, span: Span, _: &mut dyn ErrorSink) {
        self.close_header(span);
    }

    fn array_table_open(&mut self, span: Span, _: &mut dyn ErrorSink) {
        self.open_header(span, true);
    }

    fn array_table_close(&mut self, span: Span, _: &mut dyn ErrorSink) {
        self.close_header(span);
    }

    fn inline_table_open(&mut self, span: Span, _: &mut dyn ErrorSink) -> bool {
        self.open(span, true)
    }

    fn inline_table_close(&mut self, span: Span, _: &mut dyn ErrorSink) {
        self.close(span);
    }

    fn array_open(&mut self, span: Span, _: &mut dyn ErrorSink) -> bool {
        self.open(span, false)
    }

    fn array_close(&mut self, span: Span, _: &mut dyn ErrorSink) {
        self.close(span);
    }

    fn simple_key(&mut self, span: Span, kind: Option<Encoding>, errors: &mut dyn ErrorSink) {
        let mut key = Cow::Borrowed("");
        self.raw(span, kind).decode_key(&mut key, errors);
        // A few more than the limit suffice to detect excessive depth.
        if self.keys.len() < self.tables.deepest + 2 {
            self.keys.push((key.into(), place_of(span)));
        }
    }

    fn scalar(&mut self, span: Span, kind: Option<Encoding>, errors: &mut dyn ErrorSink) {
        let raw = self.raw(span, kind);
        let mut text = Cow::Borrowed("");
        let found = raw.decode_scalar(&mut text, errors);
        let (kind, text) = match found {
            Found::String => (ScalarKind::Text, text),
            Found::Boolean(true) => (ScalarKind::Boolean, "true".into()),
            Found::Boolean(false) => (ScalarKind::Boolean, "false".into()),
            Found::DateTime => {
                if let Err(error) = text.parse::<Datetime>() {
                    let problem = ParseError::new(error.to_string());
                    errors.report_error(problem.with_unexpected(span));
                }
                (ScalarKind::Date, raw.as_str().into())
            }
            Found::Float => (ScalarKind::Float, without_plus(&text).to_owned().into()),
            Found::Integer(radix) => (ScalarKind::Integer, integer(&text, radix.value()).into()),
        };
        let keys = std::mem::take(&mut self.keys);
        self.put(keys, Node::scalar(place_of(span), kind, text));
    }

    fn newline(&mut self, _: Span, _: &mut dyn ErrorSink) {
        // The rest of an invalid line.
        if self.frames.is_empty() {
            self.keys.clear();
        }
    }
}

fn without_plus(text: &str) -> &str {
    text.strip_prefix('+').unwrap_or(text)
}

/// Converts an integer to decimal. One of another base beyond 128 bits keeps its digits.
fn integer(text: &str, radix: u32) -> String {
    let digits = without_plus(text).replace('_', "");
    if radix != 10 {
        return u128::from_str_radix(&digits, radix).map_or_else(
            |_| format!("base {radix}: {}", digits.to_ascii_lowercase()),
            |number| number.to_string(),
        );
    }
    if digits == "-0" {
        "0".to_owned()
    } else {
        digits
    }
}
