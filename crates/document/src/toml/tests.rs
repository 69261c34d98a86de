//! TOML texts and their trees.

use proptest::prelude::*;
use toml::de::DeTable;

use super::super::codes;
use super::super::complaint::Outcome;
use super::super::tree::{Content, Node, Place, ScalarKind};
use evenkeel_model::source::SourceFile;

fn read(text: &str) -> Outcome {
    super::read(&SourceFile::new("a.toml", text))
}

fn tree(text: &str) -> Node {
    match read(text) {
        Ok(mut roots) => roots.remove(0),
        Err(complaints) => panic!("{text}\n{complaints:#?}"),
    }
}

fn shown(node: &Node) -> String {
    match &node.content {
        Content::Scalar(scalar) => {
            let kind = match scalar.kind {
                ScalarKind::Boolean => "b",
                ScalarKind::Integer => "i",
                ScalarKind::Float => "f",
                ScalarKind::Text => "t",
                ScalarKind::Date => "d",
                ScalarKind::Null | ScalarKind::Expression | ScalarKind::Loose => "?",
            };
            format!("{kind}:{}", scalar.text)
        }
        Content::List(items) => {
            let items: Vec<String> = items.iter().map(shown).collect();
            format!("[{}]", items.join(", "))
        }
        Content::Map(entries) => {
            let entries = entries
                .iter()
                .map(|entry| format!("{}={}", entry.key, shown(&entry.value)));
            format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
        }
    }
}

fn at(text: &str, place: Place) -> &str {
    &text[place.start as usize..place.end as usize]
}

#[test]
fn values_have_their_types() {
    let text = "a = 1_000\nb = 0xFF\nc = +5\nd = -0\ne = 1.50\nf = +inf\ng = true\nh = 1979-05-27 07:32:00Z\n\
                i = \"x\\ty\"\nj = '''\nz'''\nk = [1, [2]]\nl = { m.n = 1, o = {} }\n\"p.q\".r = 07:32:00\n\
                s = 99999999999999999999\nt = 1e1_0\n";
    assert_eq!(
        shown(&tree(text)),
        "{a=i:1000, b=i:255, c=i:5, d=i:0, e=f:1.50, f=f:inf, g=b:true, h=d:1979-05-27 07:32:00Z, \
         i=t:x\ty, j=t:z, k=[i:1, [i:2]], l={m={n=i:1}, o={}}, p.q={r=d:07:32:00}, \
         s=i:99999999999999999999, t=f:1e10}"
    );
}

#[test]
fn tables_follow_their_headers_in_source_order() {
    let text = "x = 1\n[a.b]\ny = 2\n[a]\nz = 3\n[[c]]\nd = 1\n[c.e]\nf = 2\n[[c]]\n[[c.g]]\n[h]\ni.j = 1\ni.k = 2\n";
    assert_eq!(
        shown(&tree(text)),
        "{x=i:1, a={b={y=i:2}, z=i:3}, c=[{d=i:1, e={f=i:2}}, {g=[{}]}], h={i={j=i:1, k=i:2}}}"
    );
}

#[test]
fn every_place_spans_its_source() {
    let text = "# ä\n[a.\"b\"] # c\né.ö = \"x\"\r\nl = [ 1, {m = 2} ]\n";
    // Bare keys are ASCII.
    let text = text.replace("é.ö", "e.'ö'");
    let root = tree(&text);
    let Content::Map(entries) = &root.content else {
        panic!("a map")
    };
    assert_eq!(at(&text, entries[0].place), "a");
    let a = &entries[0].value;
    let Content::Map(entries) = &a.content else {
        panic!("a map")
    };
    assert_eq!(at(&text, entries[0].place), "\"b\"");
    assert!(at(&text, entries[0].value.place).starts_with("[a.\"b\"]"));
    let b = &entries[0].value;
    let Content::Map(entries) = &b.get("e").unwrap().content else {
        panic!("a map")
    };
    assert_eq!(at(&text, entries[0].place), "'ö'");
    assert_eq!(at(&text, entries[0].value.place), "\"x\"");
    let list = b.get("l").unwrap();
    assert_eq!(at(&text, list.place), "[ 1, {m = 2} ]");
    let Content::List(items) = &list.content else {
        panic!("a list")
    };
    assert_eq!(at(&text, items[0].place), "1");
    assert_eq!(at(&text, items[1].place), "{m = 2}");
}

#[test]
fn every_error_is_reported() {
    let text = "a = \nb = 1\nb = 2\n[c]\nd = [1 2]\n[c]\ne = 2027-13-01\n";
    let complaints = read(text).unwrap_err();
    let reported: Vec<(&str, u32)> = complaints
        .iter()
        .map(|complaint| (complaint.code.name, complaint.place.start))
        .collect();
    let (syntax, twice) = (codes::SYNTAX.name, codes::DUPLICATE_KEY.name);
    assert_eq!(
        reported,
        [
            (syntax, 4),
            (twice, 11),
            (syntax, 26),
            (twice, 32),
            (syntax, 39)
        ],
        "{complaints:#?}"
    );
    let first = complaints[1].other.as_ref().unwrap().0;
    assert_eq!(at(text, first), "b");
    assert_eq!(first.start as usize, text.find("b = 1").unwrap());
}

