//! HCL tokens: words, numbers, symbols, and the parts of templates.
//!
//! Tokens are returned one at a time, so that a large file does not become a large list. Other files of this folder
//! parse them.

use super::super::limits::DEEPEST;

/// The kind of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A name or a keyword.
    Word,
    /// A number without a sign.
    Number,
    /// A bracket, an operator or a separator.
    Symbol,
    /// The end of a line.
    Newline,
    /// `"` that opens a quoted template.
    QuoteOpen,
    /// `"` that closes one.
    QuoteClose,
    /// `<<MARK` or `<<-MARK` with the end of its line.
    HeredocOpen,
    /// The line's white space and `MARK` at the end of a heredoc.
    HeredocClose,
    /// Literal text of a template; in heredocs, at most one line.
    Literal,
    /// `${` or `${~`.
    Interpolation,
    /// `%{` or `%{~`.
    Directive,
    /// The closing `}` or `~}` of either.
    TemplateEnd,
    /// The end of the text.
    End,
    /// An invalid token, with the problem.
    Bad(&'static str),
}

/// A token and its position.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token<'t> {
    /// The kind.
    pub(super) kind: Kind,
    /// The first byte.
    pub(super) start: usize,
    /// The source text.
    pub(super) text: &'t str,
}

impl Token<'_> {
    /// Returns the byte after the last.
    pub(super) fn end(&self) -> usize {
        self.start + self.text.len()
    }

    /// Returns whether it is this symbol.
    pub(super) fn is(&self, symbol: &str) -> bool {
        self.kind == Kind::Symbol && self.text == symbol
    }

    /// Returns whether it is this word.
    pub(super) fn is_word(&self, word: &str) -> bool {
        self.kind == Kind::Word && self.text == word
    }
}

/// The construct around the next token.
#[derive(Clone, Copy, Debug)]
enum Mode<'t> {
    Quoted,
    Heredoc { mark: &'t str },
    Embedded { braces: u32 },
}

/// The lexer.
#[derive(Clone, Debug)]
pub(super) struct Lexer<'t> {
    text: &'t str,
    at: usize,
    modes: Vec<Mode<'t>>,
    /// The number of open brackets outside of templates.
    open: usize,
}

/// Symbols of more than one character; longer ones first.
const SYMBOLS: &[&str] = &["...", "=>", "==", "!=", "<=", ">=", "&&", "||", "::"];
/// Symbols of one character.
const SINGLE: &str = "{}[]().,:=<>+-*/%!?";

impl<'t> Lexer<'t> {
    /// Creates the lexer of a text.
    pub(super) fn new(text: &'t str) -> Self {
        Self {
            text,
            at: 0,
            modes: Vec::new(),
            open: 0,
        }
    }

    /// Returns the number of open brackets outside of templates.
    pub(super) fn open(&self) -> usize {
        self.open
    }

    /// Returns whether the next token is outside of all templates.
    pub(super) fn is_outside(&self) -> bool {
        self.modes.is_empty()
    }

    /// Returns the number of open templates and template parts.
    pub(super) fn modes(&self) -> usize {
        self.modes.len()
    }

    /// Closes the open templates, after one that was unclosed.
    pub(super) fn leave_templates(&mut self) {
        self.modes.clear();
    }

