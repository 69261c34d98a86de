//! Ten thousand findings: every format respects the limits of its readers, counts omitted parts, and is quick.

use std::io::Write as _;
use std::time::{Duration, Instant};

use evenkeel::report::{CountsDocument, FindingDocument, Report, ReportFormat, github_summary};
use serde_json::Value;

use super::example::example;
use super::rendered;

const MANY: usize = 10_000;

/// Returns the example with ten thousand findings like its first one with several places.
fn many() -> Report {
    let mut report = example();
    let is_first = |finding: &&FindingDocument| finding.places.len() > 1;
    let mut one = report.findings.iter().find(is_first).unwrap().clone();
    one.corner = None;
    report.findings = (0..MANY)
        .map(|number| {
            let mut finding = one.clone();
            finding.fingerprint = format!("{number:012x}");
            finding.subject = format!("file.config{number}");
            finding.message = format!("{} ({number})", finding.message);
            finding
        })
        .collect();
    report.counts = CountsDocument {
        error: MANY,
        ..CountsDocument::default()
    };
    report
}

#[test]
fn sarif_respects_githubs_limits_and_counts_the_rest() {
    let text = rendered(&many(), ReportFormat::Sarif);
    let log: Value = serde_json::from_str(&text).unwrap();
    let run = &log["runs"][0];
    assert_eq!(run["results"].as_array().unwrap().len(), 5_000);
    let notifications = run["invocations"][0]["toolExecutionNotifications"]
        .as_array()
        .unwrap();
    let reported = notifications
        .iter()
        .find(|each| each["descriptor"]["id"] == "evenkeel/left-out" && each["level"] == "warning")
        .unwrap();
    assert_eq!(
        reported["message"]["text"],
        "5000 of 10000 findings are listed, the most severe first; --format json has all of them"
    );
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(text.as_bytes()).unwrap();
    let size = packed.finish().unwrap().len();
    assert!(size < 10 * 1024 * 1024, "{size} bytes");
}

#[test]
fn a_comment_and_a_summary_fit_and_count_the_rest() {
    let report = many();
    let comment = rendered(&report, ReportFormat::Markdown);
    assert!(comment.chars().count() <= 65_536 && comment.len() > 50_000);
    let summary = github_summary(&report, 0).unwrap();
    assert!(summary.len() <= 1024 * 1024 && summary.len() > 800_000);
    for page in [comment, summary] {
        assert!(
            page.contains("… 9950 findings more; `--format json` has all of them"),
            "{}",
            page.get(..2000).unwrap()
        );
        assert!(page.ends_with("### Next\n\n```sh\nevenkeel apply production\n```\n"));
        let count = |words: &str| page.matches(words).count();
        assert_eq!(count("<details>"), count("</details>"));
    }
    assert_eq!(github_summary(&report, 1_000_000), None);
}

#[test]
fn no_more_annotations_are_written_than_github_shows() {
    let text = rendered(&many(), ReportFormat::Github);
    let errors = text.lines().filter(|line| line.starts_with("::error "));
    assert_eq!(errors.count(), 10);
    assert!(
        text.contains("more; the job summary has all findings"),
        "{text}"
    );
}

#[test]
fn every_format_is_quick() {
    let report = many();
    let most = if cfg!(debug_assertions) { 20 } else { 1 };
    for format in ReportFormat::ALL {
        let began = Instant::now();
        let length = rendered(&report, *format).len();
        let took = began.elapsed();
        eprintln!("{:<10} {length:>9} bytes in {took:?}", format.name());
        assert!(
            took < Duration::from_secs(most),
            "{}: {took:?}",
            format.name()
        );
    }
}
