//! What mistakes are called, and where they are.

use granit_parser::ErrorKind;

use super::super::codes;
use super::super::complaint::Complaint;
use super::super::tree::Place;

/// What to say where a template stands for a value.
pub(super) const TEMPLATE_VALUE: &str = "`{{` begins a map, so an unquoted `{{ … }}` is no text: quote it, or if this file is a template, compare what it renders to";

/// What is added where templates are about.
const TEMPLATE: &str = "; this looks like a template: compare what it renders to";

/// A mistake that the parser found.
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
        Some(_) => "an item of a list stands among the keys of a map".to_owned(),
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

/// The place of the character at a byte, empty at the end of its line.
pub(super) fn character(text: &str, at: usize) -> Place {
    let at = text.floor_char_boundary(at);
    let width = match text.get(at..).and_then(|rest| rest.chars().next()) {
        None | Some('\n' | '\r') => 0,
        Some(character) => character.len_utf8(),
    };
    Place::new(at, at + width)
}

/// Whether a map is the inner one of an unquoted `{{ … }}`.
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
        | ErrorKind::TabAtBlockScalarStart => "a tab cannot indent: use spaces",
        ErrorKind::UnclosedQuotedScalar => "this quote is never closed",
        ErrorKind::InvalidTrailingSingleQuotedScalar => {
            "the text goes on after its closing quote: inside single quotes, a quote is written twice"
        }
        ErrorKind::InvalidTrailingDoubleQuotedScalar => {
            "the text goes on after its closing quote: inside double quotes, a quote is written `\\\"`"
        }
        ErrorKind::MappingValueNotAllowed => {
            "a `:` that gives a key its value is not allowed here: quote the text that has it, or check the indentation"
        }
        ErrorKind::InvalidColonPlacement => {
            "a `:` is not allowed here: is a bracket before it never closed?"
        }
        ErrorKind::SimpleKeyExpected | ErrorKind::InvalidSimpleKey => {
            "a key and its `:` are expected here: keys stand on one line, with at most 1024 characters before the `:`"
        }
        ErrorKind::ExpectedBlockMappingKey => {
            "a key is expected here, or the indentation differs from the lines above"
        }
        ErrorKind::ExpectedBlockSequenceEntry => {
            "a `-` is expected here, as in the items above, or the indentation differs from theirs"
        }
        ErrorKind::BlockSequenceEntryNotAllowed => {
            "an item `-` is not allowed here: lists begin on a line of their own"
        }
        ErrorKind::ExpectedFlowMappingSeparator => "`,` or `}` is expected here",
        ErrorKind::ExpectedFlowSequenceSeparator => "`,` or `]` is expected here",
        ErrorKind::InvalidIndentation => "the indentation fits none of the lines above",
        ErrorKind::MissingAnchorOrAliasName
            if text.get(at..).is_some_and(|rest| rest.starts_with('*')) =>
        {
            "`*` begins an alias, and no name follows: quote the text if it is none"
        }
        ErrorKind::MissingAnchorOrAliasName => {
            "`&` begins an anchor, and no name follows: quote the text if it is none"
        }
        ErrorKind::UndeclaredTagHandle => {
            "this tag's handle is not declared: quote the text if it is no tag"
        }
        ErrorKind::UnknownQuotedScalarEscape => {
            "no such escape: inside double quotes, a backslash is written twice"
        }
        ErrorKind::InvalidQuotedScalarHexEscape => {
            "hexadecimal digits are expected after `\\x` (2), `\\u` (4) and `\\U` (8)"
        }
        ErrorKind::DocumentIndicatorInQuotedScalar => {
            "a document begins or ends inside of quotes that are not closed"
        }
        ErrorKind::CommentNotSeparated => "a comment needs a space before its `#`",
        ErrorKind::UnclosedFlowCollection { open } => {
            return format!("this `{open}` is never closed");
        }
        ErrorKind::MismatchedFlowCollectionEnd { open, close } => {
            return format!("this `{open}` meets a `{close}` before it is closed");
        }
        ErrorKind::MisplacedFlowCollectionEnd => "this bracket closes nothing",
        ErrorKind::UnexpectedCharacter { character } => {
            return format!(
                "no value begins with `{}`: quote the text",
                character.escape_default()
            );
        }
        // The rest is rare, and what the parser says of it is good enough.
        other => return other.to_string(),
    };
    words.to_owned()
}

/// The first tab that indents, from the line of a byte on.
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

/// The first backslash in double quotes that no escape begins with: the parser tells where the quotes begin.
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

/// The dash before a byte, if nothing else stands before it on its line.
fn dash_before(text: &str, at: usize) -> Option<usize> {
    let before = text.get(..at)?.trim_end_matches([' ', '\t']);
    let line = before.rsplit('\n').next()?;
    (line.trim_start() == "-").then_some(before.len() - 1)
}

/// Whether the line of a byte has a mark of a template, or one of the lines before it begins with one.
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
