//! Excerpt of a file, joined from the snippets of places, for miette.
//!
//! Snippets that overlap or touch become one block. Blocks keep the line numbers of the file, so that only displayed
//! lines are needed. Snippets may come from any document, so their numbers are not trusted.

use std::collections::BTreeMap;

use miette::{MietteError, MietteSpanContents, SourceCode, SourceSpan, SpanContents};

use super::super::document::{LONGEST_LINE, PlaceDocument};
use evenkeel_model::text::inert;

/// Consecutive lines.
#[derive(Debug)]
struct Block {
    /// Number of the first line, from one.
    line: usize,
    /// Offset within the excerpt.
    offset: usize,
    /// Text as in the file: columns count its characters.
    written: String,
    /// Same text, byte for byte, escaped.
    text: String,
}

/// Displayed lines of one file.
#[derive(Debug)]
pub(super) struct Excerpt {
    name: String,
    blocks: Vec<Block>,
}

impl Excerpt {
    /// Creates an excerpt from places of one file; `None` if one of them has no lines.
    pub(super) fn of(path: &str, places: &[&PlaceDocument]) -> Option<Self> {
        let mut lines: BTreeMap<usize, &str> = BTreeMap::new();
        for place in places {
            let snippet = place.snippet.as_ref()?;
            // An empty file has one empty line.
            if snippet.text.is_empty() {
                lines.entry(snippet.line).or_insert("");
            }
            for (number, line) in snippet.text.split_inclusive('\n').enumerate() {
                // The renderer displays whole lines, and panics beyond 65,535 columns.
                if line.len() > 2 * LONGEST_LINE {
                    return None;
                }
                lines.insert(snippet.line.checked_add(number)?, line);
            }
        }
        let mut blocks: Vec<Block> = Vec::new();
        let mut next = None;
        let mut offset = 0;
        for (number, line) in lines {
            match blocks.last_mut().filter(|_| next == Some(number)) {
                Some(block) => block.written.push_str(line),
                None => blocks.push(Block {
                    line: number,
                    offset,
                    written: line.to_owned(),
                    text: String::new(),
                }),
            }
            offset += line.len();
            next = number.checked_add(1);
        }
        for block in &mut blocks {
            block.text = safe(&block.written);
        }
        Some(Self {
            name: inert(path).into_owned(),
            blocks,
        })
    }

    /// Returns the start and length of a place within the excerpt.
    pub(super) fn span(&self, place: &PlaceDocument) -> Option<(usize, usize)> {
        let block = self.blocks.iter().rfind(|block| block.line <= place.line)?;
        let (start, rest) = block.at(place.line, place.column)?;
        let end = if place.is_short() {
            block
                .at(place.end_line, place.end_column)
                .map_or(block.text.len(), |(end, _)| end)
        } else {
            // A long place ends with its first line.
            let line = rest.split('\n').next().unwrap_or_default();
            start + line.trim_end_matches('\r').len()
        };
        // A place at or past the end would make the renderer panic, or display nothing.
        let start = start.min(block.text.len().saturating_sub(1));
        Some((block.offset + start, end.saturating_sub(start)))
    }
}

impl Block {
    /// Returns the byte of a line and column, and the text after it.
    fn at(&self, line: usize, column: usize) -> Option<(usize, &str)> {
        let above = line.checked_sub(self.line)?;
        let mut start = 0;
        for text in self.written.split_inclusive('\n').take(above) {
            start += text.len();
        }
        let rest = self.written.get(start..)?;
        let before = rest.chars().take(column.saturating_sub(1));
        start += before.map(char::len_utf8).sum::<usize>();
        Some((start, self.written.get(start..)?))
    }
}

impl SourceCode for Excerpt {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let block = self
            .blocks
            .iter()
            .rfind(|block| block.offset <= span.offset())
            .ok_or(MietteError::OutOfBounds)?;
        let local = SourceSpan::from((span.offset() - block.offset, span.len()));
        let contents = block.text.read_span(&local, before, after)?;
        let shown = contents.span();
        // Adjacent lines are drawn as one: the lines from here to the end of the block count.
        let lines = block.text.split_inclusive('\n').count();
        Ok(Box::new(MietteSpanContents::new_named(
            self.name.clone(),
            contents.data(),
            SourceSpan::from((shown.offset() + block.offset, shown.len())),
            contents.line() + block.line.saturating_sub(1),
            contents.column(),
            lines.saturating_sub(contents.line()),
        )))
    }
}

/// Escapes text of a file: control characters are replaced byte for byte, so that positions stay valid. The first half
/// of a CRLF line break becomes white space.
fn safe(text: &str) -> String {
    let mut characters = text.chars().peekable();
    std::iter::from_fn(|| {
        let character = characters.next()?;
        let ends_line = character == '\r' && characters.peek() == Some(&'\n');
        Some(if ends_line { ' ' } else { character })
    })
    .flat_map(|character| {
        let active = character != '\n'
            && character != '\t'
            && matches!(
                inert(character.encode_utf8(&mut [0; 4])),
                std::borrow::Cow::Owned(_)
            );
        let count = if active { character.len_utf8() } else { 1 };
        std::iter::repeat_n(if active { '?' } else { character }, count)
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::{Excerpt, safe};
    use crate::report::{PlaceDocument, SnippetDocument};

    fn place(line: usize, end_line: usize, column: usize, snippet: (usize, &str)) -> PlaceDocument {
        PlaceDocument {
            path: "a.toml".into(),
            repository_path: None,
            line,
            column,
            end_line,
            end_column: column,
            length: 0,
            label: "here".into(),
            snippet: Some(SnippetDocument {
                line: snippet.0,
                text: snippet.1.into(),
            }),
        }
    }

    #[test]
    fn active_characters_are_shown_as_marks_and_line_ends_are_none_of_them() {
        assert_eq!(safe("a = 1\r\nb\rc\n"), "a = 1 \nb?c\n");
        assert_eq!(safe("a\u{202e}b").len(), "a\u{202e}b".len());
    }

    #[test]
    fn columns_count_characters_even_after_one_that_is_not_shown() {
        let place = place(1, 1, 3, (1, "a\u{202e}b\n"));
        let excerpt = Excerpt::of("a.toml", &[&place]).unwrap();
        assert_eq!(excerpt.span(&place), Some((4, 0)));
    }

    #[test]
    fn no_number_of_a_document_is_trusted() {
        let far = usize::MAX;
        for (line, end, column, first) in [
            (0, 0, 0, 0),
            (far, far, far, far),
            (1, far, 1, 1),
            (far, 0, far, 1),
            (5, 1, 9, 5),
            (1, 1, 1, far),
        ] {
            let place = place(line, end, column, (first, "a\nb\n"));
            if let Some(excerpt) = Excerpt::of("a.toml", &[&place]) {
                let _any = excerpt.span(&place);
            }
        }
    }
}
