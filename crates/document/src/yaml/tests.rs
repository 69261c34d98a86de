//! YAML texts, their trees and places.

use super::super::codes;
use super::super::complaint::{Complaint, Outcome};
use super::super::tree::{Content, Node, Place, ScalarKind};
use super::read;
use evenkeel_model::source::SourceFile;

fn outcome(text: &str) -> Outcome {
    read(&SourceFile::new("a.yaml", text))
}

fn roots(text: &str) -> Vec<Node> {
    outcome(text).unwrap()
}

fn root(text: &str) -> Node {
    let mut roots = roots(text);
    assert_eq!(roots.len(), 1, "{text}");
    roots.remove(0)
}

fn complaints(text: &str) -> Vec<Complaint> {
    outcome(text).unwrap_err().complaints
}

fn complaint(text: &str) -> Complaint {
    let mut complaints = complaints(text);
    assert_eq!(complaints.len(), 1, "{text}: {complaints:?}");
    complaints.remove(0)
}

fn at(text: &str, place: Place) -> &str {
    &text[place.start as usize..place.end as usize]
}

/// Formats a tree in a few words: kinds by a letter, tags before.
fn shown(node: &Node) -> String {
    let tag = node
        .tag
        .as_ref()
        .map_or_else(String::new, |tag| format!("{tag} "));
    let content = match &node.content {
        Content::Scalar(scalar) => {
            let kind = match scalar.kind {
                ScalarKind::Null => "n",
                ScalarKind::Boolean => "b",
                ScalarKind::Integer => "i",
                ScalarKind::Float => "f",
                ScalarKind::Text => "t",
                ScalarKind::Date => "d",
                ScalarKind::Expression | ScalarKind::Loose => "?",
            };
            format!("{kind}:{}", scalar.text)
        }
        Content::List(items) => {
            let items: Vec<String> = items.iter().map(shown).collect();
            format!("[{}]", items.join(", "))
        }
        Content::Map(entries) => {
            let entries: Vec<String> = entries
                .iter()
                .map(|entry| format!("{}={}", entry.key, shown(&entry.value)))
                .collect();
            format!("{{{}}}", entries.join(", "))
        }
    };
    format!("{tag}{content}")
}

#[test]
fn a_map_has_its_values_by_kind() {
    let text =
        "a: 1\nb: 1.10\nc: true\nd: x y\ne: ~\nf:\ng: 2026-01-31\nh: \"1\"\ni: 'it''s'\nj: yes\n";
    assert_eq!(
        shown(&root(text)),
        "{a=i:1, b=f:1.10, c=b:true, d=t:x y, e=n:, f=n:, g=d:2026-01-31, h=t:1, i=t:it's, j=t:yes}"
    );
}

#[test]
fn escapes_and_folds_are_decoded() {
    let text = "a: \"\\u00e9\\n\\x41\\ud83d\\ude00 \\\n  b\"\nb: one\n  two\n\n  three\n";
    assert_eq!(shown(&root(text)), "{a=t:é\nA😀 b, b=t:one two\nthree}");
}

#[test]
fn block_scalars_keep_lines_and_ends_as_indicated() {
    let text = "a: |\n  x\n   y\nb: |-\n  x\nc: |+\n  x\n\nd: >\n  x\n  y\n\n  z\ne: >-\n  x\nf: |2-\n    x\n";
    assert_eq!(
        shown(&root(text)),
        "{a=t:x\n y\n, b=t:x, c=t:x\n\n, d=t:x y\nz\n, e=t:x, f=t:  x}"
    );
    assert_eq!(shown(&root("a: |\n  no line end")), "{a=t:no line end}");
    assert_eq!(shown(&root("a: |\n  one\r\n  two\r\n")), "{a=t:one\ntwo\n}");
}

