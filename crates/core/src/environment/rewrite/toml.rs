//! Values as TOML, in a form that reads back as the same value.

use std::fmt::Write as _;

use evenkeel_model::Value;
use evenkeel_model::text::inert;

/// Returns a value as it is written in a definition, with `${` escaped. A text of several lines is written on several
/// lines if `lines` permits it. `None` for a value that no definition contains.
#[must_use]
pub fn written(value: &Value, lines: bool) -> Option<String> {
    Some(match value {
        Value::Boolean(boolean) => boolean.to_string(),
        Value::Integer(number) => number.to_string(),
        Value::Float(number) if number.is_finite() => format!("{number:?}"),
        Value::Float(_) | Value::Secret(..) => return None,
        Value::Text(text) => {
            let text = text.replace("${", "$${");
            if lines && text.contains('\n') {
                long(&text)
            } else {
                short(&text)
            }
        }
        Value::List(items) => {
            let items: Option<Vec<String>> =
                items.iter().map(|item| written(item, false)).collect();
            format!("[{}]", items?.join(", "))
        }
        Value::Table(entries) if entries.is_empty() => "{}".to_owned(),
        Value::Table(entries) => {
            let entries: Option<Vec<String>> = entries
                .iter()
                .map(|(name, item)| Some(format!("{} = {}", key(name), written(item, false)?)))
                .collect();
            format!("{{ {} }}", entries?.join(", "))
        }
    })
}

/// Returns a key, in quotes where it needs them.
#[must_use]
pub fn key(name: &str) -> String {
    let is_bare = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if !name.is_empty() && name.bytes().all(is_bare) {
        name.to_owned()
    } else {
        short(name)
    }
}

/// Returns a text in one line.
#[must_use]
pub fn short(text: &str) -> String {
    let mut written = String::from("\"");
    for each in text.chars() {
        match each {
            '"' => written.push_str("\\\""),
            '\n' => written.push_str("\\n"),
            other => push(other, &mut written),
        }
    }
    written.push('"');
    written
}

/// Returns a text in several lines.
fn long(text: &str) -> String {
    // A line feed right after the opening quotes does not count.
    let mut written = String::from("\"\"\"\n");
    let mut rest = text.chars().peekable();
    while let Some(each) = rest.next() {
        match each {
            // Three quotes end the text, and so does one before the closing ones.
            '"' if matches!(rest.peek(), None | Some('"')) => written.push_str("\\\""),
            '"' | '\n' => written.push(each),
            other => push(other, &mut written),
        }
    }
    written.push_str("\"\"\"");
    written
}

/// Adds a character. One that is invisible or controls a terminal is escaped, so that the file shows it.
fn push(each: char, written: &mut String) {
    match each {
        '\\' => written.push_str("\\\\"),
        '\t' => written.push_str("\\t"),
        '\r' => written.push_str("\\r"),
        other => {
            let mut bytes = [0; 4];
            let text: &str = other.encode_utf8(&mut bytes);
            if inert(text) == text {
                written.push(other);
            } else {
                // Writing to a string does not fail.
                let _ = write!(written, "\\U{:08X}", u32::from(other));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop_assert_eq, proptest};

    use super::{key, written};
    use evenkeel_model::Value;
    use evenkeel_model::source::SourceFile;

    fn read_back(text: &str) -> Value {
        let file = SourceFile::new("a.toml", format!("a = {text}\n"));
        let (table, problems) = evenkeel_document::definition(&file);
        assert!(problems.is_empty(), "{text}");
        table.get("a").unwrap().to_value()
    }

    proptest! {
        #[test]
        fn every_text_reads_back(text in "\\PC{0,20}|[\"'\\\\\\n\\r\\t$\\{a]{0,12}|(?s).{0,12}", lines in any::<bool>()) {
            let value = Value::text(&text);
            let expected = Value::text(&text.replace("${", "$${"));
            prop_assert_eq!(read_back(&written(&value, lines).unwrap()), expected);
        }
    }

    #[test]
    fn a_text_of_several_lines_stays_readable() {
        let text = Value::text("a \"b\"\n\t'c'\\d\n");
        assert_eq!(
            written(&text, true).unwrap(),
            "\"\"\"\na \"b\"\n\\t'c'\\\\d\n\"\"\""
        );
        assert_eq!(written(&text, false).unwrap(), r#""a \"b\"\n\t'c'\\d\n""#);
    }

    #[test]
    fn invisible_characters_are_shown() {
        let text = Value::text("a\u{202e}b\u{1b}[31m");
        assert_eq!(
            written(&text, true).unwrap(),
            "\"a\\U0000202Eb\\U0000001B[31m\""
        );
        assert_eq!(key("a.b"), "\"a.b\"");
        assert_eq!(key("PATH_1-x"), "PATH_1-x");
    }
}
