//! JSON texts, their trees and places, and errors.

use std::fmt::Write as _;

use super::super::codes;
use super::super::complaint::{Complaint, Outcome};
use super::super::limits::{DEEPEST, MOST_COMPLAINTS};
use super::super::tree::{Content, Node, Place, ScalarKind};
use super::read;
use evenkeel_model::source::SourceFile;

fn outcome(text: &str) -> Outcome {
    read(&SourceFile::new("a.json", text))
}

fn root(text: &str) -> Node {
    let mut roots = outcome(text).unwrap();
    assert_eq!(roots.len(), 1, "{text}");
    roots.remove(0)
}

fn complaint(text: &str) -> Complaint {
    let mut complaints = outcome(text).unwrap_err();
    assert_eq!(complaints.len(), 1, "{text}: {complaints:?}");
    complaints.remove(0)
}

fn at(text: &str, place: Place) -> &str {
    &text[place.start as usize..place.end as usize]
}

#[test]
fn values_have_their_kinds_and_places() {
    let text =
        "\n {\"é\": [1, -2.50, 1e3], \"b\" : {\"c\": null, \"d\": true},\t\"e\\n\": \"ö\\u00e9\"} ";
    let root = root(text);
    assert_eq!(at(text, root.place), text.trim());
    let Content::Map(entries) = &root.content else {
        panic!("a map");
    };
    let keys: Vec<(&str, &str)> = entries
        .iter()
        .map(|entry| (&*entry.key, at(text, entry.place)))
        .collect();
    assert_eq!(keys, [("é", "\"é\""), ("b", "\"b\""), ("e\n", "\"e\\n\"")]);
    let list = root.get("é").unwrap();
    assert_eq!(at(text, list.place), "[1, -2.50, 1e3]");
    let Content::List(items) = &list.content else {
        panic!("a list");
    };
    let items: Vec<(ScalarKind, &str, &str)> = items
        .iter()
        .map(|item| {
            let scalar = item.as_scalar().unwrap();
            (scalar.kind, &*scalar.text, at(text, item.place))
        })
        .collect();
    assert_eq!(
        items,
        [
            (ScalarKind::Integer, "1", "1"),
            (ScalarKind::Float, "-2.50", "-2.50"),
            (ScalarKind::Float, "1e3", "1e3"),
        ]
    );
    let inner = root.get("b").unwrap();
    assert_eq!(at(text, inner.place), "{\"c\": null, \"d\": true}");
    assert_eq!(
        inner.get("c").unwrap().as_scalar().unwrap().kind,
        ScalarKind::Null
    );
    assert_eq!(&*inner.get("d").unwrap().as_scalar().unwrap().text, "true");
    assert_eq!(&*root.get("e\n").unwrap().as_scalar().unwrap().text, "öé");
}

#[test]
fn comments_and_trailing_commas_are_accepted() {
    let text = "// note {\n{ /* ] */ \"a\": [1, 2, /**/], // é\n \"b\": \"// text\", }\n// end";
    let root = root(text);
    assert_eq!(root.leaves(), 3);
    assert_eq!(
        &*root.get("b").unwrap().as_scalar().unwrap().text,
        "// text"
    );
}

#[test]
fn values_on_separate_lines_are_documents() {
    let roots = outcome("{\"a\": 1}\n{\"a\": 2}\r\n\n[3]\n4\n\"5\"\n").unwrap();
    assert_eq!(roots.len(), 5);
    assert_eq!(outcome("{\n}\n/* x */ {\n}").unwrap().len(), 2);
    let complaint = complaint("{\"a\": 1} {\"a\": 2}");
    assert_eq!(complaint.place, Place::new(9, 10));
    assert!(complaint.message.contains("after the end of the value"));
}

#[test]
fn escapes_are_decoded() {
    let text = r#""\"\\\/\b\f\n\r\tA\u00e9\ud83e\udd80é""#;
    assert_eq!(
        &*root(text).as_scalar().unwrap().text,
        "\"\\/\u{8}\u{c}\n\r\tAé🦀é"
    );
}

