//! Parses bodies: attributes and blocks, with recovery after an error.

use super::super::complaint::{Complaint, Outcome};
use super::super::tree::Place;
use super::super::{codes, limits};
use super::blocks::{Block, Statements};
use super::even;
use super::literal;
use super::parser::{Lost, Parsed, Parser};
use super::token::Kind;

/// Parses a whole text.
pub(super) fn read(text: &str) -> Outcome {
    let mut parser = Parser::new(text);
    let whole = Place::new(0, text.len());
    let mut root = parser.body(None).into_node(whole);
    even::fill(&mut root, text);
    parser.gathering.finish(root)
}

impl<'t> Parser<'t> {
    /// Parses the statements up to the `}` that closes the body, which is not consumed, or to the end of the file;
    /// `opened` is the start of the body.
    fn body(&mut self, opened: Option<Place>) -> Statements<'t> {
        let mut statements = Statements::default();
        // After an error that consumed the rest of the file, do not report unclosed blocks.
        let mut is_lost = false;
        loop {
            self.mind_lines();
            let token = self.peek();
            match token.kind {
                Kind::Newline => {
                    self.take();
                    continue;
                }
                Kind::End => {
                    if let Some(place) = opened.filter(|_| !is_lost) {
                        self.complain_of(place, "unclosed block");
                    }
                    return statements;
                }
                Kind::Symbol if token.text == "}" && opened.is_some() => return statements,
                _ => {}
            }
            if self.gathering.is_full() {
                return statements;
            }
            let (open, depth) = (self.lexer.open(), self.depth);
            is_lost = match self.statement(&mut statements) {
                Ok(()) => false,
                Err(Lost) => {
                    self.depth = depth;
                    // Skip an unmatched bracket, or the loop would not end.
                    let stray = token.kind == Kind::Symbol && self.peek().start == token.start;
                    if stray {
                        self.take();
                    }
                    self.recover(open);
                    true
                }
            };
        }
    }

    fn statement(&mut self, statements: &mut Statements<'t>) -> Parsed<()> {
        let name = self.peek();
        if name.kind != Kind::Word {
            return self.expected("the name of an attribute or a block");
        }
        self.take();
        let place = self.since(name.start);
        if self.takes("=") {
            let value = self.expression()?;
            statements.attribute(name.text, place, value, &mut self.gathering);
        } else {
            let block = self.block(name.text, place)?;
            statements.block(block, &mut self.gathering);
        }
        match self.peek().kind {
            Kind::Newline | Kind::End => Ok(()),
            _ => self.expected("a new line"),
        }
    }

    /// Parses the part of a block after its type.
    fn block(&mut self, kind: &'t str, place: Place) -> Parsed<Block<'t>> {
        let labels = self.labels()?;
        let open = self.peek();
        if !open.is("{") {
            return self.expected(if labels.is_empty() {
                "the `=` of an attribute or the `{` of a block"
            } else {
                "another label or the `{` of this block"
            });
        }
        // A map under its type, one for each label, and a list when there are several.
        let levels = labels.len() + 2;
        self.enter(levels)?;
        self.take();
        let opened = self.since(open.start);
        let statements = if self.peek().kind == Kind::Newline {
            self.body(Some(opened))
        } else {
            let mut statements = Statements::default();
            if !self.peek().is("}") {
                self.single(&mut statements)?;
            }
            if self.peek().kind == Kind::End {
                self.complain_of(opened, "unclosed block");
            }
            statements
        };
        if !self.takes("}") {
            // The end of the file, which was already reported.
            if self.peek().kind == Kind::End || self.gathering.is_full() {
                return Err(Lost);
            }
            return self.expected("the `}` of this block, or a new line after its `{`");
        }
        self.depth -= levels;
        let body = statements.into_node(self.since(open.start));
        Ok(Block {
            kind,
            kind_place: place,
            labels,
            whole: self.since(place.start as usize),
            body,
        })
    }

    /// Parses the only attribute of a block on one line.
    fn single(&mut self, statements: &mut Statements<'t>) -> Parsed<()> {
        let name = self.peek();
        if name.kind != Kind::Word {
            return self.expected("the name of an attribute, or a new line");
        }
        self.take();
        let place = self.since(name.start);
        if !self.takes("=") {
            return self.expected("the `=` of an attribute (nested blocks need separate lines)");
        }
        let value = self.expression()?;
        statements.attribute(name.text, place, value, &mut self.gathering);
        Ok(())
    }

    fn labels(&mut self) -> Parsed<Vec<(Box<str>, Place)>> {
        let mut labels = Vec::new();
        loop {
            let token = self.peek();
            let label: Box<str> = match token.kind {
                Kind::Word => {
                    self.take();
                    token.text.into()
                }
                Kind::QuoteOpen => {
                    self.take();
                    self.label()?
                }
                _ => return Ok(labels),
            };
            let place = self.since(token.start);
            labels.push((label, place));
            if self.depth + labels.len() > limits::DEEPEST {
                self.gathering.complain(limits::too_deep(place));
                return Err(Lost);
            }
        }
    }

    fn complain_of(&mut self, place: Place, message: &str) {
        self.gathering
            .complain(Complaint::new(&codes::SYNTAX, place, message));
    }

    /// Parses a quoted label after its first quote.
    fn label(&mut self) -> Parsed<Box<str>> {
        let mut text = String::new();
        loop {
            let token = self.peek();
            match token.kind {
                Kind::QuoteClose => {
                    self.take();
                    return Ok(text.into());
                }
                Kind::Literal => {
                    self.take();
                    match literal::unquote(token.text) {
                        Ok(part) => text.push_str(&part),
                        Err((bytes, message)) => self.complain_of(
                            Place::new(token.start + bytes.start, token.start + bytes.end),
                            message,
                        ),
                    }
                }
                _ => return self.expected("the end of this label (labels are literal)"),
            }
        }
    }
}
