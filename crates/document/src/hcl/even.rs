//! Normalization of white space in expressions: equal tokens produce equal text.
//!
//! Line ends, comments, trailing commas and the indentation of `<<-` heredocs are dropped; `:` between the key and the
//! value of an object becomes `=`.

use super::super::tree::{Content, Node, ScalarKind};
use super::literal;
use super::token::{Kind, Lexer, Token};

/// Fills in the text of every expression in a tree; readers leave it empty, since they discard most expressions.
pub(super) fn fill(node: &mut Node, text: &str) {
    match &mut node.content {
        Content::Scalar(scalar) => {
            if scalar.kind == ScalarKind::Expression && scalar.text.is_empty() {
                let place = node.place.start as usize..node.place.end as usize;
                scalar.text = even(text.get(place).unwrap_or("")).into();
            }
        }
        Content::List(items) => items.iter_mut().for_each(|item| fill(item, text)),
        Content::Map(entries) => entries
            .iter_mut()
            .for_each(|entry| fill(&mut entry.value, text)),
    }
}

/// Returns the expression with normalized white space.
pub(super) fn even(source: &str) -> String {
    let mut writer = Writer {
        to: String::with_capacity(source.len()),
        frames: Vec::new(),
        dedents: Vec::new(),
        before: Before::default(),
        comma: false,
    };
    let mut lexer = Lexer::new(source);
    loop {
        let token = lexer.next();
        match token.kind {
            Kind::End => return writer.to,
            // Unreachable: only parsed expressions arrive here. The source is a safe fallback.
            Kind::Bad(_) => return source.to_owned(),
            Kind::HeredocOpen => writer.dedents.push(literal::indent_of(&lexer, &token)),
            _ => {}
        }
        writer.write(&token);
    }
}

/// An open bracket.
struct Frame {
    /// Whether its items are `key = value` and end with lines.
    is_object: bool,
    /// The number of `?` without their `:`.
    questions: usize,
}

/// The previous token.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Before {
    /// An operator or a comma: a space follows.
    #[default]
    Operator,
    /// A token without a space after it.
    Tight,
    /// The end of an operand: a binary operator, a call or an index may follow.
    Operand,
    /// `{`.
    Brace,
    /// `[` or `.`.
    Path,
    /// The closing mark of a heredoc: only a line end may follow.
    Heredoc,
    /// The end of that line.
    Line,
}

impl Before {
    fn is_operand(self) -> bool {
        matches!(self, Self::Operand | Self::Heredoc | Self::Line)
    }

    fn is_tight(self) -> bool {
        matches!(self, Self::Tight | Self::Line)
    }
}

struct Writer {
    to: String,
    frames: Vec<Frame>,
    dedents: Vec<Option<usize>>,
    before: Before,
    /// Whether a comma is due before the next item.
    comma: bool,
}

impl Writer {
    fn write(&mut self, token: &Token<'_>) {
        if self.before == Before::Brace
            && token.is_word("for")
            && let Some(frame) = self.frames.last_mut()
        {
            frame.is_object = false;
        }
        let in_object = self.frames.last().is_some_and(|frame| frame.is_object);
        match token.kind {
            Kind::Newline => {
                self.comma |= in_object && self.before != Before::Brace;
                return;
            }
            Kind::Symbol if token.text == "," => {
                self.comma = true;
                return;
            }
            Kind::Literal => return self.literal(token),
            _ => {}
        }
        let closes = matches!(token.kind, Kind::TemplateEnd)
            || token.kind == Kind::Symbol && matches!(token.text, ")" | "]" | "}");
        self.separate(in_object, closes);
        self.space(token);
        self.open_or_close(token, closes);
        self.put(token);
    }

    /// Writes the pending comma, unless the bracket closes.
    fn separate(&mut self, in_object: bool, closes: bool) {
        let comma = std::mem::take(&mut self.comma) && !closes;
        if self.before == Before::Heredoc {
            self.to.push('\n');
            self.before = Before::Line;
            // Within an object, the line end already separates items.
            if comma && !in_object {
                self.to.push_str(", ");
            }
        } else if comma {
            self.to.push_str(", ");
            self.before = Before::Tight;
        }
    }

    fn space(&mut self, token: &Token<'_>) {
        let before = self.before;
        if before.is_tight() || before == Before::Path || self.to.is_empty() {
            return;
        }
        let none = match (token.kind, token.text) {
            (Kind::TemplateEnd | Kind::QuoteClose | Kind::HeredocClose, _) => true,
            (Kind::Interpolation | Kind::Directive, _) => true,
            (Kind::Symbol, "}") => before == Before::Brace,
            (Kind::Symbol, ")" | "]" | "." | "..." | "::") => true,
            (Kind::Symbol, "(" | "[") => before.is_operand(),
            _ => false,
        };
        if !none {
            self.to.push(' ');
        }
    }

    fn open_or_close(&mut self, token: &Token<'_>, closes: bool) {
        let opens = matches!(token.kind, Kind::Interpolation | Kind::Directive)
            || token.kind == Kind::Symbol && matches!(token.text, "(" | "[" | "{");
        if opens {
            self.frames.push(Frame {
                is_object: token.is("{"),
                questions: 0,
            });
        } else if closes {
            self.frames.pop();
        }
    }

    fn put(&mut self, token: &Token<'_>) {
        let mut text = token.text;
        let before = match token.kind {
            Kind::Word if matches!(text, "in" | "if" | "else") => Before::Operator,
            Kind::Word | Kind::Number | Kind::QuoteClose => Before::Operand,
            Kind::HeredocClose => {
                self.dedents.pop();
                text = text.trim_start();
                Before::Heredoc
            }
            Kind::Symbol => self.symbol(&mut text),
            _ => Before::Tight,
        };
        self.to.push_str(text);
        self.before = before;
    }

    fn symbol(&mut self, text: &mut &str) -> Before {
        match *text {
            ")" | "]" | "}" => Before::Operand,
            "(" | "!" | "::" => Before::Tight,
            "[" | "." => Before::Path,
            "{" => Before::Brace,
            "-" if !self.before.is_operand() => Before::Tight,
            // A splat in a path.
            "*" if self.before == Before::Path => Before::Operand,
            "?" => {
                if let Some(frame) = self.frames.last_mut() {
                    frame.questions += 1;
                }
                Before::Operator
            }
            ":" => {
                if let Some(frame) = self.frames.last_mut() {
                    if frame.is_object && frame.questions == 0 {
                        *text = "=";
                    }
                    frame.questions = frame.questions.saturating_sub(1);
                }
                Before::Operator
            }
            _ => Before::Operator,
        }
    }

    fn literal(&mut self, token: &Token<'_>) {
        let mut text = token.text;
        let is_start = self.to.ends_with('\n');
        if let Some(Some(indent)) = self.dedents.last()
            && is_start
        {
            text = literal::dedent(text, *indent);
        }
        self.to.push_str(text);
        self.before = Before::Tight;
    }
}
