//! Where a document has secrets, in its values and in its comments.

use super::names::is_secret;
use super::under::Under;
use super::within::secret_of_line;
use crate::document::Format;
use crate::document::tree::{Content, Document, Node, Place, Scalar, ScalarKind};

/// How a secret within a text is shown.
const COVERED: &str = "(a secret, not shown)";

/// A text of several lines with its secrets covered; nothing if it has none: configuration within configuration.
#[must_use]
pub fn covered_lines(text: &str) -> Option<String> {
    if !text.contains('\n') {
        return None;
    }
    let mut secrets = secret_lines(text).peekable();
    secrets.peek()?;
    let mut covered = String::with_capacity(text.len());
    let mut at = 0;
    for (start, end) in secrets {
        covered.push_str(text.get(at..start).unwrap_or_default());
        covered.push_str(COVERED);
        at = end;
    }
    covered.push_str(text.get(at..).unwrap_or_default());
    Some(covered)
}

/// Where a text's lines have secrets: from and to, in bytes.
fn secret_lines(text: &str) -> impl Iterator<Item = (usize, usize)> + '_ {
    let mut start = 0;
    // From the beginning to the end of a key or certificate, all lines are of it.
    let mut is_armoured = false;
    text.split_inclusive('\n').filter_map(move |line| {
        let from = start;
        start += line.len();
        let whole = line.trim();
        let at = from + (line.len() - line.trim_start().len());
        let end = at + whole.len();
        let begins = whole.contains("-----BEGIN");
        if begins || is_armoured {
            is_armoured = !whole.contains("-----END");
            return Some((at, end));
        }
        // An element of a list, or of a JSON object.
        let bare = whole.trim_start_matches(['-', ' ', '"', '\'']);
        let loose = Scalar {
            kind: ScalarKind::Loose,
            text: bare.replacen("\":", ":", 1).into(),
        };
        if let Some((name, value)) = assignment(&loose) {
            let value = Scalar {
                kind: ScalarKind::Loose,
                text: value.trim_end_matches(',').trim_matches('"').into(),
            };
            if is_secret(name, &value) {
                let sign = whole.find(['=', ':']).map_or(0, |sign| sign + 1);
                let rest = whole.get(sign..).unwrap_or_default();
                let blank = rest.len() - rest.trim_start().len();
                return Some((at + sign + blank, end));
            }
        }
        (is_secret("", &loose) || secret_of_line(whole).is_some()).then_some((at, end))
    })
}

/// The places of all secrets of a document, and of those in its comments.
#[must_use]
pub fn secret_places(document: &Document) -> Vec<Place> {
    let mut places = Vec::new();
    if document.format == Format::Lines {
        lines_with_secrets(&document.file.text, &|_| true, &mut places);
        return places;
    }
    for root in &document.roots {
        gather(Under::default(), root, &document.file.text, &mut places);
    }
    lines_with_secrets(&document.file.text, &is_comment, &mut places);
    places
}

/// Whether a line is a comment in any of the formats.
fn is_comment(line: &str) -> bool {
    ["#", "//", ";", "/*", "*", "<!--", "!"]
        .iter()
        .any(|mark| line.starts_with(mark))
}

/// The places of lines that hold a secret, among those that are looked at, and of what is between the first and the last
/// line of a key.
fn lines_with_secrets(text: &str, looked_at: &dyn Fn(&str) -> bool, places: &mut Vec<Place>) {
    let mut is_within_key = false;
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let content = line.trim();
        let place = Place::new(
            start + line.len() - line.trim_start().len(),
            start + line.trim_end().len(),
        );
        start += line.len();
        if content.is_empty() || !looked_at(content) {
            continue;
        }
        if content.contains("-----BEGIN") {
            is_within_key = true;
        }
        if is_within_key || secret_of_line(content).is_some() {
            places.push(place);
        }
        if content.contains("-----END") {
            is_within_key = false;
        }
    }
}

fn gather(under: Under<'_>, node: &Node, file: &str, places: &mut Vec<Place>) {
    match &node.content {
        Content::Scalar(scalar) => {
            if under.is_secret(scalar) {
                places.push(node.place);
            } else if covered_lines(&scalar.text).is_some() {
                // As it is written; what is not found there, for its escapes, is covered whole.
                let start = node.place.start as usize;
                let written = file.get(start..node.place.end as usize).unwrap_or_default();
                let before = places.len();
                places.extend(
                    secret_lines(written).map(|(from, to)| Place::new(start + from, start + to)),
                );
                if places.len() == before || !written.contains('\n') {
                    places.push(node.place);
                }
            }
        }
        Content::List(items) => {
            for item in items {
                gather(under, item, file, places);
            }
        }
        Content::Map(entries) => {
            let within = under.within(entries);
            for entry in entries {
                gather(within.entry(&entry.key), &entry.value, file, places);
            }
        }
    }
}

/// The name and the value of `NAME=value`, `name: value` or `name value`, where a text is one.
#[must_use]
fn assignment(scalar: &Scalar) -> Option<(&str, &str)> {
    if !matches!(scalar.kind, ScalarKind::Text | ScalarKind::Loose) {
        return None;
    }
    let (name, value) = scalar.text.split_once(['=', ':'])?;
    let name = name.trim();
    let name = name.strip_prefix("export ").unwrap_or(name);
    let is_name = !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'));
    (is_name && !value.starts_with("//"))
        .then_some((name, value.trim().trim_matches(['"', '\'', ';'])))
}
