//! Java properties: flat keys, escapes, and lines that a backslash continues.
//!
//! White space at the end of a value is part of it, as in Java. A duplicate key is an error, although Java uses the
//! last one. A line `#---` or `!---` starts another document, as in Spring.

use super::super::codes;
use super::super::complaint::{Complaint, Outcome};
use super::super::gathering::{Entries, Gathering};
use super::super::tree::{Entry, Node, Place, ScalarKind};

/// Parses a text, which may contain several documents.
pub(super) fn read(text: &str) -> Outcome {
    let mut reader = Reader {
        text,
        at: 0,
        gathering: Gathering::default(),
    };
    let mut roots = Vec::new();
    let mut entries = Entries::default();
    let mut start = 0;
    while reader.at < text.len() && !reader.gathering.is_full() {
        if let Some(length) = border(reader.rest()).filter(|_| reader.at > 0) {
            let place = Place::new(start, reader.at);
            roots.push(std::mem::take(&mut entries).into_node(place));
            reader.at += length;
            start = reader.at;
            continue;
        }
        if let Some(entry) = reader.line() {
            reader.gathering.count(entry.place);
            entries.insert(entry, &mut reader.gathering);
        }
    }
    roots.push(entries.into_node(Place::new(start, text.len())));
    reader.gathering.finish_all(roots)
}

/// Returns the length of the document separator at the start of the text, if any.
fn border(text: &str) -> Option<usize> {
    let line = text.lines().next()?;
    matches!(line.trim_end(), "#---" | "!---").then_some(line.len())
}

/// A piece of a logical line.
enum Piece {
    /// A literal character.
    Plain(char),
    /// An escaped character; `None` for an invalid escape.
    Escaped(Option<char>),
    /// The end of the line.
    End,
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
    gathering: Gathering,
}

