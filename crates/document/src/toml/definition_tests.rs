//! Definitions and their trees, whole and in pieces.

use evenkeel_model::Value;
use evenkeel_model::source::{Node, NodeValue, SourceFile, Table, place_within};
use proptest::prelude::*;

use super::definition;
use super::definition::read;

#[test]
fn every_key_and_value_has_its_place() {
    let file = SourceFile::new(
        "a.toml",
        "[file.motd]\nmode = \"0644\"\nsize = 0x10\nday = 2027-06-30\n",
    );
    let (table, problems) = definition(&file);
    assert!(problems.is_empty(), "{problems:?}");
    let motd = table
        .get("file")
        .and_then(|node| node.as_table()?.get("motd"))
        .unwrap();
    let mode = motd.as_table().unwrap().get("mode").unwrap();
    assert_eq!(mode.span.location().to_string(), "a.toml:2:8");
    let size = motd.as_table().unwrap().get("size").unwrap();
    assert!(matches!(size.value, NodeValue::Plain(Value::Integer(16))));
    assert!(
        matches!(&motd.as_table().unwrap().get("day").unwrap().value, NodeValue::Date(day) if day == "2027-06-30")
    );
}

#[test]
fn all_syntax_errors_are_reported() {
    let file = SourceFile::new("a.toml", "a = \nb = 1\nc = \n");
    let (table, problems) = definition(&file);
    assert_eq!(problems.len(), 2, "{problems:?}");
    assert!(table.get("b").is_some());
}

#[test]
fn an_error_is_reported_once() {
    let file = SourceFile::new("a.toml", "mode = 0750\nother = 99999999999999999999\n");
    let (_, problems) = definition(&file);
    let places: Vec<String> = problems
        .iter()
        .map(|problem| problem.span.location().to_string())
        .collect();
    assert_eq!(places, ["a.toml:1:8", "a.toml:2:9"], "{problems:?}");
    assert!(problems[0].message.contains("\"0640\""), "{problems:?}");
}

#[test]
fn keys_and_values_have_their_quotes_in_their_places() {
    let file = SourceFile::new("a.toml", "\"a..b\" = 'c'\n");
    let (table, _) = definition(&file);
    let (_, key, value) = &table.entries[0];
    assert_eq!(place_within(key, 2).start(), 3);
    assert_eq!(place_within(&value.span, 0).text(), "c");
}

#[test]
fn a_table_is_at_its_header_and_a_list_of_tables_at_its_first() {
    let text = "[a.b]\nx = 1\n[[c]]\ny = 2\n[[c]]\nd.e = {}\n";
    let (table, problems) = definition(&SourceFile::new("a.toml", text));
    assert!(problems.is_empty(), "{problems:?}");
    let a = table.get("a").unwrap();
    assert_eq!(a.span.location().to_string(), "a.toml:1:2");
    let b = a.as_table().unwrap().get("b").unwrap();
    assert_eq!(b.span.text(), "[a.b]");
    let c = table.get("c").unwrap();
    assert_eq!(c.span.location().to_string(), "a.toml:3:1");
    let second = &c.as_list().unwrap()[1];
    assert_eq!(second.span.location().to_string(), "a.toml:5:1");
    let d = second.as_table().unwrap().get("d").unwrap();
    assert_eq!(d.span.text(), "d");
}

#[test]
fn a_duplicate_key_has_both_places() {
    let file = SourceFile::new("a.toml", "[a]\nb = 1\nb = 2\n[a]\n");
    let (_, problems) = definition(&file);
    let problems: Vec<(String, &str)> = problems
        .iter()
        .map(|problem| (problem.span.location().to_string(), &*problem.message))
        .collect();
    assert_eq!(
        problems,
        [
            (
                "a.toml:3:1".to_owned(),
                "duplicate key, first used on line 2"
            ),
            (
                "a.toml:4:2".to_owned(),
                "duplicate key, first used on line 1"
            ),
        ]
    );
}

