//! Parses collections of expressions: arguments, lists, objects, and `for` in either bracket.

use super::super::gathering::Entries;
use super::super::tree::{Content, Entry, Node, Place, ScalarKind};
use super::even::even;
use super::expression::computed;
use super::parser::{Parsed, Parser};
use super::token::{Kind, is_word};

impl Parser<'_> {
    pub(super) fn arguments(&mut self) -> Parsed<()> {
        while !self.takes(")") {
            self.expression()?;
            if self.takes("...") {
                return self.expect(")", "the `)` that closes this call");
            }
            if !self.takes(",") {
                return self.expect(")", "`,` or the `)` that closes this call");
            }
        }
        Ok(())
    }

    pub(super) fn list(&mut self, start: usize) -> Parsed<Node> {
        if self.peek().is_word("for") {
            return self.for_expression(start, "]");
        }
        let mut items = Vec::new();
        while !self.takes("]") {
            items.push(self.expression()?);
            if !self.takes(",") {
                self.expect("]", "`,` or the `]` that closes this list")?;
                break;
            }
        }
        Ok(Node::new(self.since(start), Content::List(items)))
    }

    pub(super) fn object(&mut self, start: usize) -> Parsed<Node> {
        let lines = std::mem::replace(&mut self.lines, false);
        if self.peek().is_word("for") {
            let node = self.for_expression(start, "}")?;
            self.lines = lines;
            return Ok(node);
        }
        self.lines = true;
        let mut entries = Entries::default();
        loop {
            while self.peek().kind == Kind::Newline {
                self.take();
            }
            if self.takes("}") {
                break;
            }
            let (key, place) = self.key()?;
            if !self.takes("=") && !self.takes(":") {
                return self.expected("the `=` after this key");
            }
            let value = self.expression()?;
            let key = key.into();
            entries.insert(Entry { key, place, value }, &mut self.gathering);
            if self.peek().kind != Kind::Newline && !self.takes(",") && !self.peek().is("}") {
                return self.expected("`,`, a new line, or the `}` that closes this object");
            }
        }
        self.lines = lines;
        Ok(entries.into_node(self.since(start)))
    }

    /// Parses the key of an object: a name, a literal, or the source of a computed key.
    fn key(&mut self) -> Parsed<(Box<str>, Place)> {
        let start = self.peek().start;
        let is_computed = self.peek().is("(");
        let node = self.expression()?;
        let place = self.since(start);
        let source = self
            .text
            .get(place.start as usize..place.end as usize)
            .unwrap_or("");
        let key = match node.content {
            _ if is_computed => even(source).into(),
            Content::Scalar(scalar) => match scalar.kind {
                ScalarKind::Expression if is_word(source) => source.into(),
                ScalarKind::Expression => even(source).into(),
                ScalarKind::Null => "null".into(),
                _ => scalar.text,
            },
            _ => even(source).into(),
        };
        Ok((key, place))
    }

    /// Parses the part of a `for` after `[` or `{`; line ends are no tokens there.
    fn for_expression(&mut self, start: usize, close: &str) -> Parsed<Node> {
        self.take();
        self.for_names()?;
        self.expect(":", "the `:` of this `for`")?;
        self.expression()?;
        if close == "}" {
            self.expect("=>", "the `=>` of this `for`")?;
            self.expression()?;
            self.takes("...");
        }
        if self.peek().is_word("if") {
            self.take();
            self.expression()?;
        }
        self.expect(close, "the end of this `for`")?;
        Ok(computed(self.since(start)))
    }

    /// Parses `key, value in list`.
    pub(super) fn for_names(&mut self) -> Parsed<()> {
        loop {
            if self.peek().kind != Kind::Word {
                return self.expected("a name");
            }
            self.take();
            if !self.takes(",") {
                break;
            }
        }
        if !self.peek().is_word("in") {
            return self.expected("`in`");
        }
        self.take();
        self.expression()?;
        Ok(())
    }
}
