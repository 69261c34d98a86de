//! TOML with all errors at once, a place for every key and value, and tables in source order.
//!
//! `definition` reads definitions. The tables of the `toml` crate are not used: it does not keep the first place of a
//! key, and it holds all tokens and all events of a file in memory at once.

mod definition;
mod parts;
mod tables;
mod values;

#[cfg(test)]
mod definition_tests;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use toml_parser::lexer::{Lexer, Token, TokenKind};
use toml_parser::parser::{RecursionGuard, ValidateWhitespace, parse_document};
use toml_parser::{ParseError, Source, Span};

pub use self::definition::{SyntaxProblem, definition};
use self::tables::{ROOT, Tables};
use self::values::Builder;
use super::codes;
use super::complaint::{Complaint, Outcome};
use super::gathering::Gathering;
use super::limits::{self, DEEPEST, MOST_NODES};
use super::tree::Place;
use evenkeel_model::source::SourceFile;

/// The largest number of tokens that are parsed at once, so that an endless list does not exhaust memory.
const MOST_TOKENS: usize = 4 * MOST_NODES;

/// The number of tokens after which a piece of the text is parsed. All tokens of a large file need more memory than its
/// tree.
const PIECE: usize = 2 * 1024;

/// Parses a text.
pub(super) fn read(file: &Arc<SourceFile>) -> Outcome {
    let mut tables = tables(&file.text, DEEPEST, PIECE);
    let mut root = tables.take(ROOT);
    root.place = Place::new(0, file.text.len());
    tables.gathering.finish(root)
}

/// Returns the tables of a text, and all errors. Parses the tokens in pieces of about `piece`.
fn tables(text: &str, deepest: usize, piece: usize) -> Tables {
    let source = Source::new(text);
    let mut lexer = source.lex();
    let mut problems = Gathering::default();
    let mut builder = Builder::new(source, deepest);
    let mut tokens = Vec::new();
    while !builder.is_full() && next_piece(&mut lexer, piece, &mut tokens) {
        if let Some(token) = tokens.get(MOST_TOKENS) {
            problems.complain(limits::too_many(place_of(token.span())));
            break;
        }
        let mut guard =
            RecursionGuard::new(&mut builder, u32::try_from(deepest).unwrap_or(u32::MAX));
        let mut receiver = ValidateWhitespace::new(&mut guard, source);
        let mut sink = |problem: ParseError| problems.complain(complaint(&problem, deepest));
        parse_document(&tokens, &mut receiver, &mut sink);
    }
    builder.into_tables(problems)
}

/// Replaces `tokens` with the next ones: at least `piece` of them, up to a line end outside of brackets, where the
/// parser carries no state to the next line. Returns whether there are any.
fn next_piece(lexer: &mut Lexer<'_>, piece: usize, tokens: &mut Vec<Token>) -> bool {
    tokens.clear();
    let (mut square, mut curly) = (0_usize, 0_usize);
    for token in lexer {
        tokens.push(token);
        match token.kind() {
            TokenKind::LeftSquareBracket => square += 1,
            TokenKind::RightSquareBracket => square = square.saturating_sub(1),
            TokenKind::LeftCurlyBracket => curly += 1,
            TokenKind::RightCurlyBracket => curly = curly.saturating_sub(1),
            TokenKind::Newline if square == 0 && curly == 0 && tokens.len() >= piece => break,
            _ => {}
        }
        if tokens.len() > MOST_TOKENS {
            break;
        }
    }
    !tokens.is_empty()
}

/// Returns the parser's message about a place.
fn complaint(problem: &ParseError, deepest: usize) -> Complaint {
    let span = problem.unexpected().or(problem.context());
    let place = span.map(place_of).unwrap_or_default();
    if problem.description().contains("recurse") {
        return limits::deeper_than(deepest, place);
    }
    let mut message = problem.description().to_owned();
    if let Some(expected) = problem.expected().filter(|expected| !expected.is_empty()) {
        let expected: Vec<String> = expected
            .iter()
            .map(|expected| match expected {
                toml_parser::Expected::Literal("\n") => "a new line".to_owned(),
                toml_parser::Expected::Literal(literal) => format!("`{literal}`"),
                toml_parser::Expected::Description(words) => (*words).to_owned(),
                _ => "something else".to_owned(),
            })
            .collect();
        message.push_str(", expected ");
        message.push_str(&expected.join(" or "));
    }
    Complaint::new(&codes::SYNTAX, place, message)
}

fn place_of(span: Span) -> Place {
    Place::new(span.start(), span.end())
}
