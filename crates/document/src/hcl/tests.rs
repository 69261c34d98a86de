//! HCL texts and their trees.

use std::fmt::Write as _;

use proptest::prelude::*;

use super::super::codes;
use super::super::complaint::{Complaint, Outcome};
use super::super::limits::DEEPEST;
use super::super::tree::{Content, Node, Place, ScalarKind};
use super::even::even;
use evenkeel_model::source::SourceFile;

fn read(text: &str) -> Outcome {
    super::read(&SourceFile::new("a.tf", text))
}

fn tree(text: &str) -> Node {
    match read(text) {
        Ok(mut roots) => roots.remove(0),
        Err(complaints) => panic!("{text}\n{complaints:#?}"),
    }
}

fn complaints(text: &str) -> Vec<Complaint> {
    read(text).expect_err(text).complaints
}

/// Formats a tree in one line: scalars by the first letter of their kind.
fn shown(node: &Node) -> String {
    match &node.content {
        Content::Scalar(scalar) => {
            let kind = match scalar.kind {
                ScalarKind::Null => "n",
                ScalarKind::Boolean => "b",
                ScalarKind::Integer => "i",
                ScalarKind::Float => "f",
                ScalarKind::Text => "t",
                ScalarKind::Expression => "e",
                ScalarKind::Date | ScalarKind::Loose => "?",
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
fn literals_have_their_types() {
    let text = "a = 1\nb = -2.50\nc = \"x\\ty\\u00e9\\\"\"\nd = true\ne = null\nf = [1, \"2\",]\n\
                g = { h = 1, \"i.j\" : 2, 3 = false\n k = [] }\nl = (\"p\")\nm = 007\nn = 1e3\no = {}\n";
    assert_eq!(
        shown(&tree(text)),
        "{a=i:1, b=f:-2.50, c=t:x\tyé\", d=b:true, e=n:, f=[i:1, t:2], \
         g={h=i:1, i.j=i:2, 3=b:false, k=[]}, l=t:p, m=i:7, n=f:1e3, o={}}"
    );
}

#[test]
fn large_numbers_keep_their_digits() {
    assert_eq!(
        shown(&tree("a = 123456789012345678901234567890\nb = -0\n")),
        "{a=i:123456789012345678901234567890, b=i:0}"
    );
}

#[test]
fn blocks_are_maps_by_type_and_label() {
    let text = "resource \"aws_instance\" \"web\" {\n  count = 2\n  tags { a = 1 }\n}\n\
                resource aws_instance \"db\" {}\nlocals {\n}\n";
    assert_eq!(
        shown(&tree(text)),
        "{resource={aws_instance={web={count=i:2, tags={a=i:1}}, db={}}}, locals={}}"
    );
}

#[test]
fn blocks_of_the_same_labels_are_a_list() {
    let text = "provider \"aws\" {}\nprovider \"aws\" { alias = \"b\" }\ning { a = 1 }\ning { a = 2 }\n\
                mixed {}\nmixed \"x\" { a = 1 }\n";
    assert_eq!(
        shown(&tree(text)),
        "{provider={aws=[{}, {alias=t:b}]}, ing=[{a=i:1}, {a=i:2}], mixed=[{}, {x={a=i:1}}]}"
    );
}

#[test]
fn expressions_are_their_source_with_normalized_white_space() {
    for (source, expected) in [
        ("var.a", "var.a"),
        ("a  .b [ 0 ] [*]\t. c", "a.b[0][*].c"),
        ("a.*.b.0.1", "a.*.b.0.1"),
        ("f( 1,\n  2 , # two\n)", "f(1, 2)"),
        ("f(a ...)", "f(a...)"),
        ("provider::x::f (1)", "provider::x::f(1)"),
        ("a+b*-c", "a + b * -c"),
        ("a -b", "a - b"),
        ("! a&&(b||c)", "!a && (b || c)"),
        ("a?b:c?1:2", "a ? b : c ? 1 : 2"),
        ("\"x ${  var.a  } y\"", "\"x ${var.a} y\""),
        ("\"${~ a ~}\"", "\"${~a~}\""),
        (
            "[for  x in y:x.z  if x!=null]",
            "[for x in y : x.z if x != null]",
        ),
        (
            "{\n for k,v in m : k=>v...\n}",
            "{ for k, v in m : k => v... }",
        ),
        (
            "merge({a=1\n\n b:x?1:2\n}, {\n}, [ ])",
            "merge({ a = 1, b = x ? 1 : 2 }, {}, [])",
        ),
        (
            "\"%{ if a }x%{ else }y%{ endif }\"",
            "\"%{if a}x%{else}y%{endif}\"",
        ),
        ("f(/* c */ a /* d\n */)", "f(a)"),
        ("/*/* c */ a", "a"),
        (
            "f(<<-A\n    x ${ b }\n      y\n    A\n  , c)",
            "f(<<-A\nx ${b}\n  y\nA\n, c)",
        ),
        (
            "\"${ { a = \"}\" }[\"a\"] }\"",
            "\"${{ a = \"}\" }[\"a\"]}\"",
        ),
    ] {
        let text = format!("v = {source}\n");
        assert_eq!(shown(&tree(&text)), format!("{{v=e:{expected}}}"));
        assert_eq!(even(expected), expected, "normalization is idempotent");
        tree(&format!("v = {expected}\n"));
    }
}

#[test]
fn heredocs_are_text_without_their_indentation() {
    for (heredoc, expected) in [
        ("<<EOT\n  a\n b\nEOT", "  a\n b\n"),
        (
            "<<-EOT\n    a\n\n   b $${x} \\n\n  EOT",
            " a\n\nb ${x} \\n\n",
        ),
        ("<<EOT\nEOT", ""),
        ("<<EOT\nEOTX\n %%{ \"\nEOT", "EOTX\n %{ \"\n"),
    ] {
        assert_eq!(
            shown(&tree(&format!("v = {heredoc}\nw = 1\n"))),
            format!("{{v=t:{expected}, w=i:1}}")
        );
    }
    assert_eq!(
        shown(&tree("v = <<-EOT\n   a ${ b }\n     c\n   EOT\n")),
        "{v=e:<<-EOT\na ${b}\n  c\nEOT}"
    );
}

#[test]
fn computed_keys_are_their_source() {
    assert_eq!(
        shown(&tree("v = { (a.b) = 1, \"${c }\" = 2, d = 3, null = 4 }\n")),
        "{v={(a.b)=i:1, \"${c}\"=i:2, d=i:3, null=i:4}}"
    );
}

#[test]
fn every_place_spans_its_source() {
    let text = "é = 1\r\n# ü\r\nr \"x\" {\r\n  k = [ \"ä\", var.b  .c ] // z\r\n  o = { \"q\" = - 5 }\r\n}\r\n";
    let root = tree(text);
    let Content::Map(entries) = &root.content else {
        panic!()
    };
    assert_eq!(at(text, entries[0].place), "é");
    assert_eq!(at(text, entries[0].value.place), "1");
    assert_eq!(at(text, entries[1].place), "r");
    let Content::Map(labels) = &entries[1].value.content else {
        panic!()
    };
    assert_eq!(at(text, labels[0].place), "\"x\"");
    let body = &labels[0].value;
    assert!(at(text, body.place).starts_with('{') && at(text, body.place).ends_with('}'));
    let Content::List(items) = &body.get("k").unwrap().content else {
        panic!()
    };
    assert_eq!(at(text, items[0].place), "\"ä\"");
    assert_eq!(at(text, items[1].place), "var.b  .c");
    assert_eq!(
        at(text, body.get("k").unwrap().place),
        "[ \"ä\", var.b  .c ]"
    );
    let object = body.get("o").unwrap();
    let Content::Map(items) = &object.content else {
        panic!()
    };
    assert_eq!(at(text, items[0].place), "\"q\"");
    assert_eq!(at(text, items[0].value.place), "- 5");
}

#[test]
fn every_error_is_reported_at_its_place() {
    let text = "a = \nb = [1 2]\nc \"x\" {\n  d = \"open\n  e = 1 +\n  f = \"\\q\"\n  g = )\n}\nh = 1\nh = 2\n\"i\" = 3\nj = ${k}\n";
    let all = complaints(text);
    let reported: Vec<(u32, &str)> = all
        .iter()
        .map(|complaint| (complaint.place.start, complaint.code.name))
        .collect();
    let wanted = [
        "\nb", "2]", "\n  e", "\n  f", "\\q", ")\n}", "h = 2", "\"i\"", "${k",
    ];
    let wanted: Vec<u32> = wanted
        .iter()
        .map(|needle| u32::try_from(text.find(needle).unwrap()).unwrap())
        .collect();
    assert_eq!(
        reported
            .iter()
            .map(|reported| reported.0)
            .collect::<Vec<_>>(),
        wanted,
        "{all:#?}"
    );
}

#[test]
fn a_duplicate_key_shows_both_places() {
    for text in [
        "k = 1\nk = 2\n",
        "o = {\n k = 1\n \"k\" = 2\n}\n",
        "b {\n k = 1\n k = 2\n}\n",
        "k = 1\nk {\n}\n",
        "k {\n}\nk = 1\n",
    ] {
        let all = complaints(text);
        assert_eq!(all.len(), 1, "{all:#?}");
        assert_eq!(all[0].code.name, codes::DUPLICATE_KEY.name);
        assert!(at(text, all[0].place).contains('k'));
        let first = all[0].other.as_ref().unwrap().0;
        assert_eq!(first.start as usize, text.find('k').unwrap());
        assert!(all[0].place.start > first.start);
    }
}

#[test]
fn unclosed_constructs_are_reported_once() {
    for text in [
        "a { b = 1",
        "a = 1.2.3\n",
        "a = b::c + d()\n",
        "a {\n b {\n c = 1\n",
        "a = [\nb = 1\nc = 2\n",
        "a = <<X\nb\n",
        "a = 1 /* b\nc = 2",
        "a {\n b = {\n",
    ] {
        let all = complaints(text);
        let most = if text.starts_with("a {\n b {") { 2 } else { 1 };
        assert!(all.len() <= most, "{text}: {all:#?}");
    }
}

#[test]
fn unbounded_nesting_is_an_error() {
    for open in [
        "[",
        "{a=",
        "(",
        "\"${",
        "-",
        "!",
        "a?",
        "a?b:",
        "a {\n",
        "b \"c\" {\n",
        "f(",
        "a[",
        "\"%{if a}",
        "<<A\n${",
        "[for a in ",
        "{ (",
        "a \"b\" ",
        "a.",
        "a+",
        "}",
        "]",
        "{",
        "\"",
        "${",
        "%{",
        "/*",
        "<<A\n",
        "\\",
        "a = {\n",
        "x { y = [",
    ] {
        for head in ["", "a = "] {
            let text = format!("{head}{}", open.repeat(20_000));
            assert!(read(&text).is_err(), "{open:?}");
        }
    }
    let fine = format!(
        "a = {}1{}\n",
        "[".repeat(DEEPEST - 2),
        "]".repeat(DEEPEST - 2)
    );
    tree(&fine);
}

#[test]
fn a_deep_value_is_reported_and_the_rest_is_read() {
    let text = format!("a = {}1{}\nb = \n", "[".repeat(500), "]".repeat(500));
    let ids: Vec<&str> = complaints(&text)
        .iter()
        .map(|complaint| complaint.code.name)
        .collect();
    assert_eq!(ids, [codes::TOO_DEEP.name, codes::SYNTAX.name]);
}

#[derive(Clone, Debug)]
enum Value {
    Null,
    Boolean(bool),
    Integer(i64),
    Text(String),
    List(Vec<Value>),
    Map(Vec<(String, Value)>),
}

fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Boolean),
        any::<i64>().prop_map(Value::Integer),
        "\\PC{0,8}|[ -~\n\t]{0,8}".prop_map(Value::Text),
    ];
    leaf.prop_recursive(4, 24, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::List),
            prop::collection::btree_map("[a-z]{1,4}|\\PC{1,4}", inner, 0..4)
                .prop_map(|map| Value::Map(map.into_iter().collect())),
        ]
    })
}

