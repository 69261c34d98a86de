//! A source file and places in it.

use std::fmt;
use std::sync::{Arc, OnceLock};

use serde::{Deserialize, Serialize};

/// A file as read: its path and its whole text.
pub struct SourceFile {
    /// The path for people, relative to the project, with `/`.
    pub path: String,
    /// The text.
    pub text: String,
    /// The start of each line, computed once, when the first place in the file is shown.
    lines: OnceLock<Vec<usize>>,
    /// The number of characters before each chunk of bytes: in files without line ends, every place would otherwise
    /// count from the start.
    characters: OnceLock<Vec<usize>>,
}

/// The size in bytes of a chunk whose characters are counted once.
const STRETCH: usize = 1024;

impl PartialEq for SourceFile {
    fn eq(&self, other: &Self) -> bool {
        self.path == other.path && self.text == other.text
    }
}

impl Eq for SourceFile {}

impl fmt::Debug for SourceFile {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.path)
    }
}

impl SourceFile {
    /// Wraps a file's path and text.
    #[must_use]
    pub fn new(path: impl Into<String>, text: impl Into<String>) -> Arc<Self> {
        Arc::new(Self {
            path: path.into(),
            text: text.into(),
            lines: OnceLock::new(),
            characters: OnceLock::new(),
        })
    }

    /// Returns the start of each line.
    fn line_starts(&self) -> &[usize] {
        self.lines.get_or_init(|| {
            let feeds = self.text.bytes().enumerate();
            let after = feeds.filter_map(|(at, byte)| (byte == b'\n').then_some(at + 1));
            std::iter::once(0).chain(after).collect()
        })
    }

    /// Returns the bytes of a line, counted from one, with its line feed; `None` past the end. A text that ends with a
    /// line feed has an empty last line.
    #[must_use]
    pub fn line(&self, number: usize) -> Option<std::ops::Range<usize>> {
        let starts = self.line_starts();
        let start = *starts.get(number.checked_sub(1)?)?;
        Some(start..starts.get(number).copied().unwrap_or(self.text.len()))
    }

    /// Returns line and column of a byte, both from one; columns count characters.
    #[must_use]
    pub fn position(&self, offset: usize) -> (usize, usize) {
        let offset = self.text.floor_char_boundary(offset);
        let lines = self.line_starts();
        let line = lines.partition_point(|start| *start <= offset);
        let start = lines
            .get(line.saturating_sub(1))
            .copied()
            .unwrap_or_default();
        let column = if offset - start <= STRETCH {
            characters(self.text.as_bytes().get(start..offset))
        } else {
            self.characters_before(offset) - self.characters_before(start)
        };
        (line, column + 1)
    }

    /// Returns the number of characters before a byte.
    fn characters_before(&self, offset: usize) -> usize {
        let bytes = self.text.as_bytes();
        let counts = self.characters.get_or_init(|| {
            let mut count = 0;
            bytes
                .chunks(STRETCH)
                .map(|stretch| {
                    let before = count;
                    count += characters(Some(stretch));
                    before
                })
                .collect()
        });
        let number = offset / STRETCH;
        let Some(before) = counts.get(number) else {
            // At the very end of a text that ends with a full chunk.
            return counts.last().map_or(0, |last| {
                last + characters(bytes.get(offset.saturating_sub(STRETCH)..offset))
            });
        };
        before + characters(bytes.get(number * STRETCH..offset))
    }
}

/// Returns the number of characters that start in these bytes.
fn characters(bytes: Option<&[u8]>) -> usize {
    let begins = |byte: &&u8| **byte & 0b1100_0000 != 0b1000_0000;
    bytes.unwrap_or_default().iter().filter(begins).count()
}

/// A place in a source file: bytes `start..end` of its text.
#[derive(Clone)]
pub struct Span {
    /// The file.
    pub file: Arc<SourceFile>,
    start: u32,
    end: u32,
}

impl Span {
    /// Creates a place in `file`. Files beyond 4 GiB are never read, so offsets fit.
    #[must_use]
    pub fn new(file: &Arc<SourceFile>, range: std::ops::Range<usize>) -> Self {
        let longest = file.text.len();
        let narrow = |offset: usize| u32::try_from(offset.min(longest)).unwrap_or(u32::MAX);
        Self {
            file: Arc::clone(file),
            start: narrow(range.start),
            end: narrow(range.end),
        }
    }

    /// Returns the whole file, for problems without a specific place.
    #[must_use]
    pub fn start_of(file: &Arc<SourceFile>) -> Self {
        Self::new(file, 0..0)
    }

