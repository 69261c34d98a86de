//! Where a document has secrets, in its values and in its comments.

use super::under::{Under, secret_arguments};
use super::within::{Secrecy, covered_name, secret_of_line};
use crate::Format;
use crate::tree::{Content, Document, Node, Place};

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
            match under.secrecy(scalar) {
                Secrecy::Open => {}
                Secrecy::Whole | Secrecy::Encrypted => places.push(node.place),
                Secrecy::Parts(parts) => {
                    // As it is written; what is not found there, for its escapes, is covered whole.
                    let start = node.place.start as usize;
                    let written = file.get(start..node.place.end as usize).unwrap_or_default();
                    for part in parts {
                        let secret = scalar.text.get(part).unwrap_or_default();
                        match written.match_indices(secret).next() {
                            Some(_) if !secret.is_empty() => {
                                let found = written.match_indices(secret);
                                places.extend(found.map(|(at, _)| {
                                    Place::new(start + at, start + at + secret.len())
                                }));
                            }
                            _ => places.push(node.place),
                        }
                    }
                }
            }
        }
        Content::List(items) => {
            let arguments = secret_arguments(items);
            for (number, item) in items.iter().enumerate() {
                let under = if arguments.contains(&number) {
                    under.argument()
                } else {
                    under
                };
                gather(under, item, file, places);
            }
        }
        Content::Map(entries) => {
            let within = under.within(entries);
            for entry in entries {
                if covered_name(&entry.key).is_some() {
                    places.push(entry.place);
                }
                gather(within.entry(&entry.key), &entry.value, file, places);
            }
        }
    }
}
