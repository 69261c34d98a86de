//! YAML 1.2, as people write it: streams of documents, anchors and merges, tags as data.
//!
//! The parser is granit-parser: it yields events with places in bytes, bounds its own nesting, and goes on with the next
//! document after a mistake. Trees are built from its events here, without recursion. What scalars mean is in `scalar`,
//! `date` and `tag`, what aliases may cost in `anchors`, what mistakes are called in `words`.

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

/// Reads a text: one root for each document that has a value; empty ones (nothing but `---` and comments) have none.
pub(super) fn read(file: &Arc<SourceFile>) -> Outcome {
    let text = file.text.as_str();
    let mut options = granit_parser::options! {
        flow_nesting_limit: DEEPEST,
        block_nesting_limit: DEEPEST,
        // An unknown anchor is one complaint of perhaps several, not the end of reading.
        emit_unresolved_aliases: true,
        // As libyaml and go-yaml read it, so as the programs do that the files are for.
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

/// The bytes of a place; the parser knows them always, since it reads from a text in memory.
fn place_of(span: &Span) -> Place {
    let range = span.byte_range().unwrap_or(0..0);
    Place::new(range.start, range.end)
}