#[test]
fn unbounded_nesting_is_an_error() {
    let deep = |open: &str| read(&open.repeat(100_000)).unwrap_err();
    for open in [
        "a = [", "[", "a = {a=", "{", "a.", "[[", "\"\"\"", "'", "]", "=", "a = [{",
    ] {
        deep(open);
    }
    for head in ["a = [", "a = {b = ", "a = {b.c.d = "] {
        let (head, open) = head.split_at(4);
        let complaints = read(&format!("{head}{}", open.repeat(100_000))).unwrap_err();
        assert!(
            complaints
                .iter()
                .any(|complaint| complaint.code == &codes::TOO_DEEP),
            "{head}"
        );
    }
    let keys = vec!["a"; 300].join(".");
    for text in [
        format!("{keys} = 1\n"),
        format!("[{keys}]\n"),
        format!("[[{keys}]]\n"),
        format!("x = {{{keys} = 1}}\n"),
    ] {
        let complaints = read(&text).unwrap_err();
        assert_eq!(complaints[0].code, &codes::TOO_DEEP, "{text}");
    }
    tree(&format!("a = {}{}\n", "[".repeat(127), "]".repeat(127)));
}

fn check(node: &Node, text: &str) {
    assert!(
        text.get(node.place.start as usize..node.place.end as usize)
            .is_some()
    );
    let inside = |inner: Place| node.place.start <= inner.start && inner.end <= node.place.end;
    match &node.content {
        Content::Scalar(_) => {}
        Content::List(items) => items.iter().for_each(|item| {
            assert!(inside(item.place));
            check(item, text);
        }),
        Content::Map(entries) => {
            for entry in entries {
                assert!(inside(entry.place) && inside(entry.value.place), "{text}");
                check(&entry.value, text);
            }
        }
    }
}

/// Formats the result of the `toml` crate like ours, with sorted tables.
fn sorted(node: &Node) -> String {
    match &node.content {
        Content::Map(entries) => {
            let mut entries: Vec<String> = entries
                .iter()
                .map(|entry| format!("{}={}", entry.key, sorted(&entry.value)))
                .collect();
            entries.sort();
            format!("{{{}}}", entries.join(", "))
        }
        Content::List(items) => format!(
            "[{}]",
            items.iter().map(sorted).collect::<Vec<_>>().join(", ")
        ),
        Content::Scalar(_) => shown(node),
    }
}

fn library(value: &toml::de::DeValue<'_>) -> String {
    use toml::de::DeValue;
    match value {
        DeValue::String(text) => format!("t:{text}"),
        DeValue::Integer(number) => format!("i:{}", number.as_str()),
        DeValue::Array(items) => {
            format!(
                "[{}]",
                items
                    .iter()
                    .map(|item| library(item.get_ref()))
                    .collect::<Vec<_>>()
                    .join(", ")
            )
        }
        DeValue::Table(table) => library_table(table),
        _ => "?".to_owned(),
    }
}

fn library_table(table: &DeTable<'_>) -> String {
    let mut entries: Vec<String> = table
        .iter()
        .map(|(key, value)| format!("{}={}", key.get_ref(), library(value.get_ref())))
        .collect();
    entries.sort();
    format!("{{{}}}", entries.join(", "))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn tables_agree_with_the_toml_crate(lines in prop::collection::vec(
        "\\[(a|b|a\\.b|b\\.a|a\\.b\\.c|b\\.c)\\]|\\[\\[(a|b|a\\.b|b\\.a|a\\.c)\\]\\]|(a|b|c|a\\.b|b\\.c|a\\.b\\.c) = (1|\"x\"|\\[\\]|\\[1\\]|\\[\\{\\}\\]|\\{\\}|\\{a = 1\\}|\\{a\\.b = 1, a\\.c = 2\\}|\\{a\\.b = 1, a = 2\\}|\\{a\\.b = 1, a\\.b\\.c = 2\\}|\\{a = \\{b = 1\\}, a\\.c = 2\\})",
        0..7,
    )) {
        let text = lines.join("\n");
        let (table, errors) = DeTable::parse_recoverable(&text);
        match read(&text) {
            Ok(roots) => {
                prop_assert!(errors.is_empty(), "{text}\n{errors:?}");
                prop_assert_eq!(sorted(&roots[0]), library_table(table.get_ref()));
                check(&roots[0], &text);
            }
            // The `toml` crate lets a dotted key extend an array of tables, which the specification forbids.
            Err(complaints) => prop_assert!(!errors.is_empty() || text.contains("[["), "{text}\n{complaints:?}"),
        }
    }
}

proptest! {
    #[test]
    fn arbitrary_text_is_accepted(text in "\\PC{0,40}|(a|\\.|=|\\[|\\]|\\{|\\}|,|\"|'|\"\"\"|1|#|\n|\r\n|\r| |é|\\\\){0,40}") {
        let (_, errors) = DeTable::parse_recoverable(&text);
        match read(&text) {
            Ok(roots) => {
                prop_assert!(errors.is_empty(), "{errors:?}");
                check(&roots[0], &text);
            }
            Err(complaints) => {
                prop_assert!(!errors.is_empty(), "{complaints:?}");
                for complaint in complaints {
                    prop_assert!(text.get(complaint.place.start as usize..complaint.place.end as usize).is_some());
                }
            }
        }
    }
}
