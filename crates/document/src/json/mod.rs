//! JSON, with comments and trailing commas; files with the extension `.json5` may use all of JSON5.
//!
//! Several values, each starting on a separate line, are several documents. The reader is implemented here: it must
//! keep byte positions, long numbers, duplicate keys and the order of entries, continue after the first value, and
//! never recurse. No existing parser does all of that. `number` and `string` parse numbers and strings.

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
use super::words::Words;
use super::{codes, duplicates};
use evenkeel_model::source::SourceFile;

/// Parses a text: one root for each of its values.
///
/// Stops at the first syntax error; reports duplicate keys up to there as well.
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
        keys: Words::default(),
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
    keys: Words,
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
            let message = format!("unclosed `{opening}`");
            return Err(syntax(open.start, message)
                .with(Place::new(end, end), format!("expected {}", open.wanted())));
        }
        if self.roots.is_empty() {
            return Err(syntax(Place::default(), "expected a value, found nothing"));
        }
        Ok(())
    }

    /// Handles a token outside of all values.
    fn root(&mut self, token: Token) -> Result<(), Complaint> {
        if !self.roots.is_empty() && !token.begins_line {
            return Err(syntax(
                token.place,
                format!("unexpected {} after the end of the value", token.named()),
            ));
        }
        self.begin(token)
    }

    /// Handles a token in an open list or map that expects `next`.
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
                let key = self.keys.shared(&key);
                self.then(Next::Colon(key, token.place));
            }
            (Next::ItemOrEnd, TokenKind::Word(key)) if in_map && self.relaxed => {
                let key = self.keys.shared(&key);
                self.then(Next::Colon(key, token.place));
            }
            (Next::ItemOrEnd, kind) if in_map => {
                let token = Token { kind, ..token };
                let unquoted = matches!(token.kind, TokenKind::Word(_) | TokenKind::Number(..));
                let hint = if unquoted {
                    ": keys must be in double quotes"
                } else {
                    ""
                };
                return Err(syntax(
                    token.place,
                    format!("expected a key or `}}`, found {}{hint}", token.named()),
                ));
            }
            (Next::ItemOrEnd, kind) => return self.begin(Token { kind, ..token }),
            (Next::Colon(key, place), TokenKind::Colon) => self.then(Next::Value(key, place)),
            (Next::Colon(..), kind) => {
                let token = Token { kind, ..token };
                return Err(syntax(
                    token.place,
                    format!(
                        "expected `:` and a value after the key, found {}",
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
                    format!("expected {wanted}, found {}", token.named()),
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

    /// Starts a value.
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
                            "`{}` is not a value: put text in double quotes; the only unquoted words are true, false and null",
                            duplicates::shortened(&word)
                        ),
                    ));
                }
            },
            kind => {
                let token = Token { kind, ..token };
                return Err(syntax(
                    place,
                    format!("expected a value, found {}", token.named()),
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
            let message = format!("mismatched `{closing}`: expected `{expected}`");
            return Err(syntax(place, message).with(open.start, format!("`{opening}` opened here")));
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

    /// Adds a value to its collection.
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
