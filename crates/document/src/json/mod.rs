//! JSON, with comments and trailing commas; files that end in `.json5` may use all of JSON5.
//!
//! Several values, each from a line of its own, are several documents. The reader is written here, since it has to keep
//! places in bytes, long numbers, every repeated key and the order of entries, go on after the first value, and never
//! recurse, which no parser of a crate does together. Numbers and strings are in `number` and `string`.

mod lex;
mod number;
mod open;
mod string;

#[cfg(test)]
mod property_tests;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use self::lex::{Lexer, Token, TokenKind};
use self::open::{Next, Open, Values};
use super::complaint::{Complaint, Gathered, Outcome};
use super::limits::{self, DEEPEST, MOST_NODES};
use super::tree::{Content, Node, Place, ScalarKind, without_room};
use super::{codes, duplicates};
use evenkeel_model::source::SourceFile;

/// Reads a text: one root for each value that stands in it.
///
/// Reading ends at the first thing that is no JSON; keys that were repeated up to there are told as well.
pub(super) fn read(file: &Arc<SourceFile>) -> Outcome {
    let relaxed = std::path::Path::new(&file.path)
        .extension()
        .is_some_and(|ending| ending.eq_ignore_ascii_case("json5"));
    let mut reader = Reader {
        lexer: Lexer::new(&file.text, relaxed),
        open: Vec::new(),
        roots: Vec::new(),
        complaints: Gathered::default(),
        nodes: 0,
        relaxed,
    };
    if let Err(complaint) = reader.run() {
        reader.complaints.push(complaint);
    }
    reader.complaints.outcome(reader.roots)
}

struct Reader<'text> {
    lexer: Lexer<'text>,
    open: Vec<Open>,
    roots: Vec<Node>,
    complaints: Gathered,
    nodes: usize,
    relaxed: bool,
}

