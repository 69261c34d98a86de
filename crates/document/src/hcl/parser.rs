//! The HCL parser state: the next token, expected tokens, and recovery after an error.

use super::super::codes;
use super::super::complaint::Complaint;
use super::super::gathering::Gathering;
use super::super::limits::{self, DEEPEST};
use super::super::tree::Place;
use super::token::{Kind, Lexer, Token};

/// A complaint was reported; skip the rest of the statement.
#[derive(Debug)]
pub(super) struct Lost;

/// A parsed value, or [`Lost`].
pub(super) type Parsed<T> = Result<T, Lost>;

/// The parser.
pub(super) struct Parser<'t> {
    pub(super) text: &'t str,
    pub(super) lexer: Lexer<'t>,
    pub(super) gathering: Gathering,
    /// The nesting depth of the current value.
    pub(super) depth: usize,
    /// Whether line ends are tokens; they are not within brackets and templates.
    pub(super) lines: bool,
    peeked: Option<Token<'t>>,
    /// The end of the last consumed token.
    end: usize,
}

impl<'t> Parser<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self {
            text,
            lexer: Lexer::new(text),
            gathering: Gathering::default(),
            depth: 0,
            lines: true,
            peeked: None,
            end: 0,
        }
    }

    /// Returns the next token without consuming it.
    pub(super) fn peek(&mut self) -> Token<'t> {
        loop {
            let token = match self.peeked {
                Some(token) => token,
                None => *self.peeked.insert(self.lexer.next()),
            };
            if token.kind != Kind::Newline || self.lines {
                return token;
            }
            self.peeked = None;
        }
    }

    /// Consumes the next token.
    pub(super) fn take(&mut self) -> Token<'t> {
        let token = self.peek();
        self.peeked = None;
        self.end = token.end();
        token
    }

    /// Consumes a symbol if it is next.
    pub(super) fn takes(&mut self, symbol: &str) -> bool {
        let is_next = self.peek().is(symbol);
        if is_next {
            self.take();
        }
        is_next
    }

    /// Makes line ends tokens again, as at the start of a statement.
    pub(super) fn mind_lines(&mut self) {
        self.lines = true;
    }

    /// Returns the place from a byte to the last consumed token.
    pub(super) fn since(&self, start: usize) -> Place {
        Place::new(start, self.end)
    }

    /// Reports the next token, with the expected one.
    pub(super) fn expected<T>(&mut self, what: &str) -> Parsed<T> {
        let token = self.peek();
        let place = Place::new(token.start, token.end());
        let message = match token.kind {
            Kind::Bad(message) => message.to_owned(),
            Kind::End => format!("expected {what}, found the end of the file"),
            Kind::Newline => format!("expected {what}, found the end of the line"),
            _ => format!("expected {what}"),
        };
        self.gathering
            .complain(Complaint::new(&codes::SYNTAX, place, message));
        Err(Lost)
    }

    pub(super) fn expect(&mut self, symbol: &str, what: &str) -> Parsed<()> {
        if self.takes(symbol) {
            return Ok(());
        }
        self.expected(what)
    }

    /// Parses with line ends ignored. The following token must not have been peeked.
    pub(super) fn across_lines<T>(
        &mut self,
        inner: impl FnOnce(&mut Self) -> Parsed<T>,
    ) -> Parsed<T> {
        let lines = std::mem::replace(&mut self.lines, false);
        let result = inner(self);
        self.lines = lines;
        result
    }

    /// Counts a value and a level of nesting; the caller restores the level.
    pub(super) fn enter(&mut self, levels: usize) -> Parsed<()> {
        let token = self.peek();
        let place = Place::new(token.start, token.end());
        self.gathering.count(place);
        self.depth += levels;
        if self.depth > DEEPEST {
            self.gathering.complain(limits::too_deep(place));
            return Err(Lost);
        }
        if self.gathering.is_full() {
            return Err(Lost);
        }
        Ok(())
    }

    /// Recovers from an error: skips the rest of the statement that started with `open` open brackets. Stops before the
    /// end of its line and before a `}` that closes the surrounding body.
    pub(super) fn recover(&mut self, open: usize) {
        self.lines = true;
        loop {
            let token = self.peek();
            match token.kind {
                Kind::End => return,
                Kind::Newline if self.lexer.is_outside() && self.lexer.open() <= open => return,
                Kind::Symbol if token.text == "}" && self.lexer.open() < open => return,
                Kind::Bad(_) => self.lexer.leave_templates(),
                _ => {}
            }
            self.take();
        }
    }
}