impl<'t> Reader<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn skip_blank(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start_matches(is_blank).len();
    }

    /// Returns the next piece of the line and advances `at` past it. Joins continued lines.
    fn piece(&mut self) -> Piece {
        loop {
            let rest = self.rest();
            let Some(character) = rest.chars().next() else {
                return Piece::End;
            };
            if let Some(length) = line_end(rest) {
                self.at += length;
                return Piece::End;
            }
            if character != '\\' {
                self.at += character.len_utf8();
                return Piece::Plain(character);
            }
            let after = rest.get(1..).unwrap_or("");
            if let Some(length) = line_end(after) {
                self.at += 1 + length;
                self.skip_blank();
                continue;
            }
            return Piece::Escaped(self.escape(after));
        }
    }

    /// Returns the character of a backslash and `after`.
    fn escape(&mut self, after: &str) -> Option<char> {
        let start = self.at;
        let Some(named) = after.chars().next() else {
            // A backslash at the very end continues onto a line that does not exist.
            self.at += 1;
            return None;
        };
        self.at += 1 + named.len_utf8();
        let unit = match named {
            'n' => return Some('\n'),
            'r' => return Some('\r'),
            't' => return Some('\t'),
            'f' => return Some('\u{c}'),
            'u' => code_unit(after.get(1..).unwrap_or("")),
            other => return Some(other),
        };
        let mut units = Vec::new();
        if let Some(unit) = unit {
            self.at += 4;
            units.push(unit);
            let second = self.rest().strip_prefix("\\u").and_then(code_unit);
            if let Some(second) = second.filter(|_| (0xd800..0xdc00).contains(&unit)) {
                self.at += 6;
                units.push(second);
            }
        }
        let character = char::decode_utf16(units).next().and_then(Result::ok);
        if character.is_none() {
            self.gathering.complain(Complaint::new(
                &codes::SYNTAX,
                Place::new(start, self.at),
                "`\\u` needs four hexadecimal digits of a valid character",
            ));
        }
        character
    }

    /// Parses the entry of a logical line; `None` for an empty line or a comment.
    fn line(&mut self) -> Option<Entry> {
        self.skip_blank();
        let rest = self.rest();
        if rest.starts_with(['#', '!']) {
            self.at += rest.find(['\n', '\r']).unwrap_or(rest.len());
            return None;
        }
        if let Some(length) = line_end(rest) {
            self.at += length;
            return None;
        }
        let start = self.at;
        let mut key = String::new();
        let mut is_ended = false;
        let mut is_separated = false;
        let mut end = start;
        loop {
            match self.piece() {
                Piece::End => is_ended = true,
                Piece::Plain('=' | ':') => is_separated = true,
                Piece::Plain(character) if is_blank(character) => {}
                Piece::Plain(character) | Piece::Escaped(Some(character)) => {
                    key.push(character);
                    end = self.at;
                    continue;
                }
                Piece::Escaped(None) => {
                    end = self.at;
                    continue;
                }
            }
            break;
        }
        let place = Place::new(start, end);
        let value = if is_ended {
            Node::scalar(Place::new(end, end), ScalarKind::Loose, "")
        } else {
            self.value(is_separated)
        };
        let is_nothing =
            key.is_empty() && place.start == place.end && value.place.start == value.place.end;
        if is_nothing && !is_separated {
            // Continued lines without content.
            return None;
        }
        let key = key.into();
        Some(Entry { key, place, value })
    }

    /// Parses the value, including a separator before it.
    fn value(&mut self, mut is_separated: bool) -> Node {
        let mut text = String::new();
        let mut start = self.at;
        let mut end = start;
        let mut has_begun = false;
        loop {
            let before = self.at;
            let piece = self.piece();
            let character = match piece {
                Piece::End => break,
                Piece::Plain(blank) if !has_begun && is_blank(blank) => continue,
                Piece::Plain('=' | ':') if !has_begun && !is_separated => {
                    is_separated = true;
                    start = self.at;
                    end = start;
                    continue;
                }
                Piece::Plain(character) => Some(character),
                Piece::Escaped(character) => character,
            };
            if !has_begun {
                has_begun = true;
                start = self.first_of(before);
            }
            text.extend(character);
            end = self.at;
        }
        Node::scalar(Place::new(start, end), ScalarKind::Loose, text)
    }

    /// Returns the place of the part that was read from `before` on, without leading continuations.
    fn first_of(&self, before: usize) -> usize {
        let mut at = before;
        while let Some(after) = self.text.get(at..).and_then(|rest| rest.strip_prefix('\\')) {
            let Some(length) = line_end(after) else { break };
            let next = after.get(length..).unwrap_or("");
            at += 1 + length + next.len() - next.trim_start_matches(is_blank).len();
        }
        at
    }
}

fn is_blank(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\u{c}')
}

/// Returns the length of the line end at the start of the text.
fn line_end(text: &str) -> Option<usize> {
    if text.starts_with("\r\n") {
        return Some(2);
    }
    text.starts_with(['\n', '\r']).then_some(1)
}

