//! Hostile text in every field of a report, in every format: readers get nothing but text.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use evenkeel::report::{Report, ReportFormat, github_outputs, github_summary};
use serde_json::Value;

use super::super::hostile::TEXTS;
use super::example::example;
use super::outside::{are_junit, are_valid, parsed_markdown, records};
use super::{is_all_in_the_document, rendered};

/// Texts with a special meaning in a format, besides those of documents.
const MORE: [&str; 26] = [
    "::error file=a::b",
    "a\n::set-output name=gate::open",
    "a\r\n  ::stop-commands::x",
    "##[set-output name=gate;]open",
    "%0A::error::x%25",
    "]]> <!-- --> <![CDATA[ &lt; &amp; &#0;",
    "</failure></testcase><testcase name=\"x\"/>",
    "` `` ``` ````",
    "a\n```\n# heading\n```\n",
    "a\n~~~\n- item\n> quote\n\n    code\n---\n",
    "a|b\\|c\\",
    "| a | b |\n|---|---|\n| c | d |",
    "@everyone @octocat #1 GH-1 a/b#2 !3 ~bug :tada: deadbeefdeadbeefdeadbeefdeadbeefdeadbeef",
    "https://evil.example www.evil.example a@evil.example <https://evil.example> <a@evil.example>",
    "[a](https://evil.example) ![a](https://evil.example/a.png) [a]: https://evil.example [^1]",
    "</details></summary><img src=x onerror=alert(1)><style>*{display:none}</style>",
    "--> <script>alert(1)</script>",
    "*a* **b** __c__ ~~d~~ <u>e</u> &copy; - [ ] f\\",
    "=cmd|' /C calc'!A0",
    "+1+1",
    "-2+3",
    "@SUM(1,1)",
    "  =1;=2,\"=3\"\n=4",
    "a\"} 1\nevenkeel_gate_open{system=\"x\"} 1",
    "EOF\nevenkeel-0123456789abcdef\ngate=open",
    "\u{fffe}\u{ffff}\u{fdd0} {0} {{1}} $(id) `id`",
];

/// Returns the places of the example that accept any text, as JSON pointers.
fn places() -> &'static [String] {
    fn strings(value: &Value, at: &str, found: &mut Vec<String>) {
        match value {
            Value::Object(object) => {
                for (name, below) in object {
                    strings(below, &format!("{at}/{name}"), found);
                }
            }
            Value::Array(items) => {
                for (number, below) in items.iter().enumerate() {
                    strings(below, &format!("{at}/{number}"), found);
                }
            }
            Value::String(_) => found.push(at.to_owned()),
            _ => {}
        }
    }
    static PLACES: LazyLock<Vec<String>> = LazyLock::new(|| {
        let whole = serde_json::to_value(example()).unwrap();
        let mut all = Vec::new();
        strings(&whole, "", &mut all);
        all.retain(|at| {
            let mut tried = whole.clone();
            *tried.pointer_mut(at).unwrap() = "=| ` \n".into();
            serde_json::from_value::<Report>(tried).is_ok()
        });
        all
    });
    assert!(PLACES.len() > 120, "{}", PLACES.len());
    &PLACES
}

/// Returns the example with a text in each field that accepts any.
fn filled(text: &str) -> Report {
    let mut whole = serde_json::to_value(example()).unwrap();
    for at in places() {
        *whole.pointer_mut(at).unwrap() = text.into();
    }
    serde_json::from_value(whole).unwrap()
}

/// Returns the example with each text, by a file name.
fn all() -> BTreeMap<String, Report> {
    let texts = TEXTS.iter().chain(&MORE).enumerate();
    texts
        .map(|(number, text)| (format!("hostile-{number}"), filled(text)))
        .collect()
}

/// Returns texts without a special meaning.
fn plain() -> BTreeMap<String, Report> {
    BTreeMap::from([("plain".to_owned(), filled("plain.text"))])
}

