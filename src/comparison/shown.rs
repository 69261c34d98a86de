//! Values for people: short, and without secrets. What is active in a terminal is made inert where it is printed.

use crate::document::{Content, Node, Scalar, ScalarKind};

/// Longest value that is shown, in characters.
const LONGEST: usize = 200;

/// How a secret is shown.
pub(super) const SECRET: &str = "(a secret, not shown)";

/// A value for people.
pub(super) fn shown(node: &Node, is_secret: bool) -> String {
    match &node.content {
        Content::Scalar(_) if is_secret => SECRET.to_owned(),
        Content::Scalar(scalar) => {
            let text = single(scalar);
            match &node.tag {
                Some(tag) => format!("{tag} {text}"),
                None => text,
            }
        }
        Content::List(items) => format!("a list of {}", items.len()),
        Content::Map(entries) => match entries.as_slice() {
            [] => "an empty map".to_owned(),
            entries => {
                let keys: Vec<&str> = entries.iter().take(4).map(|entry| &*entry.key).collect();
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

/// The beginning of a list, for people.
pub(super) fn list(nodes: &[Node], is_secret: impl Fn(&Scalar) -> bool) -> String {
    let texts: Vec<String> = nodes
        .iter()
        .take(20)
        .map(|node| shown(node, node.as_scalar().is_some_and(&is_secret)))
        .collect();
    clipped(&format!("[{}]", texts.join(", ")))
}

/// A single value as people write it: text in quotes, everything else as it is.
fn single(scalar: &Scalar) -> String {
    match scalar.kind {
        ScalarKind::Null => "nothing".to_owned(),
        ScalarKind::Text => {
            let quoted = serde_json::to_string(&*clipped(&scalar.text));
            quoted.unwrap_or_else(|_| scalar.text.to_string())
        }
        _ if scalar.text.is_empty() => "\"\"".to_owned(),
        _ => clipped(&scalar.text),
    }
}

pub(super) fn clipped(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or(text)),
        None => text.to_owned(),
    }
}
