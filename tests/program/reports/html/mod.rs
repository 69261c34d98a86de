//! Page: only its own markup, bounded, deterministic, and accepted by browsers and validators.
//!
//! `tests/tools` installs html-validate, the Nu validator and axe-core, `tests/run` Chromium, Node.js and Java. The
//! browser is started once for all pages. `EVENKEEL_CAPTURES=FOLDER` keeps pictures of the pages.

mod markup;
mod realistic;

use std::path::{Path, PathBuf};
use std::process::Command;

use evenkeel::report::{Report, ReportFormat};
use serde_json::Value;

pub use self::markup::is_whole;
use super::super::hostile::TEXTS;
use super::example::example;
use super::rendered;

fn page(report: &Report) -> String {
    rendered(report, ReportFormat::Html)
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Returns the example with hostile text wherever any text is allowed.
fn hostile() -> Report {
    fn leaves(value: &Value, at: String, found: &mut Vec<String>) {
        match value {
            Value::String(_) => found.push(at),
            Value::Array(items) => {
                for (number, item) in items.iter().enumerate() {
                    leaves(item, format!("{at}/{number}"), found);
                }
            }
            Value::Object(object) => {
                for (name, item) in object {
                    leaves(item, format!("{at}/{name}"), found);
                }
            }
            _ => {}
        }
    }
    let mut document = serde_json::to_value(example()).unwrap();
    let mut all = Vec::new();
    leaves(&document, String::new(), &mut all);
    let text = format!(
        "{}</style></title><img src=x onerror=alert(1)>\" onload=\"alert(2)\u{fffe}",
        TEXTS.concat()
    );
    let mut replaced = 0;
    for at in &all {
        let leaf = document.pointer_mut(at).unwrap();
        let kept = std::mem::replace(leaf, Value::String(text.clone()));
        // Moments, verbs, severities and the like have fixed values.
        if serde_json::from_value::<Report>(document.clone()).is_ok() {
            replaced += 1;
        } else {
            *document.pointer_mut(at).unwrap() = kept;
        }
    }
    assert!(replaced > 100, "{replaced} of {}", all.len());
    serde_json::from_value(document).unwrap()
}

/// Returns a report with very many findings, each with places, values and a reason.
fn large(findings: usize) -> Report {
    let mut report = example();
    let finding = report.findings.first().unwrap().clone();
    report.findings = (0..findings)
        .map(|number| {
            let mut finding = finding.clone();
            finding.fingerprint = format!("{number:012x}");
            finding.corner = None;
            finding.severity = evenkeel_model::defect::Severity::Error;
            finding.subject = format!("document.service-{number}");
            finding.message = format!(
                "document.service-{number} (production): spec.template.spec.containers[name=web].resources.limits.memory is 512Mi, expected {number}Mi"
            );
            finding
        })
        .collect();
    report.counts.error = findings;
    report
}

#[test]
fn the_policy_names_the_style_sheet() {
    use std::fmt::Write as _;
    let style = std::fs::read(root().join("src/report/html/style.css")).unwrap();
    let digest = ring::digest::digest(&ring::digest::SHA256, &style);
    let mut bits = String::new();
    for byte in digest.as_ref() {
        write!(bits, "{byte:08b}").unwrap();
    }
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut base64: String = bits
        .as_bytes()
        .chunks(6)
        .map(|six| format!("{:0<6}", std::str::from_utf8(six).unwrap()))
        .map(|six| char::from(LETTERS[usize::from_str_radix(&six, 2).unwrap()]))
        .collect();
    base64.push_str("=\n");
    let path = root().join("src/report/html/style.sha256");
    if std::env::var_os("EVENKEEL_BLESS").is_some_and(|value| value == "1") {
        std::fs::write(&path, &base64).unwrap();
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap(), base64);
}

#[test]
fn the_page_has_only_its_own_markup() {
    for report in [example(), hostile(), large(3), realistic::report()] {
        is_whole(&page(&report));
    }
    let hostile = page(&hostile());
    for text in [
        "<img",
        "<script",
        "onload=\"",
        "\u{1b}",
        "\u{202e}",
        "\u{fffe}",
    ] {
        assert!(!hostile.contains(text), "{text:?}");
    }
    assert!(hostile.contains("&lt;script&gt;alert(1)"));
}

#[test]
fn only_the_frame_and_the_shares_write_markup_that_is_not_escaped() {
    for file in std::fs::read_dir(root().join("src/report/html")).unwrap() {
        let path = file.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(
            !text.contains("PreEscaped") || path.ends_with("budget.rs"),
            "{}",
            path.display()
        );
    }
}

#[test]
fn the_same_report_makes_the_same_bytes() {
    assert_eq!(page(&realistic::report()), page(&realistic::report()));
}

#[test]
fn ten_thousand_findings_are_less_than_five_megabytes() {
    let shown = page(&large(10_000));
    is_whole(&shown);
    assert!(shown.len() < 5_000_000, "{} bytes", shown.len());
    assert!(shown.matches("<tr class=\"error\">").count() > 5_000);
    // Much of everything at once is less than that, too.
    let mut report = hostile();
    let many = |text: &str| text.repeat(100);
    let wide = report.findings.iter().find(|it| !it.also.is_empty());
    report.findings = vec![wide.unwrap().clone(); 20_000];
    for finding in &mut report.findings {
        finding.message = many(&finding.message);
        finding.corner = None;
        finding.also = vec![finding.also[0].clone(); 10];
    }
    report.messages = vec![many(&report.messages[0]); 2_000];
    report.entries = vec![report.entries[0].clone(); 20_000];
    report.plans = vec![report.plans[0].clone(); 500];
    report.suites = vec![report.suites[0].clone(); 2_000];
    report.timeline = vec![report.timeline[0].clone(); 2_000];
    report.status = vec![report.status[0].clone(); 2_000];
    for (number, status) in report.status.iter_mut().enumerate() {
        status.environment = format!("{number}{}", status.environment);
    }
    let shown = page(&report);
    is_whole(&shown);
    assert!(shown.len() < 5_000_000, "{} bytes", shown.len());
    assert!(shown.contains("left out of this page"));
}

/// Returns the place of Node.js, Chromium, Java and the tools of `tests/tools`; `None` with a note if one is missing.
fn tools() -> Option<PathBuf> {
    let tools = root().join("target/tools/node");
    for (program, flag) in [
        ("node", "--version"),
        ("java", "-version"),
        ("chromium", "--version"),
    ] {
        let ran = Command::new(program).arg(flag).output();
        if !ran.is_ok_and(|output| output.status.success()) {
            eprintln!("SKIPPED: {program} is missing: pages are not checked in a browser");
            return None;
        }
    }
    if !tools.join("node_modules/axe-core").exists() {
        eprintln!("SKIPPED: tests/tools did not install html-validate, vnu-jar and axe-core");
        return None;
    }
    Some(tools)
}

#[test]
fn validators_and_a_browser_find_nothing_wrong() {
    let Some(tools) = tools() else {
        return;
    };
    let temporary = tempfile::tempdir().unwrap();
    let captures = std::env::var_os("EVENKEEL_CAPTURES").map(PathBuf::from);
    let folder = captures.as_deref().unwrap_or(temporary.path());
    let mut quiet = Report::new("drift", "shop", example().at);
    quiet.conclude(0);
    let mut list = Report::new("log", "shop", example().at);
    list.entries = example().entries;
    for (name, report) in [
        ("example", example()),
        ("hostile", hostile()),
        ("large", large(10_000)),
        ("list", list),
        ("many", large(230)),
        ("quiet", quiet),
        ("realistic", realistic::report()),
    ] {
        let path = folder.join(format!("{name}.html"));
        std::fs::write(path, page(&report)).unwrap();
    }
    let mut check = Command::new("node");
    check
        .arg(root().join("tests/pages/check.mjs"))
        .arg(folder)
        .env("EVENKEEL_NODE_TOOLS", tools);
    check.args(&captures);
    let ran = check.output().unwrap();
    let out = String::from_utf8_lossy(&ran.stdout);
    println!("{out}");
    let err = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{out}\n{err}");
}
