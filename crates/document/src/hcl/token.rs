//! HCL as a row of tokens: words, numbers, symbols, and the parts of templates.
//!
//! Tokens are handed out one at a time, so that a large file is never a large list. What they mean together is left to
//! the other files of this folder.

use super::super::limits::DEEPEST;

/// What kind of token it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A name or a keyword.
    Word,
    /// A number without sign.
    Number,
    /// Brackets, operators, separators.
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
    /// Text of a template as written; in heredocs at most a line.
    Literal,
    /// `${` or `${~`.
    Interpolation,
    /// `%{` or `%{~`.
    Directive,
    /// The `}` or `~}` that closes either.
    TemplateEnd,
    /// The end of the text.
    End,
    /// Nothing that HCL knows.
    Bad(&'static str),
}

/// A token and where it stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token<'t> {
    /// What it is.
    pub(super) kind: Kind,
    /// Its first byte.
    pub(super) start: usize,
    /// As written.
    pub(super) text: &'t str,
}

impl Token<'_> {
    /// One past its last byte.
    pub(super) fn end(&self) -> usize {
        self.start + self.text.len()
    }

    /// Whether it is a symbol.
    pub(super) fn is(&self, symbol: &str) -> bool {
        self.kind == Kind::Symbol && self.text == symbol
    }

    /// Whether it is a word.
    pub(super) fn is_word(&self, word: &str) -> bool {
        self.kind == Kind::Word && self.text == word
    }
}

/// What is open around the next token.
#[derive(Clone, Copy, Debug)]
enum Mode<'t> {
    Quoted,
    Heredoc { mark: &'t str },
    Embedded { braces: u32 },
}

/// The reader of tokens.
#[derive(Clone, Debug)]
pub(super) struct Lexer<'t> {
    text: &'t str,
    at: usize,
    modes: Vec<Mode<'t>>,
    /// Brackets that are open outside of templates.
    open: usize,
}

/// Symbols of more than one character; longer ones first.
const SYMBOLS: &[&str] = &["...", "=>", "==", "!=", "<=", ">=", "&&", "||", "::"];
/// Symbols of one character.
const SINGLE: &str = "{}[]().,:=<>+-*/%!?";

impl<'t> Lexer<'t> {
    /// The tokens of a text.
    pub(super) fn new(text: &'t str) -> Self {
        Self {
            text,
            at: 0,
            modes: Vec::new(),
            open: 0,
        }
    }

    /// Brackets that are open outside of templates.
    pub(super) fn open(&self) -> usize {
        self.open
    }

    /// Whether the next token stands outside of all templates.
    pub(super) fn is_outside(&self) -> bool {
        self.modes.is_empty()
    }

    /// How many templates and parts of them are open.
    pub(super) fn modes(&self) -> usize {
        self.modes.len()
    }

    /// Forgets the templates that are open, after one that was never closed.
    pub(super) fn leave_templates(&mut self) {
        self.modes.clear();
    }

    /// The next token.
    pub(super) fn next(&mut self) -> Token<'t> {
        if self.modes.len() > 2 * DEEPEST + 2 {
            self.modes.clear();
            return self.take(0, Kind::Bad("templates are nested too deep here"));
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

    /// A token outside of templates, or within `${…}`, where `braces` are open.
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
        self.take(
            first.len_utf8(),
            Kind::Bad("this character has no meaning here"),
        )
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

    /// Passes over white space and comments, but no end of a line; a comment that never ends is a token.
    fn skip(&mut self) -> Option<Token<'t>> {
        loop {
            let rest = self.rest();
            let blank = rest.len() - rest.trim_start_matches([' ', '\t']).len();
            self.at += blank;
            let rest = self.rest();
            if rest.starts_with('#') || rest.starts_with("//") {
                let line = rest.find('\n').unwrap_or(rest.len());
                // The end of the line may be two characters.
                let line = rest.get(..line).unwrap_or(rest);
                self.at += line.strip_suffix('\r').unwrap_or(line).len();
                if self.rest().starts_with('\r') && !self.rest().starts_with("\r\n") {
                    self.at += 1;
                }
            } else if rest.starts_with("/*") {
                // The star that opens is not the one that closes.
                match rest.get(2..).and_then(|rest| rest.find("*/")) {
                    Some(end) => self.at += end + 4,
                    None => {
                        let whole = rest.len();
                        return Some(self.take(whole, Kind::Bad("this comment is never closed")));
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
            return self.take(0, Kind::Bad("the quoted text is not closed on its line"));
        }
        self.take(at, Kind::Literal)
    }

    fn heredoc(&mut self, mark: &'t str) -> Token<'t> {
        let rest = self.rest();
        if rest.is_empty() {
            self.modes.clear();
            return self.take(0, Kind::Bad("the heredoc is not closed by its mark"));
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

/// How many bytes of text a `$` or `%` begins: with `$${` three. None when it begins a part of the template.
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

/// Whether it may stand within a word. Marks that only combine are taken along; white space and controls never.
pub(super) fn is_word_part(character: char) -> bool {
    character == '-' || character == '_' || character.is_alphanumeric()
}

/// Whether a text is a single word.
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

/// The length of the opening line of a heredoc, and its mark.
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