#[test]
fn deep_nesting_is_an_error_without_a_value() {
    let keys = vec!["a"; 66].join(".");
    for text in [
        format!("a = {}{}\n", "[".repeat(65), "]".repeat(65)),
        format!("{keys} = 1\n"),
        format!("[{keys}]\n"),
    ] {
        let (_, problems) = definition(&SourceFile::new("a.toml", &*text));
        assert_eq!(problems.len(), 1, "{text} {problems:?}");
        assert!(
            problems[0].message.contains("deeper than 64"),
            "{problems:?}"
        );
    }
    let text = format!("a = {}{}\n", "[".repeat(64), "]".repeat(64));
    let (_, problems) = definition(&SourceFile::new("a.toml", text));
    assert!(problems.is_empty(), "{problems:?}");
}

/// A line of a definition, or one that resembles it.
fn line() -> impl Strategy<Value = String> {
    let name = "[abc]";
    prop_oneof![
        4 => (name, name).prop_map(|(kind, name)| format!("[{kind}.{name}]")),
        4 => ("[d-z]{1,3}", "[a-z]{0,9}").prop_map(|(key, text)| format!("{key} = \"{text}\"")),
        1 => name.prop_map(|kind| format!("[{kind}]")),
        1 => (name, name, name).prop_map(|(one, two, three)| format!("[{one}.{two}.{three}]")),
        1 => (name, name).prop_map(|(kind, name)| format!("[[{kind}.{name}]]")),
        1 => name.prop_map(|kind| format!("[[{kind}]]")),
        1 => (name, name).prop_map(|(kind, name)| format!("[ {kind} . \"{name}\" ]")),
        1 => (name, name).prop_map(|(kind, key)| format!("{kind}.{key} = 1")),
        1 => name.prop_map(|kind| format!("{kind} = {{ x = 1 }}")),
        1 => Just("# é [a.b]".to_owned()),
        1 => Just("t = \"\"\"\n[a.b]\nx = 1\n[c.d]\n\"\"\"".to_owned()),
        1 => Just("l = [\n[1],\n[2],\n]".to_owned()),
        1 => Just("m = '''\n[a.b]\n'''".to_owned()),
        1 => Just("n = 0x7fffffffffffffffff".to_owned()),
        1 => Just("\"\"\"".to_owned()),
        1 => Just(String::new()),
    ]
}

/// Returns whether the trees are equal, including the first and last byte of every place.
fn same(one: &Node, two: &Node) -> bool {
    one.span == two.span
        && match (&one.value, &two.value) {
            (NodeValue::Table(one), NodeValue::Table(two)) => same_tables(one, two),
            (NodeValue::List(one), NodeValue::List(two)) => {
                one.len() == two.len() && one.iter().zip(two).all(|(one, two)| same(one, two))
            }
            (one, two) => format!("{one:?}") == format!("{two:?}"),
        }
}

fn same_tables(one: &Table, two: &Table) -> bool {
    one.entries.len() == two.entries.len()
        && one
            .entries
            .iter()
            .zip(&two.entries)
            .all(|(one, two)| one.0 == two.0 && one.1 == two.1 && same(&one.2, &two.2))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn pieces_produce_the_tree_of_the_whole(
        lines in proptest::collection::vec(line(), 0..24),
        length in 1_usize..60,
        ending in prop_oneof![Just("\n"), Just("\r\n")],
    ) {
        let file = SourceFile::new("a.toml", lines.join(ending));
        let (table, problems) = read(&file, length);
        let (expected, expected_problems) = read(&file, usize::MAX);
        prop_assert!(same_tables(&table, &expected), "{table:?}\n{expected:?}");
        prop_assert_eq!(format!("{problems:?}"), format!("{expected_problems:?}"));
        if let Some(table) = super::parts::read(&file, length) {
            prop_assert!(expected_problems.is_empty(), "{expected_problems:?}");
            prop_assert!(same_tables(&table, &expected), "{table:?}\n{expected:?}");
        }
    }
}
