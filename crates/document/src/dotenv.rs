//! Dotenv: the assignments of `.env` files. Nothing is expanded or run: `${OTHER}` stays as written.
//!
//! Programs differ in how they read such files. This reader follows the common ground:
//!
//! - `#` starts a comment at the start of a line, after a quoted value, and after white space in an unquoted value.
//!   `KEY=a#b` is `a#b`, as in Compose, Ruby, Python and Rust; Node would stop at the `#`.
//! - `export KEY` alone exports a variable that is set elsewhere in the file, and sets nothing. In `'…'`, a quote after
//!   a backslash ends the value in shells and not in Compose: that is an error.
//! - `'…'` and `` `…` `` are literal, `"…"` supports `\n`, `\r`, `\t`, `\"`, `\\`, `\$` and keeps any other backslash.
//!   All three may span lines, whose ends are read as `\n`. Without quotes, a backslash is literal.
//! - `export`, white space around `=`, and `KEY: value` are valid. `KEY` alone, which Compose takes from outside, is
//!   null; `KEY=` is an empty value.
//! - Text after a quoted value, which a shell would join and other programs reject, is an error, and so is a duplicate
//!   key.
//!
//! Quotes do not define a type: `PORT="80"` and `PORT=80` are equal.

use std::sync::Arc;

use super::codes;
use super::complaint::{Complaint, Outcome};
use super::gathering::{Entries, Gathering};
use super::tree::{Entry, Node, Place, ScalarKind};
use evenkeel_model::source::SourceFile;

/// Reads a text.
pub(super) fn read(file: &Arc<SourceFile>) -> Outcome {
    let mut reader = Reader {
        text: &file.text,
        at: 0,
        gathering: Gathering::default(),
        entries: Entries::default(),
        exported: Vec::new(),
    };
    while reader.at < reader.text.len() && !reader.gathering.is_full() {
        if reader.line().is_none() {
            // The invalid line was reported; continue with the next one.
            reader.at += reader.to_line_end();
        }
        reader.skip_line_end();
    }
    let exported = std::mem::take(&mut reader.exported);
    for entry in exported {
        if reader.entries.find(&entry.key).is_none() {
            reader.entries.push(entry);
        }
    }
    let whole = Place::new(0, file.text.len());
    reader.gathering.finish(reader.entries.into_node(whole))
}