fn quote(text: &str, to: &mut String) {
    to.push('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => to.extend(['\\', character]),
            '\n' => to.push_str("\\n"),
            '\r' => to.push_str("\\r"),
            '{' if to.ends_with(['$', '%']) => to.push_str("\\u007b"),
            _ => to.push(character),
        }
    }
    to.push('"');
}

/// Writes a value, and its expected tree.
fn write(value: &Value, text: &mut String, wanted: &mut String) {
    match value {
        Value::Null => {
            text.push_str("null");
            wanted.push_str("n:");
        }
        Value::Boolean(boolean) => {
            let _ = write!(text, "{boolean}");
            let _ = write!(wanted, "b:{boolean}");
        }
        Value::Integer(number) => {
            let _ = write!(text, "{number}");
            let _ = write!(wanted, "i:{number}");
        }
        Value::Text(plain) => {
            quote(plain, text);
            let _ = write!(wanted, "t:{plain}");
        }
        Value::List(items) => {
            text.push_str("[ ");
            wanted.push('[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    text.push_str(",\n");
                    wanted.push_str(", ");
                }
                write(item, text, wanted);
            }
            text.push(']');
            wanted.push(']');
        }
        Value::Map(entries) => {
            text.push_str("{\n");
            wanted.push('{');
            for (at, (key, value)) in entries.iter().enumerate() {
                quote(key, text);
                text.push_str(" = ");
                if at > 0 {
                    wanted.push_str(", ");
                }
                let _ = write!(wanted, "{key}=");
                write(value, text, wanted);
                text.push_str(" # c\n");
            }
            text.push('}');
            wanted.push('}');
        }
    }
}

