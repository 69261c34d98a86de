//! TOML: every problem at once, every key and value at its place, tables in the order they are written.
//!
//! The text is taken apart by the parser that definitions are read with. Its tables are not used: it does not say where a
//! key stood first, and moving entries about it takes time that grows with the square of a table.

mod tables;
mod values;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use toml_parser::parser::{RecursionGuard, ValidateWhitespace, parse_document};
use toml_parser::{ParseError, Source, Span};

use self::values::Builder;
use super::codes;
use super::complaint::{Complaint, Outcome};
use super::gathering::Gathering;
use super::limits::{self, DEEPEST, MOST_NODES};
use super::tree::Place;
use evenkeel_model::source::SourceFile;

/// Most tokens, which the parser wants all at once: white space is one, too.
const MOST_TOKENS: usize = 4 * MOST_NODES;

/// Reads a text.
pub(super) fn read(file: &Arc<SourceFile>) -> Outcome {
    let source = Source::new(&file.text);
    let tokens: Vec<_> = source.lex().take(MOST_TOKENS + 1).collect();
    if tokens.len() > MOST_TOKENS {
        let place = tokens.last().map(|token| place_of(token.span()));
        return Err(vec![limits::too_many(place.unwrap_or_default())]);
    }
    let mut problems = Gathering::default();
    let mut builder = Builder::new(source);
    let mut guard = RecursionGuard::new(&mut builder, u32::try_from(DEEPEST).unwrap_or(u32::MAX));
    let mut receiver = ValidateWhitespace::new(&mut guard, source);
    let mut sink = |problem: ParseError| problems.complain(complaint(&problem));
    parse_document(&tokens, &mut receiver, &mut sink);
    drop(tokens);
    builder.finish(problems)
}

/// What the parser says of a place.
fn complaint(problem: &ParseError) -> Complaint {
    let span = problem.unexpected().or(problem.context());
    let place = span.map(place_of).unwrap_or_default();
    if problem.description().contains("recurse") {
        return limits::too_deep(place);
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