/// Returns whether a text contains only literal assignments of a shell, comments and empty lines.
pub(super) fn is_all_of(text: &str) -> bool {
    let is_name = |name: &str| {
        !name.is_empty()
            && !name.starts_with(|first: char| first.is_ascii_digit())
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    let is_value = |value: &str| {
        let quoted = |quote: char| {
            let inner = value
                .strip_prefix(quote)
                .and_then(|rest| rest.strip_suffix(quote));
            inner.is_some_and(|inner| !inner.contains(quote))
        };
        let is_run = value.contains("$(") || value.contains('`');
        let is_plain = !value.contains([
            ' ', '\t', ';', '|', '&', '<', '>', '(', ')', '"', '\'', '\\', '*',
        ]);
        quoted('\'') || !is_run && (is_plain || quoted('"'))
    };
    let mut has_any = false;
    let is_all = text.lines().map(str::trim).all(|line| {
        if line.is_empty() || line.starts_with('#') {
            return true;
        }
        let line = line.strip_prefix("export ").map_or(line, str::trim_start);
        has_any = true;
        match line.split_once('=') {
            Some((name, value)) => is_name(name) && is_value(value),
            None => is_name(line),
        }
    });
    is_all && has_any
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
    gathering: Gathering,
    entries: Entries,
    /// Names that are exported without a value.
    exported: Vec<Entry>,
}

impl<'t> Reader<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn skip_blank(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start_matches(is_blank).len();
    }

    /// Returns the number of bytes up to the end of the line.
    fn to_line_end(&self) -> usize {
        line_length(self.rest())
    }

    fn skip_line_end(&mut self) {
        let rest = self.rest();
        self.at += if rest.starts_with("\r\n") {
            2
        } else {
            usize::from(rest.starts_with(['\n', '\r']))
        };
    }

    fn complain<T>(&mut self, start: usize, end: usize, message: &str) -> Option<T> {
        let place = Place::new(start, end);
        self.gathering
            .complain(Complaint::new(&codes::SYNTAX, place, message));
        None
    }

    /// Reads up to the end of a line; `None` after an error.
    fn line(&mut self) -> Option<()> {
        self.skip_blank();
        let start = self.at;
        if matches!(self.rest().chars().next(), None | Some('#' | '\n' | '\r')) {
            self.at += self.to_line_end();
            return Some(());
        }
        let mut key = self.key();
        let mut is_export = false;
        if key.1 == "export" && self.rest().starts_with(is_blank) {
            let export = self.at;
            self.skip_blank();
            let after = self.key();
            if after.1.is_empty() {
                // `export` may itself be the name of a variable.
                self.at = export;
            } else {
                key = after;
                is_export = true;
            }
        }
        let (place, name) = key;
        let ends = self.at;
        self.skip_blank();
        let rest = self.rest();
        let is_assignment = rest.starts_with('=')
            || rest.starts_with(':') && rest.chars().nth(1).is_none_or(char::is_whitespace);
        let value = if name.is_empty() {
            None
        } else if is_assignment {
            self.at += 1;
            Some(self.value()?)
        } else if rest.is_empty()
            || rest.starts_with(['\n', '\r'])
            || rest.starts_with('#') && self.at > ends
        {
            self.at += self.to_line_end();
            let nothing = Place::new(ends, ends);
            Some(Node::scalar(nothing, ScalarKind::Null, ""))
        } else {
            None
        };
        let Some(value) = value else {
            let line = self.text.get(start..).unwrap_or("");
            let line = line.get(..line_length(line)).unwrap_or("").trim_end();
            let message = "expected a comment or `NAME=value`, with a name of letters, digits, `_`, `.` and `-`";
            return self.complain(start, start + line.len(), message);
        };
        self.gathering.count(place);
        let key = name.into();
        let is_alone = value
            .as_scalar()
            .is_some_and(|scalar| scalar.kind == ScalarKind::Null);
        if is_export && is_alone {
            self.exported.push(Entry { key, place, value });
            return Some(());
        }
        self.entries
            .insert(Entry { key, place, value }, &mut self.gathering);
        Some(())
    }

    fn key(&mut self) -> (Place, &'t str) {
        let rest = self.rest();
        let length = rest
            .find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '_' | '.' | '-'))
            .unwrap_or(rest.len());
        let place = Place::new(self.at, self.at + length);
        self.at += length;
        (place, rest.get(..length).unwrap_or(""))
    }

    /// Reads the value after the `=`, and the rest of its last line.
    fn value(&mut self) -> Option<Node> {
        let after = self.at;
        self.skip_blank();
        let start = self.at;
        match self.rest().chars().next() {
            Some(quote @ ('"' | '\'' | '`')) => return self.quoted(quote),
            Some('#') if start > after => {
                self.at += self.to_line_end();
                let nothing = Place::new(after, after);
                return Some(Node::scalar(nothing, ScalarKind::Loose, ""));
            }
            _ => {}
        }
        let length = self.to_line_end();
        let line = self.rest().get(..length).unwrap_or("");
        let comment = line.match_indices('#').map(|(at, _)| at).find(|at| {
            line.get(..*at)
                .is_some_and(|before| before.ends_with(is_blank))
        });
        let value = line.get(..comment.unwrap_or(length)).unwrap_or("");
        let value = value.trim_end_matches(is_blank);
        self.at += length;
        let start = if value.is_empty() { after } else { start };
        let place = Place::new(start, start + value.len());
        Some(Node::scalar(place, ScalarKind::Loose, value))
    }

    fn quoted(&mut self, quote: char) -> Option<Node> {
        let start = self.at;
        let inner = self.rest().get(1..).unwrap_or("");
        let Some(length) = closing(inner, quote) else {
            return self.complain(start, start + 1, "unclosed quote");
        };
        self.at += length + 2;
        let value = inner.get(..length).unwrap_or("");
        if quote == '\''
            && value.ends_with('\\')
            && self
                .rest()
                .get(..self.to_line_end())
                .is_some_and(|rest| rest.contains('\''))
        {
            return self.complain(
                start,
                self.at,
                "a quote after a backslash ends this value in shells, but not in Compose: use double quotes",
            );
        }
        let value = if quote == '"' {
            unescape(&value.replace("\r\n", "\n"))
        } else {
            value.replace("\r\n", "\n")
        };
        let place = Place::new(start, self.at);
        self.skip_blank();
        let rest_length = self.to_line_end();
        let rest = self.rest().get(..rest_length).unwrap_or("");
        if !rest.is_empty() && !rest.starts_with('#') {
            let end = self.at + rest.trim_end().len();
            return self.complain(
                self.at,
                end,
                "text after the closing quote: only a comment may follow",
            );
        }
        self.at += rest_length;
        Some(Node::scalar(place, ScalarKind::Loose, value))
    }
}

