//! Properties: written YAML is read back, and all places are within the text.

use std::fmt::Write as _;

use proptest::prelude::*;

use super::super::tree::{Content, Node, Place, ScalarKind};
use super::read;
use evenkeel_model::source::SourceFile;

/// A tree to write.
#[derive(Clone, Debug)]
enum Tree {
    Scalar(ScalarKind, String),
    List(Vec<Tree>),
    Map(Vec<(String, Tree)>),
}

fn tree() -> impl Strategy<Value = Tree> {
    let leaf = prop_oneof![
        any::<i64>().prop_map(|number| Tree::Scalar(ScalarKind::Integer, number.to_string())),
        any::<bool>().prop_map(|truth| Tree::Scalar(ScalarKind::Boolean, truth.to_string())),
        Just(Tree::Scalar(ScalarKind::Null, String::new())),
        "[ -~é日🦀\n\t\"'\\\\:#-]{0,12}".prop_map(|text| Tree::Scalar(ScalarKind::Text, text)),
        any::<String>().prop_map(|text| Tree::Scalar(ScalarKind::Text, text)),
    ];
    leaf.prop_recursive(5, 40, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Tree::List),
            prop::collection::btree_map("[a-zé日 :#\n\"]{0,6}", inner, 0..5)
                .prop_map(|map| Tree::Map(map.into_iter().collect())),
        ]
    })
}

fn quoted(text: &str) -> String {
    let mut written = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' => written.extend(['\\', character]),
            ' '..='~' | 'é' | '日' | '🦀' => written.push(character),
            _ => {
                let _ = write!(written, "\\U{:08x}", u32::from(character));
            }
        }
    }
    written + "\""
}

fn scalar(kind: ScalarKind, text: &str) -> String {
    match kind {
        ScalarKind::Text => quoted(text),
        ScalarKind::Null => "null".to_owned(),
        _ => text.to_owned(),
    }
}

fn flow(tree: &Tree, to: &mut String) {
    match tree {
        Tree::Scalar(kind, text) => to.push_str(&scalar(*kind, text)),
        Tree::List(items) => {
            to.push('[');
            for item in items {
                flow(item, to);
                to.push_str(", ");
            }
            to.push(']');
        }
        Tree::Map(entries) => {
            to.push('{');
            for (key, value) in entries {
                to.push_str(&quoted(key));
                to.push_str(": ");
                flow(value, to);
                to.push_str(",\n ");
            }
            to.push('}');
        }
    }
}

/// Block style, after a key or a dash. Lists in maps are no deeper than their key, as is common.
fn block(tree: &Tree, indent: usize, to: &mut String) {
    let spaces = " ".repeat(indent);
    match tree {
        Tree::Scalar(kind, text) => {
            let _ = writeln!(to, " {}", scalar(*kind, text));
        }
        Tree::List(items) if items.is_empty() => to.push_str(" []\n"),
        Tree::Map(entries) if entries.is_empty() => to.push_str(" {}\n"),
        Tree::List(items) => {
            to.push_str(" # list\n");
            for item in items {
                let _ = write!(to, "{spaces}-");
                block(item, indent + 2, to);
            }
        }
        Tree::Map(entries) => {
            to.push('\n');
            for (key, value) in entries {
                let _ = write!(to, "{spaces}{}:", quoted(key));
                let deeper = usize::from(!matches!(value, Tree::List(_)));
                block(value, indent + deeper, to);
            }
        }
    }
}

fn same(tree: &Tree, node: &Node) -> bool {
    match (tree, &node.content) {
        (Tree::Scalar(kind, text), Content::Scalar(scalar)) => {
            scalar.kind == *kind && *scalar.text == **text
        }
        (Tree::List(items), Content::List(nodes)) => {
            items.len() == nodes.len() && items.iter().zip(nodes).all(|(a, b)| same(a, b))
        }
        (Tree::Map(map), Content::Map(entries)) => {
            map.len() == entries.len()
                && map
                    .iter()
                    .zip(entries)
                    .all(|((key, tree), entry)| **key == *entry.key && same(tree, &entry.value))
        }
        _ => false,
    }
}

