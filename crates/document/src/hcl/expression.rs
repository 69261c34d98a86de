//! Parses expressions: literals, lists and objects become a tree, everything else an expression whose text is filled in
//! at the end.
//!
//! Nothing is evaluated, so there is no operator tree and no precedence.

use super::super::tree::{Content, Node, Place, ScalarKind};
use super::parser::{Parsed, Parser};
use super::token::Kind;

/// Binary operators.
const OPERATORS: &[&str] = &[
    "||", "&&", "==", "!=", "<=", ">=", "<", ">", "+", "-", "*", "/", "%",
];

impl Parser<'_> {
    /// Parses an expression.
    pub(super) fn expression(&mut self) -> Parsed<Node> {
        self.enter(1)?;
        let start = self.peek().start;
        let mut node = self.operation()?;
        while self.takes("?") {
            self.expression()?;
            self.expect(":", "the `:` of `… ? … : …`")?;
            self.operation()?;
            node = computed(self.since(start));
        }
        self.depth -= 1;
        Ok(node)
    }

    fn operation(&mut self) -> Parsed<Node> {
        let start = self.peek().start;
        let mut node = self.operand()?;
        loop {
            let token = self.peek();
            if token.kind != Kind::Symbol || !OPERATORS.contains(&token.text) {
                return Ok(node);
            }
            self.take();
            self.operand()?;
            node = computed(self.since(start));
        }
    }

    /// Parses a term with its signs.
    fn operand(&mut self) -> Parsed<Node> {
        let start = self.peek().start;
        let mut signs = 0;
        let mut sign = "";
        while self.peek().is("-") || self.peek().is("!") {
            sign = self.take().text;
            signs += 1;
        }
        let is_number = self.peek().kind == Kind::Number;
        let node = self.term()?;
        if signs == 0 {
            return Ok(node);
        }
        let place = self.since(start);
        match node.content {
            Content::Scalar(scalar) if signs == 1 && sign == "-" && is_number => {
                if scalar.kind == ScalarKind::Expression {
                    return Ok(computed(place));
                }
                // There is no zero with a sign.
                let text = match &*scalar.text {
                    "0" => scalar.text,
                    digits => format!("-{digits}").into(),
                };
                Ok(Node::scalar(place, scalar.kind, text))
            }
            _ => Ok(computed(place)),
        }
    }

    /// Parses a literal, a name, a call or a bracketed expression, with its accessors.
    fn term(&mut self) -> Parsed<Node> {
        let first = self.peek();
        let start = first.start;
        let mut node = self.primary()?;
        loop {
            if self.takes(".") {
                let token = self.peek();
                // `1.2.3` is not a number.
                let is_version = token.kind == Kind::Number
                    && first.kind == Kind::Number
                    && token.start == first.end() + 1;
                if is_version || !matches!(token.kind, Kind::Word | Kind::Number) && !token.is("*")
                {
                    return self.expected("a name, a number or `*`");
                }
                self.take();
            } else if self.takes("[") {
                self.across_lines(|parser| {
                    if !parser.takes("*") {
                        parser.expression()?;
                    }
                    parser.expect("]", "the `]` that closes this index")
                })?;
            } else {
                return Ok(node);
            }
            node = computed(self.since(start));
        }
    }

    fn primary(&mut self) -> Parsed<Node> {
        let token = self.peek();
        match (token.kind, token.text) {
            (Kind::Number, digits) => {
                self.take();
                Ok(number(self.since(token.start), digits))
            }
            (Kind::Word, word) => {
                self.take();
                self.word(token.start, word)
            }
            (Kind::QuoteOpen, _) => {
                self.take();
                self.quoted(token.start)
            }
            (Kind::HeredocOpen, _) => {
                self.take();
                self.heredoc(&token)
            }
            (Kind::Symbol, "(") => {
                self.take();
                self.parenthesis(token.start)
            }
            (Kind::Symbol, "[") => {
                self.take();
                self.across_lines(|parser| parser.list(token.start))
            }
            (Kind::Symbol, "{") => {
                self.take();
                self.object(token.start)
            }
            _ => self.expected("a value"),
        }
    }

    fn word(&mut self, start: usize, word: &str) -> Parsed<Node> {
        let place = self.since(start);
        match word {
            "true" | "false" => return Ok(Node::scalar(place, ScalarKind::Boolean, word)),
            "null" => return Ok(Node::scalar(place, ScalarKind::Null, "")),
            _ => {}
        }
        let mut is_call = false;
        while self.takes("::") {
            is_call = true;
            if self.peek().kind != Kind::Word {
                return self.expected("the name of a function");
            }
            self.take();
        }
        if self.takes("(") {
            self.across_lines(Self::arguments)?;
        } else if is_call {
            return self.expected("the `(` of a call");
        }
        Ok(computed(self.since(start)))
    }

    /// A literal in parentheses is that literal.
    fn parenthesis(&mut self, start: usize) -> Parsed<Node> {
        let node = self.across_lines(|parser| {
            let node = parser.expression()?;
            parser.expect(")", "the closing `)`")?;
            Ok(node)
        })?;
        Ok(match node.as_scalar() {
            Some(scalar) if scalar.kind == ScalarKind::Expression => computed(self.since(start)),
            _ => node,
        })
    }
}

/// Returns an expression whose text is filled in later.
pub(super) fn computed(place: Place) -> Node {
    Node::scalar(place, ScalarKind::Expression, "")
}

fn number(place: Place, digits: &str) -> Node {
    if digits.contains(['.', 'e', 'E']) {
        return Node::scalar(place, ScalarKind::Float, digits);
    }
    let digits = match digits.trim_start_matches('0') {
        "" => "0",
        digits => digits,
    };
    Node::scalar(place, ScalarKind::Integer, digits)
}
