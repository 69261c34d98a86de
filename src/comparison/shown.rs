//! Values for people: short, and without secrets. What is active in a terminal is made inert where it is printed.

use crate::document::{Content, Node, Scalar, ScalarKind, covering, sensitive};

/// Longest value that is shown, in characters.
const LONGEST: usize = 120;

/// How a secret is shown.
pub(super) const SECRET: &str = "(a secret, not shown)";

/// Longest list or map that is shown whole, in characters.
const LONGEST_WHOLE: usize = 100;

/// A value for people. What is small enough is shown whole.
pub(super) fn shown(key: &str, node: &Node, is_secret: impl Fn(&str, &Scalar) -> bool) -> String {
    if node.leaves() <= 6 {
        let mut text = String::new();
        write(key, node, &is_secret, &mut text);
        if matches!(node.content, Content::Scalar(_)) || text.chars().count() <= LONGEST_WHOLE {
            return text;
        }
    }
    summary(node)
}

/// Writes a small value in one line, as YAML would.
fn write(key: &str, node: &Node, is_secret: &dyn Fn(&str, &Scalar) -> bool, to: &mut String) {
    if let Some(tag) = &node.tag {
        to.push_str(tag);
        to.push(' ');
    }
    match &node.content {
        Content::Scalar(scalar) if is_secret(key, scalar) => to.push_str(SECRET),
        Content::Scalar(scalar) => to.push_str(&single(scalar)),
        Content::List(items) => {
            to.push('[');
            for (number, item) in items.iter().enumerate() {
                to.push_str(if number > 0 { ", " } else { "" });
                write(key, item, is_secret, to);
            }
            to.push(']');
        }
        Content::Map(entries) => {
            to.push('{');
            for (number, entry) in entries.iter().enumerate() {
                to.push_str(if number > 0 { ", " } else { "" });
                to.push_str(&clipped(&entry.key));
                to.push_str(": ");
                if sensitive::seals(entries, &entry.key) {
                    let sealed = |_: &str, scalar: &Scalar| sensitive::is_sealed(scalar);
                    write(&entry.key, &entry.value, &sealed, to);
                } else {
                    write(&entry.key, &entry.value, is_secret, to);
                }
            }
            to.push('}');
        }
    }
}

/// What a larger list or map is, without its values.
fn summary(node: &Node) -> String {
    match &node.content {
        Content::Scalar(scalar) => single(scalar),
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
pub(super) fn list(key: &str, nodes: &[Node], is_secret: impl Fn(&str, &Scalar) -> bool) -> String {
    let texts: Vec<String> = nodes
        .iter()
        .take(20)
        .map(|node| shown(key, node, &is_secret))
        .collect();
    clipped(&format!("[{}]", texts.join(", ")))
}

/// A whole list, for holding it against bounds.
pub(super) fn whole_list(
    key: &str,
    nodes: &[Node],
    is_secret: impl Fn(&str, &Scalar) -> bool,
) -> String {
    let mut text = String::from("[");
    for (number, node) in nodes.iter().enumerate() {
        text.push_str(if number > 0 { ", " } else { "" });
        write(key, node, &is_secret, &mut text);
    }
    text.push(']');
    text
}

/// A single value as people write it: text in quotes, everything else as it is.
fn single(scalar: &Scalar) -> String {
    // Configuration within configuration has secrets of its own.
    if let Some(text) = covering::shown(&scalar.text) {
        return clipped(&text);
    }
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