/// Checks that every place is within its parent and on character boundaries.
fn check_places(node: &Node, text: &str) {
    let inside = |outer: Place, inner: Place| outer.start <= inner.start && inner.end <= outer.end;
    assert!(
        text.get(node.place.start as usize..node.place.end as usize)
            .is_some()
    );
    match &node.content {
        Content::Scalar(_) => {}
        Content::List(items) => {
            for item in items {
                assert!(inside(node.place, item.place));
                check_places(item, text);
            }
        }
        Content::Map(entries) => {
            for entry in entries {
                assert!(inside(node.place, entry.place) && inside(node.place, entry.value.place));
                assert!(
                    text.get(entry.place.start as usize..entry.place.end as usize)
                        .is_some()
                );
                check_places(&entry.value, text);
            }
        }
    }
}

proptest! {
    #[test]
    fn written_documents_are_read_back(value in values()) {
        let (mut text, mut wanted) = ("v = ".to_owned(), "{v=".to_owned());
        write(&value, &mut text, &mut wanted);
        text.push('\n');
        wanted.push('}');
        let root = tree(&text);
        prop_assert_eq!(shown(&root), wanted);
        check_places(&root, &text);
    }

    #[test]
    fn arbitrary_text_is_accepted(text in "\\PC{0,60}|[\\[\\]{}()\"$%<=:,.a0 \n\r\\\\#/*?!~-]{0,60}|(a|=|\n|\\{|\\}|\"|\\$\\{|%\\{|if |for | in |<<-?A\n|A\n|\\[|\\]| |\\(|\\)|1|,|:|=>|end){0,40}") {
        match read(&text) {
            Ok(roots) => check_places(&roots[0], &text),
            Err(complaints) => {
                prop_assert!(!complaints.is_empty());
                for complaint in complaints {
                    prop_assert!(text.get(complaint.place.start as usize..complaint.place.end as usize).is_some());
                }
            }
        }
    }

    #[test]
    fn white_space_does_not_change_an_expression(
        tokens in prop::collection::vec(prop::sample::select(vec!["a", "1", "+", "-", "*", ".", "(", ")", "[", "]", "{", "}", ",", "?", ":", "=", "\"x\"", "!", "for", "in", "if", "=>", "..."]), 1..14),
        spaces in prop::collection::vec(prop::sample::select(vec!["", " ", "  ", "\t", " /* c */ "]), 14),
    ) {
        let tight = tokens.join(" ");
        let wide: String = tokens.iter().zip(&spaces).map(|(token, space)| format!("{token} {space}")).collect();
        if let (Ok(tight), Ok(wide)) = (read(&format!("v = {tight}\n")), read(&format!("v = {wide}\n"))) {
            prop_assert_eq!(shown(&tight[0]), shown(&wide[0]));
            if let Some(scalar) = tight[0].get("v").and_then(Node::as_scalar)
                && scalar.kind == ScalarKind::Expression
            {
                prop_assert_eq!(even(&scalar.text), scalar.text.to_string());
                let again = tree(&format!("v = {}\n", scalar.text));
                prop_assert_eq!(shown(&again), shown(&tight[0]));
            }
        }
    }
}
