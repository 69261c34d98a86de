//! JSON strings, decoded. An unpaired surrogate is an error.

use super::super::complaint::Complaint;
use super::super::tree::Place;
use super::syntax;

/// A parsed string.
pub(super) struct Read {
    /// The decoded text.
    pub(super) text: Box<str>,
    /// The byte after its closing quote.
    pub(super) end: usize,
}

/// Parses the string whose opening quote is at a byte.
pub(super) fn read(
    text: &str,
    start: usize,
    quote: char,
    relaxed: bool,
) -> Result<Read, Complaint> {
    let unclosed = || syntax(Place::new(start, start + 1), "unclosed quote");
    let mut at = start + 1;
    let mut decoded = String::new();
    loop {
        let rest = text.get(at..).unwrap_or("");
        let length = rest
            .find(|one: char| one == quote || one == '\\' || one < ' ')
            .ok_or_else(unclosed)?;
        let (plain, rest) = rest.split_at(length);
        at += length;
        let mut characters = rest.chars();
        match characters.next() {
            Some(one) if one == quote => {
                let text = if decoded.is_empty() {
                    plain.into()
                } else {
                    decoded.push_str(plain);
                    decoded.into_boxed_str()
                };
                return Ok(Read { text, end: at + 1 });
            }
            Some('\\') => {
                decoded.push_str(plain);
                at += escape(rest, at, relaxed, &mut decoded)?;
            }
            Some('\n' | '\r') => {
                return Err(syntax(
                    Place::new(start, start + 1),
                    "the quote is not closed on its line: write a line end as `\\n`",
                ));
            }
            Some(one) if relaxed => {
                decoded.push_str(plain);
                decoded.push(one);
                at += 1;
            }
            Some(one) => {
                return Err(syntax(
                    Place::new(at, at + 1),
                    format!(
                        "control character: write it as `{}`",
                        if one == '\t' {
                            "\\t".to_owned()
                        } else {
                            format!("\\u{:04x}", u32::from(one))
                        }
                    ),
                ));
            }
            None => return Err(unclosed()),
        }
    }
}

/// Decodes the escape at the start of `rest`, at byte `at`; returns its length.
fn escape(rest: &str, at: usize, relaxed: bool, decoded: &mut String) -> Result<usize, Complaint> {
    let Some(mark) = rest.chars().nth(1) else {
        return Err(syntax(
            Place::new(at, at + rest.len()),
            "nothing follows the backslash",
        ));
    };
    let plain = match mark {
        '"' | '\\' | '/' => mark,
        'b' => '\u{8}',
        'f' => '\u{c}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'u' => return unicode(rest, at, decoded),
        'x' if relaxed => {
            let value = digits(rest, 2, 2).ok_or_else(|| few_digits(rest, at, 2))?;
            decoded.extend(char::from_u32(value));
            return Ok(4);
        }
        'v' if relaxed => '\u{b}',
        '0' if relaxed => '\0',
        '\r' if relaxed && rest.starts_with("\\\r\n") => return Ok(3),
        '\n' | '\r' | '\u{2028}' | '\u{2029}' if relaxed => return Ok(1 + mark.len_utf8()),
        _ if relaxed && !mark.is_ascii_digit() => mark,
        _ => {
            let width = 1 + if mark < ' ' { 0 } else { mark.len_utf8() };
            return Err(syntax(
                Place::new(at, at + width),
                "unknown escape: write a backslash as two",
            ));
        }
    };
    decoded.push(plain);
    Ok(1 + mark.len_utf8())
}

/// Decodes `\uXXXX`, or a surrogate pair of two of them.
fn unicode(rest: &str, at: usize, decoded: &mut String) -> Result<usize, Complaint> {
    let first = digits(rest, 2, 4).ok_or_else(|| few_digits(rest, at, 4))?;
    if let Some(character) = char::from_u32(first) {
        decoded.push(character);
        return Ok(6);
    }
    let second = rest
        .get(6..)
        .filter(|rest| rest.starts_with("\\u"))
        .and_then(|rest| digits(rest, 2, 4));
    let pair = match (first, second) {
        (0xd800..0xdc00, Some(second @ 0xdc00..0xe000)) => {
            char::from_u32(0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00))
        }
        _ => None,
    };
    match pair {
        Some(character) => {
            decoded.push(character);
            Ok(12)
        }
        None => Err(syntax(Place::new(at, at + 6), "unpaired surrogate")),
    }
}

/// Parses a hexadecimal number of `count` digits at a byte.
fn digits(rest: &str, from: usize, count: usize) -> Option<u32> {
    let digits = rest.get(from..from + count)?;
    digits
        .bytes()
        .all(|digit| digit.is_ascii_hexdigit())
        .then(|| u32::from_str_radix(digits, 16).ok())?
}

fn few_digits(rest: &str, at: usize, count: usize) -> Complaint {
    let written = rest
        .char_indices()
        .skip(2)
        .take(count)
        .find(|(_, one)| !one.is_ascii_hexdigit())
        .map_or(rest.len().min(2 + count), |(offset, _)| offset);
    syntax(
        Place::new(at, at + written),
        format!("expected {count} hexadecimal digits"),
    )
}