#[test]
fn no_format_has_an_active_character() {
    let is_active = |character: char| {
        character.is_control() && !matches!(character, '\n' | '\t')
            || matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200b}'..='\u{200f}' | '\u{2028}' | '\u{2029}' | '\u{feff}')
    };
    let mut found = Vec::new();
    for (name, report) in all() {
        is_all_in_the_document(&report);
        for format in ReportFormat::ALL {
            let text = rendered(&report, *format);
            let lines = text.lines().filter(|line| line.contains(is_active));
            found.extend(lines.map(|line| format!("{name}: {}: {line:?}", format.name())));
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn documents_match_their_schemas_whatever_the_text() {
    are_valid(&all());
    are_junit(&all());
}

#[test]
fn tables_metrics_and_cases_keep_their_number_whatever_the_text() {
    let (Some(plain), Some(hostile)) = (records(&plain()), records(&all())) else {
        return;
    };
    for (name, number) in hostile {
        let suffix = name.rsplit('.').next().unwrap();
        assert_eq!(number, plain[&format!("plain.{suffix}")], "{name}");
    }
}

/// Returns the structure of Markdown as XML, without the content of code, and with a fixed marker of the page.
fn structure(xml: &str) -> String {
    let mut kept = xml.to_owned();
    for pattern in [
        r"(?s)(<code[^>]*>).*?(</code)",
        r"(?s)(&lt;!-- evenkeel:)[a-zA-Z0-9:]*( --&gt;)",
    ] {
        let pattern = regex::Regex::new(pattern).unwrap();
        kept = pattern.replace_all(&kept, "$1$2").into_owned();
    }
    kept
}

#[test]
fn no_text_is_markup_in_markdown() {
    let pages = |report: &Report| {
        [
            rendered(report, ReportFormat::Markdown),
            github_summary(report, 0).unwrap(),
        ]
    };
    let plain = pages(&filled("plain.text"));
    let Some(expected) = parsed_markdown(&plain[0]) else {
        return;
    };
    let expected = structure(&expected);
    for forbidden in ["<link", "<image", "<html_inline", "plain"] {
        assert!(!expected.contains(forbidden), "{forbidden}: {expected}");
    }
    for (name, report) in all() {
        for page in pages(&report) {
            let found = structure(&parsed_markdown(&page).unwrap());
            assert!(
                found == expected,
                "{name}: {page}\n{}",
                evenkeel_model::text::unified(&expected, &found)
            );
        }
    }
}

#[test]
fn no_text_is_a_workflow_command_or_ends_an_output() {
    let lines = |report: &Report| rendered(report, ReportFormat::Github).lines().count();
    let plain = filled("plain.text");
    let outputs = github_outputs(&plain, "token").lines().count();
    for (name, report) in all() {
        assert_eq!(lines(&report), lines(&plain), "{name}");
        for line in rendered(&report, ReportFormat::Github).lines() {
            let commands = ["::error ", "::warning ", "::notice "];
            let is_own = commands.iter().any(|command| line.starts_with(command));
            let is_plain = !line.trim_start().starts_with("::") && !line.contains("##[");
            assert!(is_own || is_plain, "{name}: {line}");
            if is_own {
                // The properties end at the first `::` after the name of the command.
                let properties = line.split("::").nth(1).unwrap();
                let (_, properties) = properties.split_once(' ').unwrap();
                for property in properties.split(',') {
                    let property = property.split_once('=').unwrap().0;
                    let known = ["file", "line", "endLine", "col", "endColumn", "title"];
                    assert!(known.contains(&property), "{name}: {line}");
                }
            }
        }
        let text = github_outputs(&report, "token");
        assert_eq!(text.lines().count(), outputs, "{name}: {text}");
    }
}

#[test]
fn every_finding_is_one_line_whatever_the_text() {
    let lines = |report: &Report| rendered(report, ReportFormat::Concise).lines().count();
    let plain = lines(&filled("plain.text"));
    for (name, report) in all() {
        assert_eq!(lines(&report), plain, "{name}");
    }
}
