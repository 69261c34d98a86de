//! The reader of HCL: which token is next, what was expected in its place, and how to go on after a mistake.

use super::super::codes;
use super::super::complaint::Complaint;
use super::super::gathering::Gathering;
use super::super::limits::{self, DEEPEST};
use super::super::tree::Place;
use super::token::{Kind, Lexer, Token};

/// A complaint was made; the rest of the statement is of no use.
#[derive(Debug)]
pub(super) struct Lost;

/// What was read, unless the reader is lost.
pub(super) type Parsed<T> = Result<T, Lost>;

/// The reader.
pub(super) struct Parser<'t> {
    pub(super) text: &'t str,
    pub(super) lexer: Lexer<'t>,
    pub(super) gathering: Gathering,
    /// How deep the value is nested that is being read.
    pub(super) depth: usize,
    /// The ends of lines are tokens; they are not within brackets and templates.
    pub(super) lines: bool,
    peeked: Option<Token<'t>>,
    /// One past the last byte that was taken.
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

    /// The next token, which stays.
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

    /// The next token.
    pub(super) fn take(&mut self) -> Token<'t> {
        let token = self.peek();
        self.peeked = None;
        self.end = token.end();
        token
    }

    /// Takes a symbol if it is next.
    pub(super) fn takes(&mut self, symbol: &str) -> bool {
        let is_next = self.peek().is(symbol);
        if is_next {
            self.take();
        }
        is_next
    }

    /// Ends of lines are tokens again, as at the beginning of a statement.
    pub(super) fn mind_lines(&mut self) {
        self.lines = true;
    }

    /// From a byte to what was taken last.
    pub(super) fn since(&self, start: usize) -> Place {
        Place::new(start, self.end)
    }

    /// Complains of the next token: what was expected in its place.
    pub(super) fn expected<T>(&mut self, what: &str) -> Parsed<T> {
        let token = self.peek();
        let place = Place::new(token.start, token.end());
        let message = match token.kind {
            Kind::Bad(message) => message.to_owned(),
            Kind::End => format!("the file ends where {what} is expected"),
            Kind::Newline => format!("the line ends where {what} is expected"),
            _ => format!("{what} is expected here"),
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

    /// Does something with the ends of lines as no tokens. The token after it must not have been looked at.
    pub(super) fn across_lines<T>(
        &mut self,
        inner: impl FnOnce(&mut Self) -> Parsed<T>,
    ) -> Parsed<T> {
        let lines = std::mem::replace(&mut self.lines, false);
        let result = inner(self);
        self.lines = lines;
        result
    }

    /// Counts a value and a level of nesting; the caller takes the level back.
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

    /// After a mistake: passes over the rest of the statement that began with `open` brackets open. Stays before the end of
    /// its line and before a `}` that closes what is around it.
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