fn is_blank(character: char) -> bool {
    character.is_whitespace() && !matches!(character, '\n' | '\r')
}

/// Returns the bytes of the first line, without its end.
fn line_length(text: &str) -> usize {
    text.find(['\n', '\r']).unwrap_or(text.len())
}

/// Returns the position of the quote that closes the one at the start of the text.
fn closing(text: &str, quote: char) -> Option<usize> {
    let mut is_escaped = false;
    text.char_indices()
        .find(|(_, character)| {
            let is_plain = !std::mem::take(&mut is_escaped);
            is_escaped = is_plain && quote == '"' && *character == '\\';
            is_plain && *character == quote
        })
        .map(|(at, _)| at)
}

fn unescape(text: &str) -> String {
    let mut result = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        if character != '\\' {
            result.push(character);
            continue;
        }
        match characters.next() {
            Some('n') => result.push('\n'),
            Some('r') => result.push('\r'),
            Some('t') => result.push('\t'),
            Some(plain @ ('"' | '\\' | '$')) => result.push(plain),
            Some(other) => result.extend(['\\', other]),
            None => result.push('\\'),
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::complaint::{Complaint, Outcome};
    use super::super::limits::MOST_COMPLAINTS;
    use super::super::tree::{Content, Node, ScalarKind};
    use super::super::{Place, codes};
    use evenkeel_model::source::SourceFile;

    fn read(text: &str) -> Outcome {
        super::read(&SourceFile::new(".env", text))
    }

    fn pairs(text: &str) -> Vec<(String, Option<String>)> {
        let roots = read(text).unwrap_or_else(|complaints| panic!("{text}\n{complaints:#?}"));
        let Content::Map(entries) = &roots[0].content else {
            panic!("a map");
        };
        entries
            .iter()
            .map(|entry| {
                let scalar = entry.value.as_scalar().unwrap();
                let value = (scalar.kind == ScalarKind::Loose).then(|| scalar.text.to_string());
                (entry.key.to_string(), value)
            })
            .collect()
    }

    fn at(text: &str, place: Place) -> &str {
        &text[place.start as usize..place.end as usize]
    }

    fn reported(text: &str) -> Vec<(String, String)> {
        let complaints: Vec<Complaint> = read(text).expect_err(text).complaints;
        complaints
            .iter()
            .map(|complaint| {
                (
                    complaint.code.name.to_owned(),
                    at(text, complaint.place).to_owned(),
                )
            })
            .collect()
    }

    #[test]
    fn values_are_read_as_in_most_programs() {
        for (line, key, value) in [
            ("A=b", "A", "b"),
            ("  export  A = b c  ", "A", "b c"),
            ("export=1", "export", "1"),
            ("A=", "A", ""),
            ("A= # c", "A", ""),
            ("A=#c", "A", "#c"),
            ("A=b#c", "A", "b#c"),
            ("A=b # c", "A", "b"),
            ("A=b\t#c", "A", "b"),
            ("A: b", "A", "b"),
            ("A.b-c_1=2", "A.b-c_1", "2"),
            ("A='b # $c \\n'# d", "A", "b # $c \\n"),
            ("A=\"b\\n\\t\\\"\\\\\\$c\\d\" # d", "A", "b\n\t\"\\$c\\d"),
            ("A=`it's \"b\"`", "A", "it's \"b\""),
            ("A=b\"c\"", "A", "b\"c\""),
            ("A=\\n", "A", "\\n"),
            ("A=${B:-c}/${D}", "A", "${B:-c}/${D}"),
            ("A=postgres://u:p@h/d?x=y", "A", "postgres://u:p@h/d?x=y"),
            ("A=é", "A", "é"),
        ] {
            for end in ["", "\n", "\r\n"] {
                let expected = vec![(key.to_owned(), Some(value.to_owned()))];
                assert_eq!(pairs(&format!("{line}{end}")), expected, "{line}");
            }
        }
    }

    #[test]
    fn quoted_values_span_lines() {
        let text =
            "# a\r\nKEY=\"-----BEGIN\r\nabc\r\n-----END\" # b\r\n\r\nB='x\n#y'\nC\nexport D\n";
        let expected = [
            ("KEY", Some("-----BEGIN\nabc\n-----END")),
            ("B", Some("x\n#y")),
            ("C", None),
            ("D", None),
        ];
        let expected: Vec<_> = expected
            .iter()
            .map(|(key, value)| ((*key).to_owned(), value.map(str::to_owned)))
            .collect();
        assert_eq!(pairs(text), expected);
    }

    #[test]
    fn an_export_without_a_value_sets_nothing() {
        for text in ["K=a\nexport K\n", "export K\nK=a\n"] {
            assert_eq!(
                pairs(text),
                [("K".to_owned(), Some("a".to_owned()))],
                "{text}"
            );
        }
        assert_eq!(pairs("export K\n"), [("K".to_owned(), None)]);
    }

    #[test]
    fn an_ambiguous_quote_is_an_error() {
        for text in ["K='a\\'#one'\n", "K='a\\'b'\n"] {
            assert_eq!(reported(text)[0].0, codes::SYNTAX.name, "{text}");
        }
        assert_eq!(pairs("K='a\\' # it\n")[0].1.as_deref(), Some("a\\"));
    }

    #[test]
    fn every_place_spans_its_source() {
        let text = "A = 'b'  # c\nexport É\nB=\tc d \n";
        assert_eq!(
            reported(text),
            [("document/syntax".into(), "export É".into())]
        );
        let text = "A = 'b'  # c\n B=\tc d \nC=\nD\n";
        let roots = read(text).unwrap();
        let Content::Map(entries) = &roots[0].content else {
            panic!("a map");
        };
        let places: Vec<(&str, &str)> = entries
            .iter()
            .map(|entry| (at(text, entry.place), at(text, entry.value.place)))
            .collect();
        assert_eq!(places, [("A", "'b'"), ("B", "c d"), ("C", ""), ("D", "")]);
        assert_eq!(
            entries[2].value.place.start as usize,
            text.find("C=").unwrap() + 2
        );
    }

    #[test]
    fn every_error_is_reported() {
        let syntax = codes::SYNTAX.name;
        let wanted = [
            (syntax, "set -a"),
            (syntax, "=b"),
            (syntax, "x"),
            (codes::DUPLICATE_KEY.name, "A"),
            (syntax, "B:c"),
            (syntax, "'"),
        ];
        let wanted: Vec<_> = wanted
            .iter()
            .map(|(code, text)| ((*code).to_owned(), (*text).to_owned()))
            .collect();
        let text = "set -a\n=b\nA=\"c\" x\nA=1\nA=2\nB:c\nC='d\n";
        assert_eq!(reported(text), wanted);
        let complaints = read(text).unwrap_err();
        let first = complaints[3].other.as_ref().unwrap().0;
        assert_eq!(first.start as usize, text.find("A=1").unwrap());
    }

    #[test]
    fn errors_beyond_the_limit_are_counted() {
        let complaints = read(&"=\n".repeat(5_000)).unwrap_err();
        assert_eq!(complaints.len(), MOST_COMPLAINTS);
        assert!(complaints.last().unwrap().message.contains("4900 more"));
    }

    proptest! {
        #[test]
        fn written_documents_are_read_back(
            values in prop::collection::btree_map("[A-Za-z_][A-Za-z0-9_]{0,6}", "\\PC{0,12}|[ -~\n]{0,12}", 0..6),
            export in any::<bool>(),
        ) {
            let mut text = String::new();
            for (key, value) in &values {
                if export {
                    text.push_str("export ");
                }
                let value = value.replace('\\', "\\\\").replace('"', "\\\"").replace('$', "\\$").replace('\r', "\\r");
                text.push_str(&format!("{key}=\"{value}\"\n"));
            }
            let wanted: Vec<_> = values.into_iter().map(|(key, value)| (key, Some(value))).collect();
            prop_assert_eq!(pairs(&text), wanted);
        }

        #[test]
        fn arbitrary_text_is_accepted(text in "\\PC{0,40}|([A-B]|export|=|:|\"|'|`|#|\\\\| |\t|\n|\r\n|\r|é){0,40}") {
            let check = |place: Place| assert!(text.get(place.start as usize..place.end as usize).is_some());
            match read(&text) {
                Ok(roots) => {
                    let Content::Map(entries) = &roots[0].content else { panic!("a map") };
                    for entry in entries {
                        prop_assert_eq!(at(&text, entry.place), &*entry.key);
                        check(entry.value.place);
                        let Node { content: Content::Scalar(scalar), .. } = &entry.value else { panic!() };
                        if !at(&text, entry.value.place).starts_with(['"', '\'', '`']) {
                            prop_assert_eq!(at(&text, entry.value.place), &*scalar.text);
                        }
                    }
                }
                Err(complaints) => {
                    prop_assert!(!complaints.is_empty());
                    for complaint in complaints {
                        check(complaint.place);
                    }
                }
            }
        }
    }
}
