//! Bounds of the YAML reader: any text is read in bounded time, memory and stack.

use std::fmt::Write as _;

use super::super::codes;
use super::super::complaint::Complaint;
use super::super::limits::{DEEPEST, MOST_COMPLAINTS};
use super::read;
use evenkeel_model::source::SourceFile;

fn complaints(text: &str) -> Vec<Complaint> {
    read(&SourceFile::new("a.yaml", text))
        .unwrap_err()
        .complaints
}

#[test]
fn a_hundred_thousand_levels_are_rejected_in_every_style() {
    const MANY: usize = 100_000;
    let mut stairs = String::new();
    for level in 0..2_000 {
        let _ = writeln!(stairs, "{}k:", " ".repeat(level));
    }
    for text in [
        "[".repeat(MANY),
        "{".repeat(MANY),
        "[{a: ".repeat(MANY),
        "{a: [".repeat(MANY),
        "{? ".repeat(MANY),
        "- ".repeat(MANY),
        "? ".repeat(MANY),
        "? - ".repeat(MANY),
        "- ? ".repeat(MANY),
        "a:\n".to_owned() + &"- ".repeat(MANY),
        "[".repeat(MANY) + &"]".repeat(MANY),
        "- ? - ".repeat(MANY),
        stairs,
    ] {
        let complaints = complaints(&text);
        let begin = &text[..10];
        assert_eq!(complaints.len(), 1, "{begin}");
        assert_eq!(complaints[0].code, &codes::TOO_DEEP, "{begin}");
    }
}

#[test]
fn the_deepest_level_is_read_and_one_more_is_not() {
    let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
    assert!(read(&SourceFile::new("a", nested(DEEPEST))).is_ok());
    let complaint = &complaints(&nested(DEEPEST + 1))[0];
    assert_eq!(complaint.code, &codes::TOO_DEEP);
    assert_eq!(complaint.place.start as usize, DEEPEST);
    let mixed = "- ".repeat(DEEPEST) + "[]";
    let complaint = &complaints(&mixed)[0];
    assert_eq!(complaint.code, &codes::TOO_DEEP);
    assert_eq!(complaint.place.start as usize, 2 * DEEPEST);
}

#[test]
fn aliases_cannot_exceed_the_nesting_limit() {
    let mut text = String::from("a0: &a0 x\n");
    for level in 1..=DEEPEST {
        let _ = writeln!(text, "a{level}: &a{level} [*a{}]", level - 1);
    }
    let complaints = complaints(&text);
    assert_eq!(complaints[0].code, &codes::TOO_DEEP);
}

#[test]
fn aliases_cannot_multiply() {
    let mut laughs = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..30 {
        let aliases = vec![format!("*a{}", level - 1); 10].join(", ");
        let _ = writeln!(laughs, "a{level}: &a{level} [{aliases}]");
    }
    let found = complaints(&laughs);
    assert_eq!((found.len(), found[0].code), (1, &codes::ALIAS));
    // With few long values, with many short ones, and with maps merged into each other.
    let long = format!("- &a {}\n{}", "x".repeat(1 << 20), "- *a\n".repeat(1_000));
    assert_eq!(complaints(&long)[0].code, &codes::ALIAS);
    let mut merges = String::from("a0: &a0 {k0: 1}\n");
    for level in 1..3_000 {
        let _ = writeln!(
            merges,
            "a{level}: &a{level} {{<<: *a{}, k{level}: 1}}",
            level - 1
        );
    }
    assert_eq!(complaints(&merges)[0].code, &codes::ALIAS);
    let mut anchors = String::new();
    for level in 0..100 {
        let _ = write!(anchors, "&a{level} [");
    }
    anchors += &"x, ".repeat(20_000);
    anchors += &"]".repeat(100);
    assert_eq!(complaints(&anchors)[0].code, &codes::ALIAS);
}

#[test]
fn many_aliases_of_small_values_are_read() {
    let text = format!("- &a {{k: [1, 2, 3]}}\n{}", "- *a\n".repeat(20_000));
    let roots = read(&SourceFile::new("a", text)).unwrap();
    assert_eq!(roots[0].leaves(), 60_003);
}

#[test]
fn only_the_first_errors_are_reported_and_the_rest_is_counted() {
    for text in [
        "k: 1\n".repeat(5_000),
        "- *x\n".repeat(5_000),
        "a: [\n---\n".repeat(5_000),
    ] {
        let complaints = complaints(&text);
        assert_eq!(complaints.len(), MOST_COMPLAINTS);
    }
    let last = complaints(&"k: 1\n".repeat(5_000)).pop().unwrap();
    assert!(last.message.contains("4899 more"), "{}", last.message);
}

#[test]
fn long_and_unusual_texts_are_processed_quickly() {
    const MANY: usize = 20_000;
    for text in [
        "x".repeat(MANY * 10),
        "x ".repeat(MANY),
        "x\n".repeat(MANY),
        "\n".repeat(MANY),
        "# c\n".repeat(MANY),
        "---\n".repeat(MANY),
        "...\n".repeat(MANY),
        "--- a\n".repeat(MANY),
        "\"".repeat(MANY),
        "'".repeat(MANY),
        "a: '\n".repeat(MANY),
        "&a ".repeat(MANY),
        "!a ".repeat(MANY),
        "*a ".repeat(MANY),
        "a: ".repeat(MANY),
        ": ".repeat(MANY),
        "? a\n".repeat(MANY),
        ",".repeat(MANY),
        "[],".repeat(MANY),
        "[".to_owned() + &"a: b, ".repeat(MANY),
        "{".to_owned() + &"a, ".repeat(MANY),
        "[".to_owned() + &"\n".repeat(MANY) + "]",
        "a: |\n".to_owned() + &"  \n".repeat(MANY),
        "a: >\n".to_owned() + &" x\n\n".repeat(MANY),
        "%x y\n".repeat(MANY),
        "\t".repeat(MANY),
        "a:\n".to_owned() + &"\t".repeat(MANY),
        "- \t".repeat(MANY),
        "<<: {}\n".repeat(MANY),
        "\u{feff}".repeat(MANY),
        "🦀: ".repeat(MANY),
    ] {
        let _ = read(&SourceFile::new("a", text));
    }
}
