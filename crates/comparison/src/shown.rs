//! Values for display: short, without secrets. Control characters are escaped by the printer.

use std::borrow::Cow;

use evenkeel_document::sensitive::{Secrecy, Under, covered_name, secret_arguments};
use evenkeel_document::{Content, Node, Scalar, ScalarKind};
use evenkeel_model::Digest;

/// Longest displayed value, in characters.
const LONGEST: usize = 120;

/// Placeholder of a secret.
pub(super) const SECRET: &str = "(a secret, not shown)";

/// Placeholder of an encrypted value.
const ENCRYPTED: &str = "(encrypted)";

/// Longest list or map displayed whole, in characters.
const LONGEST_WHOLE: usize = 100;

/// Returns a value for display; a small one whole.
pub(super) fn shown(under: Under<'_>, node: &Node) -> String {
    if node.leaves() <= 6 {
        let mut text = String::new();
        write(under, node, &mut text);
        if matches!(node.content, Content::Scalar(_)) || text.chars().count() <= LONGEST_WHOLE {
            return text;
        }
    }
    summary(under, node)
}

/// Returns a list or a map as one text for declared differences: all of it, or its start and digest.
pub(super) fn whole(under: Under<'_>, node: &Node) -> String {
    const MOST: usize = 400;
    let mut text = String::new();
    write(under, node, &mut text);
    match text.char_indices().nth(MOST) {
        None => text,
        Some((end, _)) => format!(
            "{}… ({})",
            text.get(..end).unwrap_or(&text),
            Digest::of(text.as_bytes()).short()
        ),
    }
}

/// Writes a small value on one line, as in YAML.
fn write(under: Under<'_>, node: &Node, to: &mut String) {
    if let Some(tag) = &node.tag {
        to.push_str(tag);
        to.push(' ');
    }
    match &node.content {
        Content::Scalar(scalar) => to.push_str(&single(under, scalar)),
        Content::List(items) => write_list(under, items, to),
        Content::Map(entries) => {
            to.push('{');
            let within = under.within(entries);
            for (number, entry) in entries.iter().enumerate() {
                to.push_str(if number > 0 { ", " } else { "" });
                to.push_str(&clipped(&name(&entry.key)));
                to.push_str(": ");
                write(within.entry(&entry.key), &entry.value, to);
            }
            to.push('}');
        }
    }
}

/// Writes the elements of a list; an element may be secret because of the one before it.
fn write_list(under: Under<'_>, items: &[Node], to: &mut String) {
    let arguments = secret_arguments(items);
    to.push('[');
    for (number, item) in items.iter().enumerate() {
        to.push_str(if number > 0 { ", " } else { "" });
        let under = if arguments.contains(&number) {
            under.argument()
        } else {
            under
        };
        write(under, item, to);
    }
    to.push(']');
}

/// Returns a key or name for display, without secrets in it.
pub(super) fn name(text: &str) -> Cow<'_, str> {
    covered_name(text).map_or(Cow::Borrowed(text), Cow::Owned)
}

/// Summarizes a larger list or map without its values.
fn summary(under: Under<'_>, node: &Node) -> String {
    match &node.content {
        Content::Scalar(scalar) => single(under, scalar),
        Content::List(items) => format!("a list of {}", items.len()),
        Content::Map(entries) => match entries.as_slice() {
            [] => "an empty map".to_owned(),
            entries => {
                let keys = entries.iter().take(4).map(|entry| name(&entry.key));
                let keys: Vec<Cow<'_, str>> = keys.collect();
                let more = if entries.len() > keys.len() {
                    ", …"
                } else {
                    ""
                };
                clipped(&format!("a map of {}{more}", keys.join(", ")))
            }
        },
    }
}

/// Returns the start of a list for display.
pub(super) fn list(under: Under<'_>, nodes: &[Node]) -> String {
    const MOST: usize = 20;
    let arguments = secret_arguments(nodes);
    let texts: Vec<String> = nodes
        .iter()
        .take(MOST)
        .enumerate()
        .map(|(number, node)| {
            let is_argument = arguments.contains(&number);
            shown(if is_argument { under.argument() } else { under }, node)
        })
        .collect();
    clipped(&format!("[{}]", texts.join(", ")))
}

/// Returns a whole list for checking bounds; of a very long one the start and a digest.
pub(super) fn whole_list(under: Under<'_>, nodes: &[Node]) -> String {
    const MOST: usize = 4_000;
    let mut text = String::new();
    write_list(under, nodes, &mut text);
    if text.len() > MOST {
        let beginning = text.get(..text.floor_char_boundary(MOST)).unwrap_or("");
        text = format!("{beginning}… ({})", Digest::of(text.as_bytes()).short());
    }
    text
}

/// Returns a single value for display: text in quotes, everything else unchanged.
fn single(under: Under<'_>, scalar: &Scalar) -> String {
    match under.secrecy(scalar) {
        Secrecy::Whole => return SECRET.to_owned(),
        Secrecy::Encrypted => return ENCRYPTED.to_owned(),
        Secrecy::Open | Secrecy::Parts(_) => {}
    }
    let covered = under.covered(scalar);
    let text: &str = covered.as_deref().unwrap_or(&scalar.text);
    match scalar.kind {
        ScalarKind::Null => "nothing".to_owned(),
        ScalarKind::Text => {
            let quoted = serde_json::to_string(&*clipped(text));
            quoted.unwrap_or_else(|_| text.to_owned())
        }
        _ if scalar.text.is_empty() => "\"\"".to_owned(),
        _ => clipped(text),
    }
}

pub(super) fn clipped(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or(text)),
        None => text.to_owned(),
    }
}
