//! Parses templates, quoted and heredocs: text if they are literal, an expression otherwise.

use super::super::codes;
use super::super::complaint::Complaint;
use super::super::tree::{Node, Place, ScalarKind};
use super::expression::computed;
use super::literal;
use super::parser::{Parsed, Parser};
use super::token::{Kind, Token};

impl<'t> Parser<'t> {
    pub(super) fn quoted(&mut self, start: usize) -> Parsed<Node> {
        let mut text = String::new();
        let is_plain = self.parts(Kind::QuoteClose, |parser, literal| {
            match literal::unquote(literal.text) {
                Ok(part) => text.push_str(&part),
                Err((bytes, message)) => {
                    let place = Place::new(literal.start + bytes.start, literal.start + bytes.end);
                    parser
                        .gathering
                        .complain(Complaint::new(&codes::SYNTAX, place, message));
                }
            }
        })?;
        let place = self.since(start);
        Ok(if is_plain {
            Node::scalar(place, ScalarKind::Text, text)
        } else {
            computed(place)
        })
    }

    pub(super) fn heredoc(&mut self, open: &Token<'t>) -> Parsed<Node> {
        let mut lines = Vec::new();
        let is_plain = self.parts(Kind::HeredocClose, |_, literal| lines.push(literal.text))?;
        let place = self.since(open.start);
        if !is_plain {
            return Ok(computed(place));
        }
        if open.text.starts_with("<<-") {
            let least = lines.iter().filter_map(|line| literal::indent(line)).min();
            for line in &mut lines {
                *line = literal::dedent(line, least.unwrap_or_default());
            }
        }
        let text = literal::unescape_heredoc(&lines.concat());
        Ok(Node::scalar(place, ScalarKind::Text, text))
    }

    /// Parses the parts of a template up to its end. Returns whether all of it was literal.
    fn parts(
        &mut self,
        close: Kind,
        mut literal: impl FnMut(&mut Self, &Token<'t>),
    ) -> Parsed<bool> {
        let mut is_plain = true;
        let mut open: Vec<&str> = Vec::new();
        loop {
            let token = self.peek();
            match token.kind {
                Kind::Literal => {
                    self.take();
                    literal(self, &token);
                }
                Kind::Interpolation => {
                    self.take();
                    is_plain = false;
                    self.across_lines(|parser| {
                        parser.expression()?;
                        parser.template_end()
                    })?;
                }
                Kind::Directive => {
                    self.take();
                    is_plain = false;
                    self.across_lines(|parser| parser.directive(&mut open))?;
                }
                kind if kind == close && open.is_empty() => {
                    self.take();
                    return Ok(is_plain);
                }
                kind if kind == close => {
                    return self.expected("the `%{endif}` or `%{endfor}` of this template");
                }
                _ => return self.expected("the end of this template"),
            }
        }
    }

    fn template_end(&mut self) -> Parsed<()> {
        if self.peek().kind != Kind::TemplateEnd {
            return self.expected("the `}` that closes this part of the template");
        }
        self.take();
        Ok(())
    }

    /// Parses the part after `%{`.
    fn directive(&mut self, open: &mut Vec<&'t str>) -> Parsed<()> {
        let token = self.peek();
        match (token.text, open.last().copied()) {
            ("if", _) => {
                self.take();
                self.expression()?;
                open.push("if");
            }
            ("for", _) => {
                self.take();
                self.for_names()?;
                open.push("for");
            }
            ("else", Some("if")) => {
                self.take();
                open.pop();
                open.push("else");
            }
            ("endif", Some("if" | "else")) | ("endfor", Some("for")) => {
                self.take();
                open.pop();
            }
            _ => return self.expected("`if`, `for`, or the end of an open directive"),
        }
        self.template_end()
    }
}
