//! Results of every fixture.

use super::{LARGEST, MOST_CASES, Malformed, Outcome, Redactor, parse};
use crate::suite::result::{Case, counted};

fn fixture(path: &str) -> Result<Vec<Case>, Malformed> {
    let path = format!("{}/fixtures/junit/{path}", env!("CARGO_MANIFEST_DIR"));
    parse(&std::fs::read(path).unwrap(), &Redactor::default())
}

fn read(text: &str) -> Result<Vec<Case>, Malformed> {
    parse(text.as_bytes(), &Redactor::new(["hunter2"].into_iter()))
}

/// Returns the names in a folder of fixtures, so that none is forgotten below.
fn names(folder: &str) -> Vec<String> {
    let folder = format!("{}/fixtures/junit/{folder}", env!("CARGO_MANIFEST_DIR"));
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn valid_files_are_counted_by_their_cases() {
    let expected = [
        ("attributes-lie-about-failures.xml", "1 passed, 2 failed"),
        ("attributes-lie-about-tests.xml", "0 passed"),
        ("cdata-and-entities.xml", "0 passed, 1 failed"),
        ("control-characters.xml", "0 passed, 1 failed"),
        ("duplicates.xml", "2 passed, 1 failed"),
        ("googletest.xml", "1 passed, 1 failed, 1 skipped"),
        ("latin-1.xml", "1 passed"),
        ("nested.xml", "3 passed, 1 failed"),
        ("no-cases.xml", "0 passed"),
        ("outside-of-cases.xml", "1 passed, 1 error"),
        ("pytest.xml", "2 passed, 1 failed, 1 error, 1 skipped"),
        ("several-verdicts.xml", "0 passed, 2 failed, 1 error"),
        ("surefire-flaky.xml", "1 passed, 1 failed"),
        ("with-byte-order-mark.xml", "1 passed"),
    ];
    assert_eq!(names("valid"), expected.map(|(name, _)| name));
    for (name, counts) in expected {
        let cases =
            fixture(&format!("valid/{name}")).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(counted(cases.iter()), counts, "{name}");
        for case in cases {
            let shown = format!("{} {}", case.name, case.message.unwrap_or_default());
            let harmless = |each: char| each == '\n' || each == '\t' || !each.is_control();
            assert!(shown.chars().all(harmless), "{name}: {shown:?}");
        }
    }
}

#[test]
fn invalid_files_are_refused_for_a_reason() {
    let expected = [
        ("attribute-without-quotes.xml", "not well-formed"),
        ("billion-laughs.xml", "document type"),
        ("case-in-case.xml", "`testcase` in `testcase`"),
        ("case-in-properties.xml", "`testcase` in `properties`"),
        ("doctype.xml", "document type"),
        ("empty.xml", "empty"),
        ("entity-declaration.xml", "not well-formed"),
        ("entity-in-attribute.xml", "`&file;`"),
        ("entity-in-text.xml", "`&lol;`"),
        ("external-entity.xml", "document type"),
        ("hidden-failure.xml", "`failure` in `details`"),
        ("html.xml", "`html`"),
        ("json.xml", "expected `testsuites` or `testsuite`"),
        ("mismatched-tags.xml", "not well-formed"),
        ("nested-too-deeply.xml", "64 nested elements"),
        ("other-encoding.xml", "`UTF-16`"),
        ("trailing-document.xml", "after the end"),
        ("trailing-text.xml", "after the end"),
        ("truncated-in-tag.xml", "not well-formed"),
        ("truncated.xml", "ends within `failure`"),
        ("unclosed-suite.xml", "ends within `testsuite`"),
        ("wrong-root.xml", "`assemblies`"),
    ];
    assert_eq!(names("invalid"), expected.map(|(name, _)| name));
    for (name, reason) in expected {
        let error = fixture(&format!("invalid/{name}"))
            .expect_err(name)
            .to_string();
        assert!(error.contains(reason), "{name}: {error}");
    }
}

#[test]
fn messages_names_and_times_are_read() {
    let cases = fixture("valid/pytest.xml").unwrap();
    assert_eq!(cases[1].name, "tests.test_app.test_total");
    assert_eq!(cases[1].message.as_deref(), Some("assert 2 == 3"));
    assert!((cases[0].seconds - 0.012).abs() < 1e-9);
    let cases = fixture("valid/cdata-and-entities.xml").unwrap();
    assert_eq!(cases[0].name, "a<b.\"c\" & d");
    assert_eq!(
        cases[0].message.as_deref(),
        Some("expected <1> & found 'A' <raw>")
    );
}

#[test]
fn invalid_times_are_zero() {
    for time in ["", "-1", "NaN", "inf", "1e99", "soon"] {
        let text = format!(r#"<testsuite><testcase name="a" time="{time}"/></testsuite>"#);
        assert!(
            read(&text).unwrap()[0].seconds.abs() < f64::EPSILON,
            "{time}"
        );
    }
    let cases = read(r#"<testsuite><testcase name="a" time="1,234.5"/></testsuite>"#).unwrap();
    assert!((cases[0].seconds - 1234.5).abs() < f64::EPSILON);
}

#[test]
fn secrets_are_removed_before_texts_are_shortened() {
    let noise = "x".repeat(super::LONGEST_MESSAGE - 3);
    let cases = read(&format!(
        r#"<testsuite><testcase name="log in with hunter2"><failure message="{noise}hunter2"/></testcase>
        <testcase name="b"><error>hun<![CDATA[ter2]]> &#104;unter2</error></testcase></testsuite>"#
    ))
    .unwrap();
    let all = format!("{cases:?}");
    assert!(!all.contains("hunter2") && !all.contains("xhun"), "{all}");
    assert_eq!(cases[0].name, "log in with (secret)");
    assert_eq!(cases[1].message.as_deref(), Some("(secret) (secret)"));
}

#[test]
fn caps_hold() {
    let many = "<testcase/>".repeat(MOST_CASES);
    assert_eq!(
        read(&format!("<testsuite>{many}</testsuite>"))
            .unwrap()
            .len(),
        MOST_CASES
    );
    let error = read(&format!("<testsuite>{many}<testcase/></testsuite>")).unwrap_err();
    assert!(error.to_string().contains("100000 cases"));
    assert!(matches!(
        parse(&vec![b' '; LARGEST + 1], &Redactor::default()),
        Err(Malformed::TooLarge)
    ));
    let attributes: String = (0..1000).map(|number| format!(" a{number}='1'")).collect();
    let error = read(&format!("<testsuite{attributes}/>")).unwrap_err();
    assert!(error.to_string().contains("64 attributes"));
    let long = "long ".repeat(100_000);
    let text = format!(
        "<testsuite><testcase name='{long}'><failure>{long}</failure></testcase></testsuite>"
    );
    let case = &read(&text).unwrap()[0];
    assert!(case.name.len() < 400 && case.message.as_ref().unwrap().len() < 2100);
    assert_eq!(case.outcome, Outcome::Failed);
}

#[test]
fn a_million_open_elements_do_not_overflow_anything() {
    assert!(read(&"<testsuite>".repeat(1_000_000)).is_err());
    assert!(read(&format!("<testsuite>{}", "<a>".repeat(1_000_000))).is_err());
}

proptest::proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "[<>/=\"'&;!?a-z\\[\\]\u{0}-\u{20}é-]{0,200}") {
        let _any = read(&text);
        let _any = read(&format!("<testsuite><testcase>{text}</testcase></testsuite>"));
        let _any = read(&format!("<testsuite><testcase {text}/></testsuite>"));
    }

    #[test]
    fn a_whole_file_cut_anywhere_is_refused(cut in 1usize..1000) {
        let whole = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/junit/valid/pytest.xml")).unwrap();
        let whole = whole.trim_ascii_end();
        let cut = cut % whole.len();
        proptest::prop_assert!(parse(&whole[..cut], &Redactor::default()).is_err());
    }
}