    /// Returns the first byte.
    #[must_use]
    pub fn start(&self) -> usize {
        self.start as usize
    }

    /// Returns the byte after the last.
    #[must_use]
    pub fn end(&self) -> usize {
        self.end as usize
    }

    /// Returns a part of this place, by bytes from its start.
    #[must_use]
    pub fn part(&self, range: std::ops::Range<usize>) -> Self {
        Self::new(
            &self.file,
            self.start() + range.start..(self.start() + range.end).min(self.end()),
        )
    }

    /// Returns the text at this place.
    #[must_use]
    pub fn text(&self) -> &str {
        self.file.text.get(self.start()..self.end()).unwrap_or("")
    }

    /// Returns file, line and column.
    #[must_use]
    pub fn location(&self) -> Location {
        let (line, column) = self.file.position(self.start());
        let (end_line, end_column) = self.file.position(self.end());
        Location {
            file: self.file.path.clone(),
            line,
            column,
            end_line,
            end_column,
        }
    }
}

impl PartialEq for Span {
    fn eq(&self, other: &Self) -> bool {
        self.start == other.start && self.end == other.end && self.file.path == other.file.path
    }
}

impl Eq for Span {}

impl fmt::Debug for Span {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.location())
    }
}

/// File, line and column; lines and columns count from one, columns in characters.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub struct Location {
    /// The file, relative to the project.
    pub file: String,
    /// First line.
    pub line: usize,
    /// Column of the first character.
    pub column: usize,
    /// Last line.
    pub end_line: usize,
    /// Column one past the last character.
    pub end_column: usize,
}

impl fmt::Display for Location {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}:{}", self.file, self.line, self.column)
    }
}

#[cfg(test)]
mod tests {
    use super::{SourceFile, Span};

    #[test]
    fn places_count_lines_and_characters_from_one() {
        let file = SourceFile::new("a.toml", "é = 1\nb = 2\n");
        let span = Span::new(&file, 7..8);
        assert_eq!(span.location().to_string(), "a.toml:2:1");
        assert_eq!(span.text(), "b");
        assert_eq!(Span::new(&file, 3..4).location().column, 3);
    }

    #[test]
    fn lines_are_found_by_their_numbers_with_their_line_feeds() {
        let file = SourceFile::new("a.toml", "a = 1\nb\n");
        let text = |number| file.line(number).and_then(|line| file.text.get(line));
        assert_eq!(text(0), None);
        assert_eq!(text(1), Some("a = 1\n"));
        assert_eq!(text(2), Some("b\n"));
        assert_eq!(text(3), Some(""));
        assert_eq!(text(4), None);
    }

    #[test]
    fn a_place_within_a_character_is_its_start() {
        let file = SourceFile::new("a.toml", "aé\n");
        assert_eq!(Span::new(&file, 2..2).location().to_string(), "a.toml:1:2");
    }

    #[test]
    fn the_lines_of_a_long_file_are_found_once() {
        let file = SourceFile::new("a.toml", "key = 1\n".repeat(100_000));
        assert_eq!(file.lines.get(), None, "not computed yet");
        let _first = Span::new(&file, 0..0).location();
        let found = file.lines.get().map(|lines| (lines.as_ptr(), lines.len()));
        assert_eq!(found.map(|found| found.1), Some(100_001));
        for line in 0..100_000 {
            assert_eq!(
                Span::new(&file, line * 8..line * 8).location().line,
                line + 1
            );
        }
        let now = file.lines.get().map(|lines| (lines.as_ptr(), lines.len()));
        assert_eq!(now, found);
    }

    #[test]
    fn a_place_past_the_end_is_the_end() {
        let file = SourceFile::new("a.toml", "a");
        assert_eq!(Span::new(&file, 5..9).location().to_string(), "a.toml:1:2");
    }

    #[test]
    fn columns_of_long_lines_count_characters() {
        let text = format!("é\n{}", "aé🦀".repeat(2_000));
        let file = super::SourceFile::new("a", text.clone());
        for offset in (0..=text.len()).filter(|offset| text.is_char_boundary(*offset)) {
            let start = if offset < 3 { 0 } else { 3 };
            let expected = text[start..offset].chars().count() + 1;
            assert_eq!(file.position(offset).1, expected, "{offset}");
        }
        let even = super::SourceFile::new("a", "x".repeat(4096));
        assert_eq!(even.position(4096), (1, 4097));
    }
}