impl Reader<'_> {
    fn run(&mut self) -> Result<(), Complaint> {
        let mut end = 0;
        while let Some(token) = self.lexer.next()? {
            end = token.place.end as usize;
            match self.open.last_mut() {
                None => self.root(token)?,
                Some(open) => {
                    let next = std::mem::replace(&mut open.next, Next::CommaOrEnd);
                    self.inside(next, token)?;
                }
            }
        }
        if let Some(open) = self.open.last() {
            let (opening, _) = open.brackets();
            let message = format!("this `{opening}` is never closed");
            return Err(syntax(open.start, message).with(
                Place::new(end, end),
                format!("{} is expected here", open.wanted()),
            ));
        }
        if self.roots.is_empty() {
            return Err(syntax(
                Place::default(),
                "a value is expected, and there is none",
            ));
        }
        Ok(())
    }

    /// A token outside of everything.
    fn root(&mut self, token: Token) -> Result<(), Complaint> {
        if !self.roots.is_empty() && !token.begins_line {
            return Err(syntax(
                token.place,
                format!(
                    "the end is expected, or another value on a line of its own, and here is {}",
                    token.named()
                ),
            ));
        }
        self.begin(token)
    }

    /// A token in an open list or map, where `next` may come.
    fn inside(&mut self, next: Next, token: Token) -> Result<(), Complaint> {
        let in_map = matches!(
            self.open.last(),
            Some(Open {
                values: Values::Map(_),
                ..
            })
        );
        match (next, token.kind) {
            (Next::ItemOrEnd | Next::CommaOrEnd, TokenKind::Close(closing)) => {
                return self.close(closing, token.place);
            }
            (Next::ItemOrEnd, TokenKind::Text(key)) if in_map => {
                self.then(Next::Colon(key, token.place));
            }
            (Next::ItemOrEnd, TokenKind::Word(key)) if in_map && self.relaxed => {
                self.then(Next::Colon(key, token.place));
            }
            (Next::ItemOrEnd, kind) if in_map => {
                let token = Token { kind, ..token };
                let unquoted = matches!(token.kind, TokenKind::Word(_) | TokenKind::Number(..));
                let hint = if unquoted {
                    ": keys stand in double quotes"
                } else {
                    ""
                };
                return Err(syntax(
                    token.place,
                    format!(
                        "a key or `}}` is expected, and here is {}{hint}",
                        token.named()
                    ),
                ));
            }
            (Next::ItemOrEnd, kind) => return self.begin(Token { kind, ..token }),
            (Next::Colon(key, place), TokenKind::Colon) => self.then(Next::Value(key, place)),
            (Next::Colon(..), kind) => {
                let token = Token { kind, ..token };
                return Err(syntax(
                    token.place,
                    format!(
                        "`:` and a value are expected after a key, and here is {}",
                        token.named()
                    ),
                ));
            }
            (Next::Value(key, place), kind) => {
                self.then(Next::Value(key, place));
                return self.begin(Token { kind, ..token });
            }
            (Next::CommaOrEnd, TokenKind::Comma) => self.then(Next::ItemOrEnd),
            (Next::CommaOrEnd, kind) => {
                let token = Token { kind, ..token };
                let wanted = self.open.last().map_or("", Open::wanted);
                return Err(syntax(
                    token.place,
                    format!("{wanted} is expected, and here is {}", token.named()),
                ));
            }
        }
        Ok(())
    }

    fn then(&mut self, next: Next) {
        if let Some(open) = self.open.last_mut() {
            open.next = next;
        }
    }

    /// A value begins.
    fn begin(&mut self, token: Token) -> Result<(), Complaint> {
        self.nodes += 1;
        if self.nodes > MOST_NODES {
            return Err(limits::too_many(token.place));
        }
        let place = token.place;
        let node = match token.kind {
            TokenKind::Open(opening) => {
                if self.open.len() >= DEEPEST {
                    return Err(limits::too_deep(place));
                }
                let values = if opening == '[' {
                    Values::List(Vec::new())
                } else {
                    Values::Map(Vec::new())
                };
                self.open.push(Open {
                    start: place,
                    values,
                    next: Next::ItemOrEnd,
                });
                return Ok(());
            }
            TokenKind::Text(text) => Node::scalar(place, ScalarKind::Text, text),
            TokenKind::Number(kind, text) => Node::scalar(place, kind, text),
            TokenKind::Word(word) => match &*word {
                "true" | "false" => Node::scalar(place, ScalarKind::Boolean, word),
                "null" => Node::scalar(place, ScalarKind::Null, ""),
                _ => {
                    return Err(syntax(
                        place,
                        format!(
                            "`{}` is no value: text stands in double quotes, and other words than true, false and null there are none",
                            duplicates::shortened(&word)
                        ),
                    ));
                }
            },
            kind => {
                let token = Token { kind, ..token };
                return Err(syntax(
                    place,
                    format!("a value is expected, and here is {}", token.named()),
                ));
            }
        };
        self.put(node);
        Ok(())
    }

    fn close(&mut self, closing: char, place: Place) -> Result<(), Complaint> {
        let Some(open) = self.open.pop() else {
            return Ok(());
        };
        let (opening, expected) = open.brackets();
        if closing != expected {
            let message = format!("`{closing}` cannot close `{opening}`: `{expected}` is expected");
            return Err(syntax(place, message).with(open.start, format!("`{opening}` stands here")));
        }
        let content = match open.values {
            Values::List(items) => Content::List(without_room(items)),
            Values::Map(mut entries) => {
                duplicates::complain(&mut entries, &mut self.complaints);
                Content::Map(without_room(entries))
            }
        };
        let whole = Place {
            start: open.start.start,
            end: place.end,
        };
        self.put(Node::new(whole, content));
        Ok(())
    }

    /// Puts a value where it belongs.
    fn put(&mut self, node: Node) {
        match self.open.last_mut() {
            Some(open) => open.put(node),
            None => self.roots.push(node),
        }
    }
}

fn syntax(place: Place, message: impl Into<String>) -> Complaint {
    Complaint::new(&codes::SYNTAX, place, message)
}