#[test]
fn streams_have_a_root_for_each_document_that_has_a_value() {
    let texts = |text: &str| roots(text).iter().map(shown).collect::<Vec<_>>();
    assert_eq!(texts("---\na: 1\n---\nb: 2\n"), ["{a=i:1}", "{b=i:2}"]);
    assert_eq!(
        texts("# note\n---\n# empty\n---\na\n...\n---\n# end\n"),
        ["t:a"]
    );
    assert_eq!(texts("--- ~\n--- ''\n"), ["n:", "t:"]);
    for empty in ["", "\n\n", "# only this", "---\n", "---\n...\n---\n"] {
        assert!(roots(empty).is_empty(), "{empty:?}");
    }
    assert_eq!(texts("%YAML 1.1\n---\na\n"), ["t:a"]);
}

#[test]
fn keys_are_always_text() {
    let text = "8080: a\ntrue: b\n~: c\n\"x: y\": d\n0x1F: e\n? f\n: g\non: h\n";
    assert_eq!(
        shown(&root(text)),
        "{8080=t:a, true=t:b, ~=t:c, x: y=t:d, 0x1F=t:e, f=t:g, on=t:h}"
    );
    assert_eq!(shown(&root("a: &k name\n*k : 1\n")), "{a=t:name, name=i:1}");
}

#[test]
fn lists_and_maps_are_rejected_as_keys() {
    for text in [
        "? [a]\n: 1\n",
        "{[a]: 1}",
        "? {a: 1}\n: 1\n",
        "a: &x [1]\n*x : 2\n",
    ] {
        let complaint = complaint(text);
        assert_eq!(complaint.code, &codes::SYNTAX);
        assert!(complaint.message.contains("cannot be keys"), "{text}");
    }
}

#[test]
fn tags_are_data_and_those_of_yaml_are_applied() {
    let text = "a: !Ref 12\nb: !vault |\n  x\nc: !Sub [1, 2]\nd: !!str 1\ne: !!int \"3\"\nf: ! 7\ng: !!binary aGk=\nh: !!set {x: }\ni: !!float 3\nj: !GetAZs\nk: !<tag:example.org,1:x> y\nl: !!bool yes\nm: !!map {a: 1}\nn: !!null ''\no: !If\n  a: 1\n";
    assert_eq!(
        shown(&root(text)),
        "{a=!Ref t:12, b=!vault t:x\n, c=!Sub [i:1, i:2], d=t:1, e=i:3, f=t:7, g=!!binary t:aGk=, h=!!set {x=n:}, i=f:3, j=!GetAZs n:, k=!<tag:example.org,1:x> t:y, l=b:true, m={a=i:1}, n=n:, o=!If {a=i:1}}"
    );
    assert_eq!(
        shown(&root("%TAG !e! tag:example.org,1:\n---\n!e!x y\n")),
        "!<tag:example.org,1:x> t:y"
    );
}

#[test]
fn a_tag_of_another_type_is_an_error() {
    for (text, place) in [
        ("é: !!int abc", "abc"),
        ("a: !!bool 7", "7"),
        ("a: !!str [1]", "["),
        ("a: !!seq {b: 1}", "{"),
        ("a: !!map x", "x"),
        ("a: !!timestamp x", "x"),
    ] {
        let complaint = complaint(text);
        assert_eq!(at(text, complaint.place), place, "{text}");
        assert!(complaint.message.contains("!!"), "{}", complaint.message);
    }
}

#[test]
fn aliases_are_copies_with_the_original_places() {
    let text = "é: &x {k: [1, 2]}\nb: *x\nc: &s one\nd: [*s, *s]\n";
    let root = root(text);
    assert_eq!(
        shown(&root),
        "{é={k=[i:1, i:2]}, b={k=[i:1, i:2]}, c=t:one, d=[t:one, t:one]}"
    );
    assert_eq!(at(text, root.get("b").unwrap().place), "{k: [1, 2]}");
    assert_eq!(at(text, root.get("d").unwrap().place), "[*s, *s]");
    // The last of two anchors with one name counts, and anchors end with their document.
    assert_eq!(
        shown(&super::tests::root("[&a 1, &a 2, *a]")),
        "[i:1, i:2, i:2]"
    );
    assert_eq!(complaint("&a 1\n---\n*a\n").code, &codes::ALIAS);
}

