//! Values that are written differently, equal to evenkeel, and not equal to every program that reads the format.
//!
//! YAML 1.1 has more booleans and numbers than YAML 1.2, and most programs still read it; shells, Compose and libraries
//! agree on quotes and `$` in dotenv, but not on escapes; readers of INI files disagree on whether quotes are part of a
//! value.

use evenkeel_document::{Content, Document, Format, Node, ScalarKind};

/// Text of one side, which shows how values are written.
#[derive(Clone, Copy)]
pub(super) struct Written<'n> {
    text: &'n str,
    format: Format,
    /// Whether the text declares YAML 1.1.
    is_yaml_1_1: bool,
}

/// Programs that read two values differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Readers {
    /// Short description.
    pub(super) who: &'static str,
    /// Whether every reader of the format does.
    pub(super) is_certain: bool,
}

impl<'n> Written<'n> {
    pub(super) fn of(document: &'n Document) -> Self {
        let text = document.file.text.as_str();
        Self {
            text,
            format: document.format,
            is_yaml_1_1: document.format == Format::Yaml
                && text
                    .lines()
                    .take_while(|line| !line.starts_with("---"))
                    .any(|line| line.trim_end() == "%YAML 1.1"),
        }
    }

    /// Whether the two have different formats.
    pub(super) fn is_other_format(self, other: Self) -> bool {
        self.format != other.format
    }

    /// Whether a list comes from a repeated key, which is not a list if written once: keys of INI files, blocks of HCL.
    pub(super) fn is_repeated(self, list: &Node, single: &Node) -> bool {
        match self.format {
            Format::Properties => true,
            Format::Hcl => {
                matches!(single.content, Content::Map(_)) && !self.value(list).starts_with('[')
            }
            _ => false,
        }
    }

    /// Returns a value as written.
    pub(super) fn value(self, node: &Node) -> &'n str {
        let (start, end) = (node.place.start as usize, node.place.end as usize);
        self.text.get(start..end).unwrap_or("")
    }
}

/// Returns the programs that read two values of equal text differently.
pub(super) fn differ(left: (Written<'_>, &Node), right: (Written<'_>, &Node)) -> Option<Readers> {
    let (one, two) = (left.0.value(left.1), right.0.value(right.1));
    if one == two || left.0.format != right.0.format {
        return None;
    }
    let text = &*left.1.as_scalar()?.text;
    match left.0.format {
        Format::Yaml => {
            let is_text = |node: &Node| {
                node.as_scalar()
                    .is_some_and(|scalar| scalar.kind == ScalarKind::Text)
            };
            let differs = is_text(left.1)
                && is_text(right.1)
                && is_quoted(one) != is_quoted(two)
                && is_other_type_in_yaml_1_1(text);
            differs.then_some(Readers {
                who: "in YAML 1.1, which many programs read, only one of them is text",
                is_certain: left.0.is_yaml_1_1 || right.0.is_yaml_1_1,
            })
        }
        Format::Dotenv => {
            if text.contains('$') && fills_in(one) != fills_in(two) {
                return Some(Readers {
                    who: "variables are expanded in one of them only",
                    is_certain: true,
                });
            }
            let is_plain = |written: &str| unquoted(written) == text;
            (!(is_plain(one) && is_plain(two))).then_some(Readers {
                who: "Compose, shells and libraries read their escapes differently",
                is_certain: false,
            })
        }
        Format::Properties => (is_quoted(one) != is_quoted(two)).then_some(Readers {
            who: "for many programs the quotes are part of the value",
            is_certain: false,
        }),
        _ => None,
    }
}

fn is_quoted(written: &str) -> bool {
    written.starts_with(['"', '\''])
}

/// Returns a value without surrounding quotes.
fn unquoted(written: &str) -> &str {
    for quote in ['"', '\'', '`'] {
        let inner = written
            .strip_prefix(quote)
            .and_then(|rest| rest.strip_suffix(quote));
        if let Some(inner) = inner {
            return inner;
        }
    }
    written
}

/// Whether a dotenv value contains an expanded variable: not in single quotes, and not after a backslash.
fn fills_in(written: &str) -> bool {
    if written.starts_with(['\'', '`']) {
        return false;
    }
    let mut is_escaped = false;
    let mut characters = written.chars().peekable();
    while let Some(each) = characters.next() {
        let begins = characters
            .peek()
            .is_some_and(|next| next.is_ascii_alphabetic() || matches!(next, '_' | '{' | '('));
        if each == '$' && !is_escaped && begins {
            return true;
        }
        is_escaped = each == '\\' && !is_escaped;
    }
    false
}

/// Whether an unquoted word is text in YAML 1.2, and a boolean or a number in YAML 1.1.
fn is_other_type_in_yaml_1_1(text: &str) -> bool {
    const WORDS: &[&str] = &[
        "y", "Y", "yes", "Yes", "YES", "n", "N", "no", "No", "NO", "on", "On", "ON", "off", "Off",
        "OFF",
    ];
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let is_spaced = digits.contains('_')
        && digits.starts_with(|first: char| first.is_ascii_digit())
        && digits
            .bytes()
            .all(|byte| byte.is_ascii_hexdigit() || matches!(byte, b'_' | b'.' | b'x' | b'b'));
    let is_binary = digits.strip_prefix("0b").is_some_and(|rest| {
        !rest.is_empty() && rest.bytes().all(|byte| matches!(byte, b'0' | b'1'))
    });
    // `22:30` is a number in base 60.
    let mut parts = digits.split(':');
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let is_sexagesimal = digits.contains(':')
        && parts.next().is_some_and(is_number)
        && parts.all(|part| is_number(part) && part.len() <= 2);
    WORDS.contains(&text) || is_spaced || is_binary || is_sexagesimal
}
