//! Output at several widths, with and without colours, and without unmarked omissions.

use evenkeel::report::{FailureKind, Report, ReportFormat, Style};
use evenkeel_model::Moment;
use evenkeel_model::defect::Defect;

use super::example::{code, example};

/// Widths of output.
const WIDTHS: [usize; 3] = [80, 120, 200];

fn written(report: &Report, width: usize, colour: bool, all: bool) -> String {
    let style = Style {
        colour,
        width,
        full: false,
        all,
        printed: false,
    };
    let mut text = Vec::new();
    ReportFormat::Text.write(report, style, &mut text).unwrap();
    String::from_utf8(text).unwrap()
}

/// Returns the example as a report of `drift`.
fn drift() -> Report {
    let mut report = example();
    report.failure = None;
    report.plans.clear();
    report.applies.clear();
    report.suites.clear();
    report.verdict = None;
    report.status.clear();
    report.locks.clear();
    report.proofs.clear();
    report.entries.clear();
    report.checkpoint = None;
    report.shown = None;
    report.release = None;
    report.messages.clear();
    report.conclude(2);
    report
}

/// Returns the example as a report of `deliver`.
fn deliver() -> Report {
    let mut report = example();
    report.command = "deliver".into();
    report.failure = None;
    report.findings.clear();
    report.environments.clear();
    report.status.clear();
    report.locks.clear();
    report.proofs.clear();
    report.entries.clear();
    report.checkpoint = None;
    report.shown = None;
    report.messages.clear();
    report.conclude(3);
    report
}

#[test]
fn output_at_every_width() {
    for width in WIDTHS {
        for (name, report) in [("drift", drift()), ("deliver", deliver())] {
            let text = written(&report, width, false, false);
            for line in text.lines() {
                // Only unbreakable text may be longer: a path, a command, a line of a file.
                let is_free = line.contains(' ') && !line.contains(['│', '·', '`', '/', '╭']);
                assert!(!is_free || line.chars().count() <= width, "{width}: {line}");
            }
            insta::assert_snapshot!(format!("text-{name}-{width}"), text);
        }
    }
}

#[test]
fn only_severities_and_verdicts_are_coloured_and_identities_are_dim() {
    let coloured = written(&drift(), 120, true, false);
    let plain = written(&drift(), 120, false, false);
    let escape = regex::Regex::new("\u{1b}\\[[0-9;]*m").unwrap();
    assert_eq!(escape.replace_all(&coloured, ""), plain);
    insta::assert_snapshot!("text-drift-coloured", coloured.replace('\u{1b}', "␛"));
}

#[test]
fn a_failure_without_findings_claims_no_count() {
    for command in ["show", "apply"] {
        let mut report = Report::new(command, "shop", example().at);
        report.failure = (command == "show").then(|| example().failure).flatten();
        if let Some(failure) = &mut report.failure {
            failure.kind = FailureKind::Other;
        }
        report.conclude(1);
        let text = written(&report, 100, false, false);
        // A command without a verdict prints its error alone.
        assert_eq!(text.contains("FAILED"), command == "apply", "{text}");
        assert!(command == "apply" || text.starts_with("error: "), "{text}");
        assert!(!text.contains("no findings"), "{text}");
    }
}

#[test]
fn nothing_is_shortened_without_a_mark() {
    let mut report = Report::new("drift", "shop", example().at);
    report.defects((0..100).map(|number| {
        Defect::new(
            code("file/mode-differs"),
            format!("file.f{number}"),
            "mode is 0666, expected 0644",
        )
    }));
    report.conclude(2);
    let cut = written(&report, 100, false, false);
    assert!(cut.contains("… 40 more (--all)"), "{cut}");
    let all = written(&report, 100, false, true);
    assert!(!all.contains("more (--all)"), "{all}");
    assert!(all.contains("file.f99"), "{all}");
}

#[test]
fn a_report_of_ten_thousand_findings_is_written_whole() {
    let at: Moment = example().at;
    let mut report = Report::new("drift", "shop", at);
    report.defects((0..10_000).map(|number| {
        Defect::new(
            code("file/mode-differs"),
            format!("file.f{number}"),
            "mode is 0666, expected 0644",
        )
    }));
    report.conclude(2);
    let all = written(&report, 100, false, true);
    assert_eq!(all.matches("mode is 0666").count(), 10_000);
}