#[test]
fn merges_add_missing_entries() {
    let base = "x: &x {a: 1, b: 2}\ny: &y {b: 3, c: 4}\n";
    for (map, merged) in [
        ("{<<: *x, b: 9, d: 5}", "{a=i:1, b=i:9, d=i:5}"),
        ("{b: 9, <<: *x}", "{b=i:9, a=i:1}"),
        (
            "{z: 0, <<: [*x, *y], b2: 0}",
            "{z=i:0, a=i:1, b=i:2, c=i:4, b2=i:0}",
        ),
        ("{<<: *x, <<: *x}", "{a=i:1, b=i:2}"),
        ("{<<: *x, m: 0, <<: {c: 5}}", "{a=i:1, b=i:2, m=i:0, c=i:5}"),
        ("{<<: *x, b: 0, <<: *y}", "{a=i:1, b=i:0, c=i:4}"),
        ("{<<: {q: 1}, <<: [], p: 1}", "{q=i:1, p=i:1}"),
        ("{\"<<\": 1}", "{<<=i:1}"),
        ("{!!merge <<: *x}", "{a=i:1, b=i:2}"),
        ("{!!str <<: 1}", "{<<=i:1}"),
    ] {
        let root = root(&format!("{base}z: {map}\n"));
        assert_eq!(shown(root.get("z").unwrap()), merged, "{map}");
    }
}

#[test]
fn two_merges_of_one_map_must_not_share_a_key() {
    let text = "x: &x {a: 1, b: 2}\ny: &y {b: 3}\nz:\n  <<: *x\n  <<: *y\n";
    let complaint = complaint(text);
    assert_eq!(complaint.code, &codes::DUPLICATE_KEY);
    assert!(complaint.message.contains("`b`"), "{}", complaint.message);
    assert_eq!(at(text, complaint.place), "*y");
    assert_eq!(at(text, complaint.other.unwrap().0), "*x");
}

#[test]
fn merges_follow_merges_and_keep_their_places() {
    let text = "é: &a\n  k: v\nb: &b\n  <<: *a\n  l: w\nc:\n  <<: *b\n  m: x\n";
    let root = root(text);
    let c = root.get("c").unwrap();
    assert_eq!(shown(c), "{k=t:v, l=t:w, m=t:x}");
    let Content::Map(entries) = &c.content else {
        panic!("a map");
    };
    let lines: Vec<usize> = entries
        .iter()
        .map(|entry| text[..entry.place.start as usize].matches('\n').count() + 1)
        .collect();
    assert_eq!(lines, [2, 5, 8]);
    assert_eq!(at(text, c.place), "<<: *b\n  m: x");
}

#[test]
fn only_maps_can_be_merged() {
    for text in [
        "<<: 1\n",
        "a: &a 1\nb:\n  <<: *a\n",
        "<<: [{a: 1}, x]\n",
        "<<:\n",
    ] {
        let complaint = complaint(text);
        assert!(complaint.message.contains("after `<<`"), "{text}");
    }
}

#[test]
fn every_duplicate_key_is_reported_with_both_places() {
    let text = "é: 1\nb: {x: 1, x: 2}\né: 3\né: 4\n";
    let complaints = complaints(text);
    let places: Vec<(u32, u32)> = complaints
        .iter()
        .map(|one| (one.place.start, one.other.as_ref().unwrap().0.start))
        .collect();
    assert_eq!(places, [(16, 10), (22, 0), (28, 0)]);
    assert!(
        complaints
            .iter()
            .all(|one| one.code == &codes::DUPLICATE_KEY)
    );
    assert_eq!(complaint("1: a\n\"1\": b\n").code, &codes::DUPLICATE_KEY);
}

#[test]
fn undefined_and_cyclic_aliases_are_errors() {
    let text = "é: *x\nb: &b [*b]\nc: {*y : 1}\nd: &d {k: *d}\n";
    let complaints = complaints(text);
    let places: Vec<&str> = complaints.iter().map(|one| at(text, one.place)).collect();
    assert_eq!(places, ["*x", "*b", "*y", "*d"]);
    assert!(complaints.iter().all(|one| one.code == &codes::ALIAS));
}

