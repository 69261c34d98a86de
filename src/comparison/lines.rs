//! Texts that have no format: compared line by line, in sequence.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::disagreement::{Disagreement, Matter, Side};
use super::path::Step;
use super::{Identities, Path, Which, list, shown};
use crate::document::{Content, Document, Node, Place, Scalar, ScalarKind, covering, sensitive};

/// Compares lines. Lines that differ by identity values only are the same; neighbouring lines that differ are one
/// disagreement. Its path names the first line that differs by its own text, so that it stays the same when lines come and
/// go above it.
pub(super) fn compare(
    left: &Document,
    right: &Document,
    identities: &Identities,
    above: &Path,
    found: &mut Vec<Disagreement>,
) {
    let (lefts, rights) = (lines(left), lines(right));
    let marked = |nodes: &[Node], which| -> Vec<String> {
        nodes
            .iter()
            .map(|node| {
                let text = text(node);
                identities
                    .marked(text, which)
                    .unwrap_or_else(|| text.to_owned())
            })
            .collect()
    };
    let (ones, twos) = (marked(lefts, Which::Left), marked(rights, Which::Right));
    let mut times: BTreeMap<String, usize> = BTreeMap::new();
    let hunks = super::hunks::hunks(&ones, &twos);
    let (open, closed) = if hunks.is_empty() {
        (String::new(), String::new())
    } else {
        (shown_text(left), shown_text(right))
    };
    for (old, new) in hunks {
        let one = lefts.get(old.clone()).unwrap_or_default();
        let two = rights.get(new.clone()).unwrap_or_default();
        // What the marks did not bring together may agree all the same.
        if one.len() == two.len()
            && one
                .iter()
                .zip(two)
                .all(|(one, two)| text(one) == text(two) || identities.agree(text(one), text(two)))
        {
            continue;
        }
        let first = one.first().or(two.first()).map_or("", text).trim();
        let is_hidden = |nodes: &[Node], document: &Document, shown: &str| {
            nodes.iter().any(|node| {
                let range = node.place.start as usize..node.place.end as usize;
                is_secret(node) || document.file.text.get(range.clone()) != shown.get(range)
            })
        };
        let hidden = (is_hidden(one, left, &open), is_hidden(two, right, &closed));
        let name = if hidden.0 || hidden.1 {
            "(a secret)"
        } else {
            list::clipped(first)
        };
        let matter = match (one.is_empty(), two.is_empty()) {
            (false, true) => Matter::Only(Which::Left),
            (true, false) => Matter::Only(Which::Right),
            _ => Matter::Lines,
        };
        // The same text at several places: the second one is told from the first.
        let time = times.entry(name.to_owned()).or_insert(0_usize);
        *time += 1;
        let name: Arc<str> = match *time {
            1 => name.into(),
            again => format!("{name} ({again})").into(),
        };
        found.push(Disagreement {
            path: above.with(Step::Element([(Arc::from(""), name)].into())),
            left: side(one, hidden.0),
            right: side(two, hidden.1),
            matter,
        });
    }
}

/// The text as it is shown.
fn shown_text(document: &Document) -> String {
    let text = &document.file.text;
    covering::covered(text, covering::secret_ranges(text))
}

fn lines(document: &Document) -> &[Node] {
    match document.roots.first().map(|root| &root.content) {
        Some(Content::List(items)) => items,
        _ => &[],
    }
}

fn text(node: &Node) -> &str {
    node.as_scalar().map_or("", |scalar| &scalar.text)
}

fn is_secret(node: &Node) -> bool {
    node.as_scalar().is_some_and(|scalar| {
        sensitive::is_secret("", scalar)
            || sensitive::assignment(scalar).is_some_and(|(name, value)| {
                let value = Scalar {
                    kind: scalar.kind,
                    text: value.into(),
                };
                sensitive::is_secret(name, &value)
            })
    })
}

fn side(nodes: &[Node], is_secret: bool) -> Option<Side> {
    let (first, last) = (nodes.first()?, nodes.last()?);
    let texts: Vec<&str> = nodes.iter().map(text).collect();
    Some(Side {
        place: Place {
            start: first.place.start,
            end: last.place.end,
        },
        key_place: None,
        shown: if is_secret {
            shown::SECRET.to_owned()
        } else {
            shown::clipped(&texts.join("\n"))
        },
        scalar: Some(Scalar {
            kind: ScalarKind::Loose,
            text: texts.join("\n").into(),
        }),
        is_secret,
        leaves: nodes.len(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::{Rules, compare};
    use crate::document::{Format, read};
    use crate::source::SourceFile;

    #[test]
    fn the_same_line_at_two_places_has_two_names() {
        let of = |text: &str| read(&SourceFile::new("a.txt", text), Format::Lines).unwrap();
        let left = of("name: x\nb\nname: x\n");
        let right = of("name: y\nb\nname: z\n");
        let found = compare(&left, &right, &Rules::default(), None).disagreements;
        let paths: Vec<String> = found.iter().map(|each| each.path.to_string()).collect();
        assert_eq!(paths, ["[\"name: x\"]", "[\"name: x (2)\"]"]);
    }
}