/// Checks that places are within the text, and children within their parent.
fn places_fit(text: &str, node: &Node) -> Result<(), TestCaseError> {
    let slice = |place: Place| text.get(place.start as usize..place.end as usize);
    prop_assert!(slice(node.place).is_some(), "{:?}", node.place);
    let within = |place: Place| node.place.start <= place.start && place.end <= node.place.end;
    match &node.content {
        Content::Scalar(scalar) => {
            let written = slice(node.place).unwrap_or("");
            if !matches!(written.chars().next(), Some('"') | None) {
                let written = if written == "null" { "" } else { written };
                prop_assert_eq!(written, &*scalar.text);
            }
        }
        Content::List(items) => {
            for item in items {
                prop_assert!(within(item.place), "{:?} {:?}", node.place, item.place);
                places_fit(text, item)?;
            }
        }
        Content::Map(entries) => {
            for entry in entries {
                prop_assert_eq!(slice(entry.place), Some(&*quoted(&entry.key)));
                prop_assert!(within(entry.place) && within(entry.value.place));
                places_fit(text, &entry.value)?;
            }
        }
    }
    Ok(())
}

/// Checks that all places of a result are within the text.
fn any_places_fit(text: &str) -> Result<(), TestCaseError> {
    let fits = |place: Place| text.get(place.start as usize..place.end as usize).is_some();
    match read(&SourceFile::new("a.yaml", text)) {
        Ok(roots) => {
            let mut open: Vec<&Node> = roots.iter().collect();
            while let Some(node) = open.pop() {
                prop_assert!(fits(node.place), "{:?}", node.place);
                match &node.content {
                    Content::Scalar(_) => {}
                    Content::List(items) => open.extend(items),
                    Content::Map(entries) => {
                        prop_assert!(entries.iter().all(|entry| fits(entry.place)));
                        open.extend(entries.iter().map(|entry| &entry.value));
                    }
                }
            }
        }
        Err(complaints) => {
            prop_assert!(!complaints.is_empty());
            for complaint in complaints {
                prop_assert!(fits(complaint.place), "{complaint:?}");
                prop_assert!(complaint.other.is_none_or(|(place, _)| fits(place)));
            }
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn flow_style_is_read_back(tree in tree()) {
        let mut text = String::new();
        flow(&tree, &mut text);
        let roots = read(&SourceFile::new("a.yaml", text.as_str())).unwrap();
        prop_assert!(same(&tree, &roots[0]), "{text}\n{roots:?}");
        places_fit(&text, &roots[0])?;
    }

    #[test]
    fn block_style_is_read_back(trees in prop::collection::vec(tree(), 1..4)) {
        let mut text = String::new();
        for tree in &trees {
            text.push_str("---");
            block(tree, 0, &mut text);
        }
        let roots = read(&SourceFile::new("a.yaml", text.as_str())).unwrap();
        prop_assert_eq!(roots.len(), trees.len());
        for (tree, root) in trees.iter().zip(&roots) {
            prop_assert!(same(tree, root), "{text}\n{root:?}");
            places_fit(&text, root)?;
        }
    }

    #[test]
    fn arbitrary_text_does_not_panic(text in any::<String>()) {
        any_places_fit(&text)?;
    }

    #[test]
    fn arbitrary_bytes_do_not_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        any_places_fit(&String::from_utf8_lossy(&bytes))?;
    }

    #[test]
    fn text_resembling_yaml_does_not_panic(
        parts in prop::collection::vec(prop::sample::select(vec![
            "a", "é", "b: ", "- ", "-", "? ", ": ", ":", "\n", "\n  ", "\n    ", "\n\t", "[", "]", "{", "}", ", ", "\"", "'",
            "|\n", ">-\n", "&x ", "*x", "*x : ", "<<: ", "!t ", "!!int ", "!", "#", " # c\n", "---\n", "...\n", "%YAML 1.2\n",
            "1", "~", "\\", "{{", "}}", "\r\n", "\u{feff}", "@", "`", "\u{85}", "\u{2028}",
        ]), 0..40)
    ) {
        any_places_fit(&parts.concat())?;
    }
}
