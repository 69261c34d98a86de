//! One tree over another.

use super::{Merge, compose};
use evenkeel_document::{Content, Entry, Node, ScalarKind};

/// Merges the documents of a layer over those below. Documents of one file are matched by kind and name.
pub(super) fn roots(below: Vec<Node>, above: Vec<Node>, merge: Merge) -> Vec<Node> {
    if below.is_empty() {
        return if merge == Merge::Compose {
            above.into_iter().map(compose::even).collect()
        } else {
            above
        };
    }
    if above.is_empty() {
        return below;
    }
    if below.len() == 1 && above.len() == 1 {
        let pair = below.into_iter().zip(above);
        return pair
            .map(|(below, above)| over(below, above, merge))
            .collect();
    }
    let mut result = below;
    for root in above {
        let at = named(&root).and_then(|name| {
            result
                .iter()
                .position(|other| named(other) == Some(name.clone()))
        });
        match at.and_then(|at| result.get_mut(at)) {
            Some(place) => {
                let below = std::mem::replace(place, empty());
                *place = over(below, root, merge);
            }
            None => result.push(root),
        }
    }
    result
}

/// Returns the identifying parts of a document: kind, namespace and name.
fn named(root: &Node) -> Option<[String; 3]> {
    let text = |node: Option<&Node>| {
        node.and_then(Node::as_scalar)
            .map(|scalar| scalar.text.to_string())
    };
    let metadata = root.get("metadata")?;
    Some([
        text(root.get("kind"))?,
        text(metadata.get("namespace")).unwrap_or_default(),
        text(metadata.get("name"))?,
    ])
}

fn empty() -> Node {
    Node::new(
        evenkeel_document::Place::default(),
        Content::Map(Vec::new()),
    )
}

fn over(below: Node, above: Node, merge: Merge) -> Node {
    match merge {
        Merge::Compose => compose::over(below, compose::even(above)),
        Merge::Shallow => shallow(below, above),
        Merge::Deep | Merge::Helm | Merge::Indexed => deep(below, above, merge),
    }
}

/// Merges maps and replaces everything else.
pub(crate) fn merge_deep(below: Node, above: Node) -> Node {
    deep(below, above, Merge::Deep)
}

fn is_null(node: &Node) -> bool {
    node.as_scalar()
        .is_some_and(|scalar| scalar.kind == ScalarKind::Null)
}

/// Readers bound the depth.
fn deep(below: Node, above: Node, merge: Merge) -> Node {
    let Node {
        place,
        tag,
        content,
    } = above;
    let content = match (below.content, content) {
        (Content::Map(lower), Content::Map(upper)) => Content::Map(maps(lower, upper, merge)),
        (Content::List(lower), Content::List(upper)) if merge == Merge::Indexed => {
            let mut lower = lower.into_iter();
            let mut items: Vec<Node> = upper
                .into_iter()
                .map(|item| match lower.next() {
                    Some(below) => deep(below, item, merge),
                    None => item,
                })
                .collect();
            items.extend(lower);
            Content::List(items)
        }
        (_, upper) => upper,
    };
    Node {
        place,
        tag,
        content,
    }
}

fn maps(lower: Vec<Entry>, upper: Vec<Entry>, merge: Merge) -> Vec<Entry> {
    keyed(lower, upper, &mut |below, above| {
        if merge == Merge::Helm && is_null(&above) {
            return None;
        }
        Some(deep(below, above, merge))
    })
}

/// Merges entries by key: those below first, in their order. Entries of both are passed to a function, which merges or
/// removes them.
pub(super) fn keyed(
    lower: Vec<Entry>,
    upper: Vec<Entry>,
    both: &mut dyn FnMut(Node, Node) -> Option<Node>,
) -> Vec<Entry> {
    let numbers: std::collections::HashMap<std::sync::Arc<str>, usize> = lower
        .iter()
        .enumerate()
        .map(|(number, entry)| (entry.key.clone(), number))
        .collect();
    let mut result: Vec<Option<Entry>> = lower.into_iter().map(Some).collect();
    for entry in upper {
        let slot = numbers
            .get(&entry.key)
            .and_then(|number| result.get_mut(*number));
        match slot.map(|slot| (slot.take(), slot)) {
            Some((Some(below), slot)) => {
                let Entry { key, place, value } = entry;
                *slot = both(below.value, value).map(|value| Entry { key, place, value });
            }
            Some((None, _)) | None => result.push(Some(entry)),
        }
    }
    result.into_iter().flatten().collect()
}

fn shallow(below: Node, above: Node) -> Node {
    let Node {
        place,
        tag,
        content,
    } = above;
    let content = match (below.content, content) {
        (Content::Map(lower), Content::Map(upper)) => {
            Content::Map(keyed(lower, upper, &mut |_, above| Some(above)))
        }
        (_, upper) => upper,
    };
    Node {
        place,
        tag,
        content,
    }
}
