//! Error messages of the YAML parser, and their places.

use granit_parser::ErrorKind;

use super::super::codes;
use super::super::complaint::Complaint;
use super::super::tree::Place;

/// The message about a template in place of a value.
pub(super) const TEMPLATE_VALUE: &str =
    "`{{` starts a map: quote `{{ … }}`, or compare the rendered output if this file is a template";

/// The addition to messages in files that look like templates.
const TEMPLATE: &str = "; this looks like a template: compare its rendered output";

/// Converts an error of the parser.
pub(super) fn complaint(text: &str, at: usize, kind: &ErrorKind) -> Complaint {
    let at = text.floor_char_boundary(at);
    let tab = match kind {
        ErrorKind::TabInPlainScalar
        | ErrorKind::TabInIndentation
        | ErrorKind::TabInBlockIndentation
        | ErrorKind::TabNotAllowed
        | ErrorKind::TabAtBlockScalarStart => indenting_tab(text, at),
        _ => None,
    };
    let dash = match kind {
        ErrorKind::ExpectedBlockMappingKey => dash_before(text, at),
        _ => None,
    };
    let escape = match kind {
        ErrorKind::UnknownQuotedScalarEscape | ErrorKind::InvalidQuotedScalarHexEscape => {
            bad_escape(text, at)
        }
        _ => None,
    };
    let mut message = match dash {
        Some(_) => "a list item among the keys of a map".to_owned(),
        None => message(text, at, kind),
    };
    if has_template(text, at) {
        message.push_str(TEMPLATE);
    }
    Complaint::new(
        &codes::SYNTAX,
        character(text, tab.or(dash).or(escape).unwrap_or(at)),
        message,
    )
}

/// Returns the place of the character at a byte, empty at the end of its line.
pub(super) fn character(text: &str, at: usize) -> Place {
    let at = text.floor_char_boundary(at);
    let width = match text.get(at..).and_then(|rest| rest.chars().next()) {
        None | Some('\n' | '\r') => 0,
        Some(character) => character.len_utf8(),
    };
    Place::new(at, at + width)
}

/// Returns whether a map is the inner one of an unquoted `{{ … }}`.
pub(super) fn is_template(text: &str, place: Place) -> bool {
    let start = place.start as usize;
    text.get(start..).is_some_and(|rest| rest.starts_with('{'))
        && text
            .get(..start)
            .is_some_and(|before| before.ends_with('{'))
}

fn message(text: &str, at: usize, kind: &ErrorKind) -> String {
    let words = match kind {
        ErrorKind::TabInPlainScalar
        | ErrorKind::TabInIndentation
        | ErrorKind::TabInBlockIndentation
        | ErrorKind::TabNotAllowed
        | ErrorKind::TabAtBlockScalarStart => "tabs cannot indent: use spaces",
        ErrorKind::UnclosedQuotedScalar => "unclosed quote",
        ErrorKind::InvalidTrailingSingleQuotedScalar => {
            "text after the closing quote: inside single quotes, write a quote twice"
        }
        ErrorKind::InvalidTrailingDoubleQuotedScalar => {
            "text after the closing quote: inside double quotes, write a quote as `\\\"`"
        }
        ErrorKind::MappingValueNotAllowed => {
            "unexpected `:`: quote the text that contains it, or check the indentation"
        }
        ErrorKind::InvalidColonPlacement => {
            "unexpected `:`: check for an unclosed bracket before it"
        }
        ErrorKind::SimpleKeyExpected | ErrorKind::InvalidSimpleKey => {
            "expected a key and `:`: keys must be on one line, with at most 1024 characters before the `:`"
        }
        ErrorKind::ExpectedBlockMappingKey => {
            "expected a key, or the indentation differs from the lines above"
        }
        ErrorKind::ExpectedBlockSequenceEntry => {
            "expected `-` as in the items above, or the indentation differs from theirs"
        }
        ErrorKind::BlockSequenceEntryNotAllowed => {
            "unexpected `-`: start the list on a separate line"
        }
        ErrorKind::ExpectedFlowMappingSeparator => "expected `,` or `}`",
        ErrorKind::ExpectedFlowSequenceSeparator => "expected `,` or `]`",
        ErrorKind::InvalidIndentation => "the indentation matches none of the lines above",
        ErrorKind::MissingAnchorOrAliasName
            if text.get(at..).is_some_and(|rest| rest.starts_with('*')) =>
        {
            "alias `*` without a name: quote the text if it is not an alias"
        }
        ErrorKind::MissingAnchorOrAliasName => {
            "anchor `&` without a name: quote the text if it is not an anchor"
        }
        ErrorKind::UndeclaredTagHandle => {
            "the handle of this tag is not declared: quote the text if it is not a tag"
        }
        ErrorKind::UnknownQuotedScalarEscape => {
            "unknown escape: inside double quotes, write a backslash twice"
        }
        ErrorKind::InvalidQuotedScalarHexEscape => {
            "expected hexadecimal digits after `\\x` (2), `\\u` (4) or `\\U` (8)"
        }
        ErrorKind::DocumentIndicatorInQuotedScalar => {
            "a document starts or ends inside of unclosed quotes"
        }
        ErrorKind::CommentNotSeparated => "a comment requires a space before its `#`",
        ErrorKind::UnclosedFlowCollection { open } => {
            return format!("unclosed `{open}`");
        }
        ErrorKind::MismatchedFlowCollectionEnd { open, close } => {
            return format!("mismatched `{close}` for `{open}`");
        }
        ErrorKind::MisplacedFlowCollectionEnd => "unmatched bracket",
        ErrorKind::UnexpectedCharacter { character } => {
            return format!(
                "a value cannot start with `{}`: quote the text",
                character.escape_default()
            );
        }
        // Other errors are rare, and the parser's own message is sufficient.
        other => return other.to_string(),
    };
    words.to_owned()
}

