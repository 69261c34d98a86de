//! YAML 1.2: streams of documents, anchors and merges, tags as data.
//!
//! The parser is granit-parser: it yields events with byte positions, limits its own nesting, and continues with the
//! next document after an error. This module builds trees from its events without recursion. `scalar`, `date` and `tag`
//! interpret scalars, `anchors` limits aliases, and `words` phrases errors.

mod anchors;
mod build;
mod date;
mod merge;
mod open;
mod scalar;
mod tag;
mod words;

#[cfg(test)]
mod bounds_tests;
#[cfg(test)]
mod property_tests;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use granit_parser::{ErrorKind, Parser, Span};

use self::build::Builder;
use super::complaint::Outcome;
use super::limits::{self, DEEPEST};
use super::tree::Place;
use evenkeel_model::source::SourceFile;

/// Parses a text: one root for each document with a value; empty ones (only `---` and comments) have none.
pub(super) fn read(file: &Arc<SourceFile>) -> Outcome {
    let text = file.text.as_str();
    let mut options = granit_parser::options! {
        flow_nesting_limit: DEEPEST,
        block_nesting_limit: DEEPEST,
        // An unknown anchor is one complaint among others and does not stop the reader.
        emit_unresolved_aliases: true,
        // As in libyaml and go-yaml, and so in the programs that read these files.
        block_scalar_eof_without_line_feed: true,
    };
    options.set_emit_comments(false);
    let mut parser = Parser::new_from_str_with_options(text, options);
    let mut builder = Builder::new(text);
    while let Some(next) = parser.next_event() {
        match next {
            Ok((event, span)) => {
                if builder.take(event, place_of(&span)).is_break() {
                    break;
                }
            }
            Err(error) => {
                let at = error.marker().byte_offset().unwrap_or(text.len());
                if *error.kind() == ErrorKind::RecursionLimitExceeded {
                    builder.abandon(limits::too_deep(words::character(text, at)));
                    break;
                }
                builder.abandon(words::complaint(text, at, error.kind()));
                if builder.is_full() || !parser.proceed_next_document().unwrap_or(false) {
                    break;
                }
            }
        }
    }
    builder.outcome()
}

/// Returns the bytes of a place; the parser always knows them, since it reads from memory.
fn place_of(span: &Span) -> Place {
    let range = span.byte_range().unwrap_or(0..0);
    Place::new(range.start, range.end)
}