    /// Returns the next token.
    pub(super) fn next(&mut self) -> Token<'t> {
        if self.modes.len() > 2 * DEEPEST + 2 {
            self.modes.clear();
            return self.take(0, Kind::Bad("templates are nested too deep"));
        }
        match self.modes.last().copied() {
            Some(Mode::Quoted) => self.quoted(),
            Some(Mode::Heredoc { mark }) => self.heredoc(mark),
            Some(Mode::Embedded { braces }) => self.plain(Some(braces)),
            None => self.plain(None),
        }
    }

    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn take(&mut self, length: usize, kind: Kind) -> Token<'t> {
        let start = self.at;
        let end = (start + length).min(self.text.len());
        self.at = end;
        let text = self.text.get(start..end).unwrap_or("");
        Token { kind, start, text }
    }

    /// Returns a token outside of templates, or within `${…}` with `braces` open braces.
    fn plain(&mut self, braces: Option<u32>) -> Token<'t> {
        if let Some(bad) = self.skip() {
            return bad;
        }
        let rest = self.rest();
        let Some(first) = rest.chars().next() else {
            return self.take(0, Kind::End);
        };
        if first == '\n' {
            return self.take(1, Kind::Newline);
        }
        if rest.starts_with("\r\n") {
            return self.take(2, Kind::Newline);
        }
        if is_word_start(first) {
            let length = rest.find(|c| !is_word_part(c)).unwrap_or(rest.len());
            return self.take(length, Kind::Word);
        }
        if first.is_ascii_digit() {
            return self.take(number_length(rest), Kind::Number);
        }
        if first == '"' {
            self.modes.push(Mode::Quoted);
            return self.take(1, Kind::QuoteOpen);
        }
        if let Some((length, mark)) = heredoc_start(rest) {
            self.modes.push(Mode::Heredoc { mark });
            return self.take(length, Kind::HeredocOpen);
        }
        if braces == Some(0) {
            for end in ["}", "~}"] {
                if rest.starts_with(end) {
                    self.modes.pop();
                    return self.take(end.len(), Kind::TemplateEnd);
                }
            }
        }
        if let Some(symbol) = SYMBOLS.iter().find(|symbol| rest.starts_with(**symbol)) {
            return self.take(symbol.len(), Kind::Symbol);
        }
        if SINGLE.contains(first) {
            self.note_bracket(first);
            return self.take(1, Kind::Symbol);
        }
        self.take(first.len_utf8(), Kind::Bad("unexpected character"))
    }

    fn note_bracket(&mut self, bracket: char) {
        match (self.modes.last_mut(), bracket) {
            (Some(Mode::Embedded { braces }), '{') => *braces += 1,
            (Some(Mode::Embedded { braces }), '}') => *braces = braces.saturating_sub(1),
            (Some(_), _) => {}
            (None, '{' | '[' | '(') => self.open += 1,
            (None, '}' | ']' | ')') => self.open = self.open.saturating_sub(1),
            (None, _) => {}
        }
    }

    /// Skips white space and comments, but no line end; an unclosed comment is a token.
    fn skip(&mut self) -> Option<Token<'t>> {
        loop {
            let rest = self.rest();
            let blank = rest.len() - rest.trim_start_matches([' ', '\t']).len();
            self.at += blank;
            let rest = self.rest();
            if rest.starts_with('#') || rest.starts_with("//") {
                let line = rest.find('\n').unwrap_or(rest.len());
                // A line end may be two characters.
                let line = rest.get(..line).unwrap_or(rest);
                self.at += line.strip_suffix('\r').unwrap_or(line).len();
                if self.rest().starts_with('\r') && !self.rest().starts_with("\r\n") {
                    self.at += 1;
                }
            } else if rest.starts_with("/*") {
                // The opening star does not close the comment.
                match rest.get(2..).and_then(|rest| rest.find("*/")) {
                    Some(end) => self.at += end + 4,
                    None => {
                        let whole = rest.len();
                        return Some(self.take(whole, Kind::Bad("unclosed comment")));
                    }
                }
            } else if blank == 0 {
                return None;
            }
        }
    }

    fn quoted(&mut self) -> Token<'t> {
        let rest = self.rest();
        if rest.starts_with('"') {
            self.modes.pop();
            return self.take(1, Kind::QuoteClose);
        }
        if let Some(part) = self.template_part(rest) {
            return part;
        }
        let bytes = rest.as_bytes();
        let mut at = 0;
        while let Some(byte) = bytes.get(at) {
            match byte {
                b'"' | b'\n' => break,
                b'\r' if bytes.get(at + 1) == Some(&b'\n') => break,
                b'\\' if !matches!(bytes.get(at + 1), None | Some(b'\n' | b'\r')) => at += 2,
                b'$' | b'%' => match dollar(bytes, at) {
                    Some(length) => at += length,
                    None => break,
                },
                _ => at += 1,
            }
        }
        if at == 0 {
            self.modes.clear();
            return self.take(0, Kind::Bad("the quote is not closed on its line"));
        }
        self.take(at, Kind::Literal)
    }

    fn heredoc(&mut self, mark: &'t str) -> Token<'t> {
        let rest = self.rest();
        if rest.is_empty() {
            self.modes.clear();
            return self.take(0, Kind::Bad("unclosed heredoc"));
        }
        let is_start = self.at == 0 || self.text.as_bytes().get(self.at - 1) == Some(&b'\n');
        if is_start {
            let line = rest.split('\n').next().unwrap_or("");
            if line.trim() == mark {
                self.modes.pop();
                let blank = line.len() - line.trim_start().len();
                return self.take(blank + mark.len(), Kind::HeredocClose);
            }
        }
        if let Some(part) = self.template_part(rest) {
            return part;
        }
        let bytes = rest.as_bytes();
        let mut at = 0;
        while let Some(byte) = bytes.get(at) {
            match byte {
                b'\n' => {
                    at += 1;
                    break;
                }
                b'$' | b'%' => match dollar(bytes, at) {
                    Some(length) => at += length,
                    None => break,
                },
                _ => at += 1,
            }
        }
        self.take(at, Kind::Literal)
    }

    fn template_part(&mut self, rest: &str) -> Option<Token<'t>> {
        let kind = if rest.starts_with("${") {
            Kind::Interpolation
        } else if rest.starts_with("%{") {
            Kind::Directive
        } else {
            return None;
        };
        self.modes.push(Mode::Embedded { braces: 0 });
        let length = if rest.get(2..3) == Some("~") { 3 } else { 2 };
        Some(self.take(length, kind))
    }
}