/// Returns the first tab in the indentation, from the line of a byte on.
fn indenting_tab(text: &str, at: usize) -> Option<usize> {
    let mut start = text.get(..at)?.rfind('\n').map_or(0, |feed| feed + 1);
    for line in text.get(start..)?.split_inclusive('\n') {
        let spaces = line.len() - line.trim_start_matches(' ').len();
        if line
            .get(spaces..)
            .is_some_and(|rest| rest.starts_with('\t'))
        {
            return Some(start + spaces);
        }
        start += line.len();
        if line.trim().is_empty() || start > at + 4096 {
            break;
        }
    }
    None
}

/// Returns the first backslash in double quotes that starts no escape: the parser reports the start of the quotes.
fn bad_escape(text: &str, at: usize) -> Option<usize> {
    let mut rest = text.get(at..)?.char_indices();
    while let Some((offset, character)) = rest.next() {
        if character != '\\' {
            continue;
        }
        let digits = match rest.next()?.1 {
            'x' => 2,
            'u' => 4,
            'U' => 8,
            '0' | 'a' | 'b' | 't' | '\t' | 'n' | 'v' | 'f' | 'r' | 'e' | ' ' | '"' | '/' | '\\'
            | 'N' | '_' | 'L' | 'P' | '\n' | '\r' => 0,
            _ => return Some(at + offset),
        };
        if !(0..digits).all(|_| {
            rest.next()
                .is_some_and(|(_, digit)| digit.is_ascii_hexdigit())
        }) {
            return Some(at + offset);
        }
    }
    None
}

/// Returns the dash before a byte, if it is alone on its line.
fn dash_before(text: &str, at: usize) -> Option<usize> {
    let before = text.get(..at)?.trim_end_matches([' ', '\t']);
    let line = before.rsplit('\n').next()?;
    (line.trim_start() == "-").then_some(before.len() - 1)
}

/// Returns whether the line of a byte contains a template marker, or an earlier line starts with one.
fn has_template(text: &str, at: usize) -> bool {
    const MARKS: [&str; 3] = ["{{", "{%", "<%"];
    const NEAR: usize = 500;
    let upto = text
        .get(at..)
        .and_then(|rest| rest.find('\n'))
        .map_or(text.len(), |feed| at + feed);
    let mut lines = text.get(..upto).unwrap_or("").lines().rev();
    let here = lines.next().unwrap_or("");
    MARKS.iter().any(|mark| here.contains(mark))
        || lines.take(NEAR).any(|line| {
            let line = line.trim_start();
            MARKS.iter().any(|mark| line.starts_with(mark))
        })
}
