//! The places of secrets in a document's values and comments. `survey` walks the values.

use super::within::{Secrecy, secret_of_line};
use crate::tree::{Node, Place, Scalar};

/// Returns whether a line is a comment in any of the formats.
pub(super) fn is_comment(line: &str) -> bool {
    ["#", "//", ";", "/*", "*", "<!--", "!"]
        .iter()
        .any(|mark| line.starts_with(mark))
}

/// Returns the places of lines with a secret among the relevant ones, and of all lines between the borders of a PEM
/// key.
pub(super) fn lines_with_secrets(
    text: &str,
    is_relevant: &dyn Fn(&str) -> bool,
    places: &mut Vec<Place>,
) {
    let mut is_within_key = false;
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let content = line.trim();
        let place = Place::new(
            start + line.len() - line.trim_start().len(),
            start + line.trim_end().len(),
        );
        start += line.len();
        if content.is_empty() || !is_relevant(content) {
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

/// Adds the places of the secret parts of a value, in the text of its file.
pub(super) fn add(
    node: &Node,
    scalar: &Scalar,
    secrecy: &Secrecy,
    file: &str,
    places: &mut Vec<Place>,
) {
    let parts = match secrecy {
        Secrecy::Open => return,
        Secrecy::Whole | Secrecy::Encrypted => return places.push(node.place),
        Secrecy::Parts(parts) => parts,
    };
    // As written; a part that is not found there, because of escapes, masks the whole value.
    let start = node.place.start as usize;
    let written = file.get(start..node.place.end as usize).unwrap_or_default();
    for part in parts {
        let secret = scalar.text.get(part.clone()).unwrap_or_default();
        match written.match_indices(secret).next() {
            Some(_) if !secret.is_empty() => {
                let found = written.match_indices(secret);
                places
                    .extend(found.map(|(at, _)| Place::new(start + at, start + at + secret.len())));
            }
            _ => places.push(node.place),
        }
    }
}
