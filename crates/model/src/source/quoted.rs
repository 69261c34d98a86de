//! Places within TOML strings: maps a byte of the value to the characters that encode it.
//!
//! The caller decides which place to report.

use super::Span;

/// Returns the place of one character of a string's value, `at` bytes into it. `span` is the whole string or key, with
/// its quotes. Past the last character, returns the closing quotes.
#[must_use]
pub fn place_within(span: &Span, at: usize) -> Span {
    let text = span.text();
    let (mut written, escapes) = opening(text);
    let mut value = 0;
    loop {
        let rest = text.get(written..).unwrap_or("");
        let (length, stands_for) = character(rest, escapes);
        if length == 0 || value + stands_for > at {
            return span.part(written..written + length);
        }
        written += length;
        value += stands_for;
    }
}

/// Returns the length of the opening quotes, and whether backslashes are escapes.
fn opening(text: &str) -> (usize, bool) {
    for (quotes, escapes) in [("\"\"\"", true), ("'''", false)] {
        if let Some(rest) = text.strip_prefix(quotes) {
            // A line end directly after the quotes is not part of the value.
            let feed = ["\r\n", "\n"].iter().find(|feed| rest.starts_with(**feed));
            return (quotes.len() + feed.map_or(0, |feed| feed.len()), escapes);
        }
    }
    match text.as_bytes().first() {
        Some(b'"') => (1, true),
        Some(b'\'') => (1, false),
        _ => (0, false),
    }
}

/// Returns the encoded length of the first character, and its length in the value.
fn character(rest: &str, escapes: bool) -> (usize, usize) {
    let mut characters = rest.chars();
    let Some(first) = characters.next() else {
        return (0, 0);
    };
    if first != '\\' || !escapes {
        return (first.len_utf8(), first.len_utf8());
    }
    let digits = match characters.next() {
        Some('x') => 2,
        Some('u') => 4,
        Some('U') => 8,
        Some(each) if each.is_whitespace() => {
            // A line continuation: it skips to the next character that is not white space.
            let next = rest.get(1..).unwrap_or("").trim_start();
            return (rest.len() - next.len(), 0);
        }
        Some(each) => return (1 + each.len_utf8(), 1),
        None => return (1, 1),
    };
    let length = (2 + digits).min(rest.len());
    let number = rest.get(2..length).unwrap_or("");
    let stands_for = u32::from_str_radix(number, 16)
        .ok()
        .and_then(char::from_u32);
    (length, stands_for.map_or(1, char::len_utf8))
}

#[cfg(test)]
mod tests {
    use super::place_within;
    use crate::source::{SourceFile, Span};
    use proptest::prelude::*;

    /// Returns the characters that encode byte `at` of a string.
    fn written(string: &str, at: usize) -> String {
        let file = SourceFile::new("a.toml", string);
        place_within(&Span::new(&file, 0..string.len()), at)
            .text()
            .to_owned()
    }

    #[test]
    fn a_byte_of_a_value_maps_to_its_encoding() {
        assert_eq!(written("\"a.b\"", 1), ".");
        assert_eq!(written("'a.b'", 2), "b");
        assert_eq!(written("a-b", 1), "-");
        assert_eq!(written(r#""a\"é""#, 1), "\\\"");
        assert_eq!(written(r#""a\"é""#, 2), "é");
        assert_eq!(written(r#""\u00e9x""#, 2), "x");
        assert_eq!(written("\"\"\"\nab\"\"\"", 0), "a");
        assert_eq!(written("\"\"\"a\\\n   b\"\"\"", 1), "b");
        assert_eq!(written("'a'", 1), "'");
        assert_eq!(written("\"\"", 9), "");
    }

    proptest! {
        #[test]
        fn any_place_of_any_text_is_within_it(text in "[\\\\\"'xuU0-9a-f\\n é]{0,20}", at in 0usize..30) {
            let file = SourceFile::new("a.toml", text.as_str());
            let span = Span::new(&file, 0..text.len());
            let place = place_within(&span, at);
            prop_assert!(place.start() >= span.start() && place.end() <= span.end());
            let _ = place.location();
        }
    }
}