/// Returns the number of bytes of text that a `$` or `%` starts: three for `$${`. `None` when it starts a part of the
/// template.
fn dollar(bytes: &[u8], at: usize) -> Option<usize> {
    let sign = bytes.get(at)?;
    match (bytes.get(at + 1), bytes.get(at + 2)) {
        (Some(b'{'), _) => None,
        (Some(next), Some(b'{')) if next == sign => Some(3),
        _ => Some(1),
    }
}

fn is_word_start(character: char) -> bool {
    character == '_' || character.is_alphabetic()
}

/// Returns whether a character may occur within a word. Includes combining marks; excludes white space and control
/// characters.
pub(super) fn is_word_part(character: char) -> bool {
    character == '-' || character == '_' || character.is_alphanumeric()
}

/// Returns whether a text is a single word.
pub(super) fn is_word(text: &str) -> bool {
    text.starts_with(is_word_start) && text.chars().all(is_word_part)
}

fn number_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let digits = |from: usize| {
        let rest = bytes.get(from..).unwrap_or_default();
        rest.iter().take_while(|byte| byte.is_ascii_digit()).count()
    };
    let mut length = digits(0);
    if bytes.get(length) == Some(&b'.') && digits(length + 1) > 0 {
        length += 1 + digits(length + 1);
    }
    if matches!(bytes.get(length), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(length + 1), Some(b'+' | b'-')));
        let exponent = digits(length + 1 + sign);
        if exponent > 0 {
            length += 1 + sign + exponent;
        }
    }
    length
}

/// Returns the length of the opening line of a heredoc, and its mark.
fn heredoc_start(text: &str) -> Option<(usize, &str)> {
    let after = text.strip_prefix("<<")?;
    let after = after.strip_prefix('-').unwrap_or(after);
    let length = after.find(|c| !is_word_part(c))?;
    let (mark, end) = after.split_at_checked(length)?;
    if !is_word(mark) {
        return None;
    }
    let end_length = if end.starts_with("\r\n") {
        2
    } else if end.starts_with('\n') {
        1
    } else {
        return None;
    };
    Some((text.len() - end.len() + end_length, mark))
}