fn code_unit(text: &str) -> Option<u16> {
    let digits = text.get(..4)?;
    let is_hexadecimal = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !is_hexadecimal {
        return None;
    }
    u16::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::super::tree::Content;
    use super::{Outcome, Place, codes, read};

    fn pairs(text: &str) -> Vec<(String, String, String, String)> {
        let roots = read(text).unwrap_or_else(|complaints| panic!("{text}\n{complaints:#?}"));
        let Content::Map(entries) = &roots[0].content else {
            panic!("a map");
        };
        let at = |place: Place| text[place.start as usize..place.end as usize].to_owned();
        entries
            .iter()
            .map(|entry| {
                (
                    entry.key.to_string(),
                    entry.value.as_scalar().unwrap().text.to_string(),
                    at(entry.place),
                    at(entry.value.place),
                )
            })
            .collect()
    }

    #[test]
    fn keys_and_values_are_read_as_by_java() {
        for (line, key, value, written_key, written_value) in [
            ("a=b", "a", "b", "a", "b"),
            ("  a : b ", "a", "b ", "a", "b "),
            ("a b=c", "a", "b=c", "a", "b=c"),
            ("a\t=\t=c", "a", "=c", "a", "=c"),
            ("a", "a", "", "a", ""),
            ("a=", "a", "", "a", ""),
            ("=b", "", "b", "", "b"),
            ("a\\ b\\:\\==c", "a b:=", "c", "a\\ b\\:\\=", "c"),
            (
                "a=\\u00e9\\n\\q\\\\",
                "a",
                "é\nq\\",
                "a",
                "\\u00e9\\n\\q\\\\",
            ),
            ("a=\\ud83d\\ude00", "a", "😀", "a", "\\ud83d\\ude00"),
            ("a = b\\\n   c # d", "a", "bc # d", "a", "b\\\n   c # d"),
            ("a = \\\r\n \\\r\n  b", "a", "b", "a", "b"),
            ("a.b[0]=[1]", "a.b[0]", "[1]", "a.b[0]", "[1]"),
        ] {
            let expected = (
                key.into(),
                value.into(),
                written_key.into(),
                written_value.into(),
            );
            assert_eq!(
                pairs(&format!("# x\\\n! y\n\n{line}\n")),
                [expected],
                "{line}"
            );
        }
        assert_eq!(pairs("\\\n\n# a\n").len(), 0);
    }

    #[test]
    fn every_error_is_reported() {
        let text = "a=1\nb=\\u12\na=2\nc=\\ud800x\n";
        let complaints = read(text).unwrap_err();
        let reported: Vec<(&str, u32)> = complaints
            .iter()
            .map(|complaint| (complaint.code.name, complaint.place.start))
            .collect();
        let (syntax, twice) = (codes::SYNTAX.name, codes::DUPLICATE_KEY.name);
        assert_eq!(reported, [(syntax, 6), (twice, 11), (syntax, 17)]);
    }

    fn escaped(text: &str) -> String {
        let mut result = String::new();
        for character in text.chars() {
            match character {
                '\n' => result.push_str("\\n"),
                '\r' => result.push_str("\\r"),
                '\\' | '=' | ':' | ' ' | '#' | '!' | '\t' | '\u{c}' => {
                    result.extend(['\\', character]);
                }
                _ if character.is_ascii() => result.push(character),
                _ => {
                    for unit in character.encode_utf16(&mut [0; 2]) {
                        result.push_str(&format!("\\u{unit:04x}"));
                    }
                }
            }
        }
        // An escaped letter would be a control character.
        result.replace("\\\t", "\\t").replace("\\\u{c}", "\\f")
    }

    proptest! {
        #[test]
        fn written_documents_are_read_back(values in prop::collection::btree_map("\\PC{1,8}", "\\PC{0,12}|[ -~\n]{0,12}", 0..6)) {
            let text: String = values.iter().map(|(key, value)| format!("{} = {}\n", escaped(key), escaped(value))).collect();
            let read: Vec<_> = pairs(&text).into_iter().map(|(key, value, _, _)| (key, value)).collect();
            prop_assert_eq!(read, values.into_iter().collect::<Vec<_>>());
        }

        #[test]
        fn arbitrary_text_is_accepted(text in "\\PC{0,40}|(a|b|=|:|#|!|\\\\|\\\\u|00e9|d83d| |\t|\n|\r\n|\r|é){0,40}") {
            let outcome: Outcome = read(&text);
            let places: Vec<Place> = match &outcome {
                Ok(roots) => {
                    let Content::Map(entries) = &roots[0].content else { panic!("a map") };
                    entries.iter().flat_map(|entry| [entry.place, entry.value.place]).collect()
                }
                Err(complaints) => complaints.iter().map(|complaint| complaint.place).collect(),
            };
            for place in places {
                prop_assert!(text.get(place.start as usize..place.end as usize).is_some());
            }
        }
    }
}
