//! JSON tokens: brackets, separators, words, numbers and strings, without white space and comments.

use super::super::complaint::Complaint;
use super::super::tree::{Place, ScalarKind};
use super::{number, string, syntax};

/// A token and its place.
pub(super) struct Token {
    pub(super) place: Place,
    pub(super) kind: TokenKind,
    /// Whether a line end precedes it.
    pub(super) begins_line: bool,
}

/// The kind of a token.
pub(super) enum TokenKind {
    /// `[` or `{`.
    Open(char),
    /// `]` or `}`.
    Close(char),
    Comma,
    Colon,
    /// A string, decoded.
    Text(Box<str>),
    /// A number in its canonical text.
    Number(ScalarKind, Box<str>),
    /// `true`, `null`, and words that are not JSON.
    Word(Box<str>),
}

impl Token {
    /// Returns the name of the token, for messages.
    pub(super) fn named(&self) -> String {
        match &self.kind {
            TokenKind::Open(bracket) | TokenKind::Close(bracket) => format!("`{bracket}`"),
            TokenKind::Comma => "`,`".to_owned(),
            TokenKind::Colon => "`:`".to_owned(),
            TokenKind::Text(_) => "a string".to_owned(),
            TokenKind::Number(..) => "a number".to_owned(),
            TokenKind::Word(_) => "an unquoted word".to_owned(),
        }
    }
}

/// The lexer.
pub(super) struct Lexer<'text> {
    text: &'text str,
    at: usize,
    relaxed: bool,
}

impl<'text> Lexer<'text> {
    pub(super) fn new(text: &'text str, relaxed: bool) -> Self {
        Self {
            text,
            at: 0,
            relaxed,
        }
    }

    /// Returns the next token; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<Token>, Complaint> {
        let begins_line = self.skip()?;
        let start = self.at;
        let rest = self.text.get(start..).unwrap_or("");
        let Some(first) = rest.chars().next() else {
            return Ok(None);
        };
        let (kind, length) = match first {
            '[' | '{' => (TokenKind::Open(first), 1),
            ']' | '}' => (TokenKind::Close(first), 1),
            ',' => (TokenKind::Comma, 1),
            ':' => (TokenKind::Colon, 1),
            '"' => self.string('"')?,
            '\'' if self.relaxed => self.string('\'')?,
            '\'' => {
                return Err(syntax(
                    Place::new(start, start + 1),
                    "strings must be in double quotes",
                ));
            }
            '0'..='9' | '-' | '+' | '.' => self.number(rest)?,
            _ if is_of_word(first) => {
                let length = rest.find(|one| !is_of_word(one)).unwrap_or(rest.len());
                let word = rest.get(..length).unwrap_or("");
                match word {
                    "Infinity" | "NaN" if self.relaxed => {
                        (TokenKind::Number(ScalarKind::Float, word.into()), length)
                    }
                    _ => (TokenKind::Word(word.into()), length),
                }
            }
            _ => {
                return Err(syntax(
                    Place::new(start, start + first.len_utf8()),
                    format!("unexpected character `{}`", first.escape_debug()),
                ));
            }
        };
        self.at = start + length;
        Ok(Some(Token {
            place: Place::new(start, self.at),
            kind,
            begins_line,
        }))
    }

    fn string(&self, quote: char) -> Result<(TokenKind, usize), Complaint> {
        let read = string::read(self.text, self.at, quote, self.relaxed)?;
        Ok((TokenKind::Text(read.text), read.end - self.at))
    }

    fn number(&self, rest: &str) -> Result<(TokenKind, usize), Complaint> {
        let length = rest
            .find(|one| !(is_of_word(one) || matches!(one, '+' | '-' | '.')))
            .unwrap_or(rest.len());
        let written = rest.get(..length).unwrap_or("");
        match number::read(written, self.relaxed) {
            Ok((kind, text)) => Ok((TokenKind::Number(kind, text), length)),
            Err(message) => Err(syntax(Place::new(self.at, self.at + length), message)),
        }
    }

    /// Skips white space and comments; returns whether a line ended.
    fn skip(&mut self) -> Result<bool, Complaint> {
        let mut line = false;
        loop {
            let rest = self.text.get(self.at..).unwrap_or("");
            let white = |one: char| match one {
                ' ' | '\t' | '\n' | '\r' => true,
                // All white space of JSON5; a byte order mark within a text is none.
                _ => self.relaxed && (one.is_whitespace() || one == '\u{feff}'),
            };
            let length = rest.find(|one| !white(one)).unwrap_or(rest.len());
            let (space, rest) = rest.split_at(length);
            line |= space.contains('\n');
            self.at += length;
            if rest.starts_with("//") {
                self.at += rest.find('\n').unwrap_or(rest.len());
            } else if let Some(inside) = rest.strip_prefix("/*") {
                let Some(length) = inside.find("*/") else {
                    return Err(syntax(Place::new(self.at, self.at + 2), "unclosed comment"));
                };
                let comment = inside.get(..length).unwrap_or("");
                line |= comment.contains('\n');
                self.at += length + 4;
            } else {
                return Ok(line);
            }
        }
    }
}

/// Returns whether an unquoted word may contain a character.
fn is_of_word(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '_' | '$')
}