#[test]
fn places_are_bytes_of_the_source() {
    let text = "# ü\né: \"ö\"\nlist:\n- 日本\n- -1\n-\n  - x\nmap:\n    k: |\n      té\n      xt\n\n    l: 'a'\nf: [a, {b: c}, d: e]\nt: !T\n  - 1\nn:\no: &o\n  # -\n  - 2\np: &p x\n";
    let root = root(text);
    let value = |key: &str| at(text, root.get(key).unwrap().place);
    assert_eq!(value("é"), "\"ö\"");
    assert_eq!(value("list"), "- 日本\n- -1\n-\n  - x");
    assert_eq!(value("map"), "k: |\n      té\n      xt\n\n    l: 'a'");
    assert_eq!(value("f"), "[a, {b: c}, d: e]");
    assert_eq!(value("t"), "- 1");
    assert_eq!(value("n"), "");
    assert_eq!(value("o"), "- 2");
    assert_eq!(value("p"), "x");
    assert_eq!(
        at(text, root.get("map").unwrap().get("k").unwrap().place),
        "té\n      xt"
    );
    let Content::Map(entries) = &root.content else {
        panic!("a map");
    };
    for entry in entries {
        assert_eq!(at(text, entry.place), &*entry.key);
    }
    assert_eq!(at(text, root.place), text[5..].trim_end());
}

#[test]
fn errors_are_reported_at_their_byte_with_a_remedy() {
    for (text, start, words) in [
        ("é: 1\n\tb: 2\n", 6, "tab"),
        ("é:\n\tb: 2\n", 4, "tab"),
        ("é: \"x\nb: 2\n", 4, "unclosed"),
        ("é: b: c\n", 5, "quote the text"),
        ("é: 1\n b: 2\n", 8, "indentation"),
        ("é: [1, 2\n", 4, "unclosed"),
        ("é: [1, 2\nb: 1\n", 11, "unclosed"),
        ("é: [1}\n", 4, "mismatched `}`"),
        ("é: ]\n", 4, "unmatched bracket"),
        ("é: 'it's'\n", 8, "write a quote twice"),
        ("- é\nb: 1\n", 5, "expected `-`"),
        ("é: 1\n- b\n", 6, "among the keys"),
        ("é: @x\n", 4, "quote"),
        ("é: *\n", 4, "without a name"),
        ("é: 1\nb\nc: 2\n", 6, "key"),
        ("é: \"\\q\"\n", 5, "unknown escape"),
        ("é: \"a\\n\\x4g\"\n", 8, "hexadecimal digits"),
        ("é: !x!y z\n", 4, "not declared"),
        ("é: [a b: ]]\n", 11, "unmatched bracket"),
    ] {
        let complaint = complaint(text);
        assert_eq!(complaint.code, &codes::SYNTAX);
        assert_eq!(
            complaint.place.start, start,
            "{text:?}: {}",
            complaint.message
        );
        assert!(complaint.message.contains(words), "{}", complaint.message);
    }
}

#[test]
fn each_document_of_a_stream_can_have_an_error() {
    let text = "a: [1\n---\nb: 1\n---\nc: 'x\n---\nd: 1\nd: 2\n";
    let complaints = complaints(text);
    let lines: Vec<usize> = complaints
        .iter()
        .map(|one| text[..one.place.start as usize].matches('\n').count() + 1)
        .collect();
    assert_eq!(lines, [1, 5, 8]);
}

#[test]
fn templates_are_recognised() {
    for text in [
        "é: {{ value }}\n",
        "é: {{ a }}-{{ b }}\n",
        "{{- if .x }}\na: 1\n{{- end }}\n",
        "a:\n  {{ toYaml . | indent 2 }}\n",
        "{% if x %}\na: 1\n",
        "<%= x %>\na: 1\n",
        "a: {{ x | default(\"y\") }}\n",
    ] {
        let complaints = complaints(text);
        assert!(
            complaints
                .iter()
                .any(|one| one.message.contains("rendered output")),
            "{text}: {complaints:?}"
        );
    }
    assert_eq!(
        shown(&root("a: <%= x %>\nb: \"{{ y }}\"\n")),
        "{a=t:<%= x %>, b=t:{{ y }}}"
    );
}