#[test]
fn errors_are_reported_at_their_byte_with_a_remedy() {
    for (text, place, words) in [
        ("", (0, 0), "expected a value"),
        (" // only\n", (0, 0), "expected a value"),
        (
            "{\"é\" 1}",
            (6, 7),
            "expected `:` and a value after the key, found a number",
        ),
        ("{\"é\": }", (7, 8), "expected a value, found `}`"),
        (
            "{\"é\": 1 \"b\": 2}",
            (9, 12),
            "expected `,` or `}`, found a string",
        ),
        ("[\"é\" 1]", (6, 7), "expected `,` or `]`"),
        ("[1,,2]", (3, 4), "expected a value, found `,`"),
        ("[,]", (1, 2), "expected a value"),
        ("{,}", (1, 2), "expected a key or `}`"),
        ("{a: 1}", (1, 2), "keys must be in double quotes"),
        ("{1: 1}", (1, 2), "keys must be in double quotes"),
        ("{\"é\": [1, 2}", (12, 13), "expected `]`"),
        ("{\"é\": 1", (0, 1), "unclosed `{`"),
        ("[\"é\", [1]", (0, 1), "unclosed `[`"),
        ("]", (0, 1), "expected a value, found `]`"),
        ("{\"é\": 1}}", (9, 10), "after the end of the value"),
        ("[\"é\", 'b']", (7, 8), "double quotes"),
        ("[\"é\", b]", (7, 8), "`b` is not a value"),
        ("[\"é\", True]", (7, 11), "`True` is not a value"),
        ("[\"é\", 01]", (7, 9), "leading zero"),
        ("[\"é\", +1]", (7, 9), "must not start with `+`"),
        ("[\"é\", .5]", (7, 9), "no digit on one side"),
        ("[\"é\", 1.]", (7, 9), "no digit on one side"),
        ("[\"é\", 0x1F]", (7, 11), "not a number"),
        ("[\"é\", NaN]", (7, 10), "not a value"),
        ("[\"é\", -Infinity]", (7, 16), "not a number"),
        ("[\"é\", \"x]\n", (7, 8), "not closed on its line"),
        ("[\"é\", \"x]", (7, 8), "unclosed"),
        ("[\"é\tb\"]", (4, 5), "`\\t`"),
        ("[\"é\u{1}\"]", (4, 5), "`\\u0001`"),
        ("[\"é\\q\"]", (4, 6), "unknown escape"),
        ("[\"é\\é\"]", (4, 7), "unknown escape"),
        ("[\"\\u12g4\"]", (2, 6), "4 hexadecimal digits"),
        ("[\"\\u12é4\"]", (2, 6), "4 hexadecimal digits"),
        ("[\"\\ud800\"]", (2, 8), "surrogate"),
        ("[\"\\udc00x\"]", (2, 8), "surrogate"),
        ("[\"\\ud800\\ud800\"]", (2, 8), "surrogate"),
        ("[1] /* é", (4, 6), "unclosed"),
        ("[\"é\", #]", (7, 8), "unexpected character `#`"),
        ("[\"é\", \u{a0}1]", (7, 9), "unexpected character"),
        ("[/]", (1, 2), "unexpected character `/`"),
    ] {
        let complaint = complaint(text);
        assert_eq!(complaint.code, &codes::SYNTAX);
        assert!(
            complaint.message.contains(words),
            "{text}: {}",
            complaint.message
        );
        assert_eq!(
            (complaint.place.start, complaint.place.end),
            place,
            "{text}"
        );
    }
}

#[test]
fn duplicate_keys_are_reported_even_before_a_syntax_error() {
    let text = "[{\"é\": 1, \"b\": {\"x\": 1, \"\\u0078\": 2}, \"é\": 3}, oops]";
    let complaints = outcome(text).unwrap_err();
    let places: Vec<&str> = complaints.iter().map(|one| at(text, one.place)).collect();
    assert_eq!(places, ["\"\\u0078\"", "\"é\"", "oops"]);
    let (first, _) = complaints[1].other.as_ref().unwrap();
    assert_eq!(
        (first.start, complaints[1].code),
        (2, &codes::DUPLICATE_KEY)
    );
}

#[test]
fn json5_is_read_from_files_with_its_extension() {
    let text = "{\n  // note\n  key: 'it\\'s',\n  $b_1: [+1, .5, 0xff, -Infinity, NaN],\n  'é': \"line \\\n  end\\x41\\v\",\n}";
    let roots = read(&SourceFile::new("renovate.JSON5", text)).unwrap();
    let value = |key: &str| &*roots[0].get(key).unwrap().as_scalar().unwrap().text;
    assert_eq!(value("key"), "it's");
    assert_eq!(value("é"), "line   endA\u{b}");
    assert_eq!(roots[0].get("$b_1").unwrap().leaves(), 5);
    assert!(outcome(text).is_err());
}

#[test]
fn a_hundred_thousand_levels_are_rejected() {
    const MANY: usize = 100_000;
    for (text, start) in [
        ("[".repeat(MANY), DEEPEST),
        ("{\"a\":".repeat(MANY), 5 * DEEPEST),
        ("[".repeat(MANY) + &"]".repeat(MANY), DEEPEST),
    ] {
        let complaint = complaint(&text);
        assert_eq!(complaint.code, &codes::TOO_DEEP);
        assert_eq!(complaint.place.start as usize, start);
    }
    let deepest = "[".repeat(DEEPEST) + &"]".repeat(DEEPEST);
    assert_eq!(root(&deepest).leaves(), 1);
}

#[test]
fn only_the_first_errors_are_reported_and_the_rest_is_counted() {
    let mut text = String::from("{");
    for _ in 0..5_000 {
        let _ = write!(text, "\"k\": 1, ");
    }
    let complaints = outcome(&(text + "}")).unwrap_err();
    assert_eq!(complaints.len(), MOST_COMPLAINTS);
    assert!(
        complaints[99].message.contains("4899 more"),
        "{}",
        complaints[99].message
    );
}

#[test]
fn long_and_unusual_texts_are_processed_quickly() {
    const MANY: usize = 20_000;
    for text in [
        "1\n".repeat(MANY),
        "[]\n".repeat(MANY),
        "\"".repeat(MANY),
        "\"\\n".repeat(MANY),
        "\"".to_owned() + &"\\n".repeat(MANY),
        "1".repeat(MANY * 10),
        "[".to_owned() + &"1,".repeat(MANY) + "]",
        "/*".repeat(MANY),
        "//\n".repeat(MANY),
        "/**/".repeat(MANY),
        "é".repeat(MANY),
        "\n".repeat(MANY),
    ] {
        let _ = outcome(&text);
        let _ = read(&SourceFile::new("a.json5", text));
    }
}
