//! GitLab's code quality report: one degradation for each undeclared finding.

use std::io::{self, Write};

use serde::Serialize;

use super::document::{BreakGlassDocument, FindingDocument, Report};
use super::json;
use super::wording::{State, anchor, clip, path, place};
use super::{Format, Style};
use evenkeel_model::Digest;
use evenkeel_model::defect::Severity;

/// Longest description, in characters.
const LONGEST: usize = 1_000;

/// GitLab's code quality report.
pub(super) struct Gitlab;

impl Format for Gitlab {
    const NAME: &'static str = "gitlab";
    const HELP: &'static str = "GitLab's code quality report";
    const SUFFIXES: &'static [&'static str] = &["code-quality-report.json", ".codequality.json"];

    fn write(report: &Report, _style: Style, to: &mut dyn Write) -> io::Result<()> {
        let anchor = anchor(report);
        let findings = report.findings.iter();
        let mut all: Vec<Degradation<'_>> = findings
            .filter(|finding| finding.allowed.is_none())
            .map(|finding| degradation(finding, &anchor))
            .collect();
        let all_glass: Vec<(String, &BreakGlassDocument)> = report
            .break_glass
            .iter()
            .map(|glass| (identity(report, glass), glass))
            .collect();
        all.extend(
            all_glass
                .iter()
                .map(|(id, glass)| of_break_glass(glass, id, &anchor)),
        );
        json::write(&all, to)
    }
}

/// Degradation of code quality, by GitLab's names.
#[derive(Serialize)]
struct Degradation<'a> {
    description: String,
    check_name: &'a str,
    fingerprint: &'a str,
    severity: &'static str,
    location: Location<'a>,
}

#[derive(Serialize)]
struct Location<'a> {
    path: &'a str,
    lines: Lines,
}

#[derive(Serialize)]
struct Lines {
    begin: usize,
    end: usize,
}

/// Returns the fingerprint of a break-glass: the same in every report.
fn identity(report: &Report, glass: &BreakGlassDocument) -> String {
    let parts = (&report.system, &glass.environment, &glass.name);
    Digest::of_record("evenkeel break-glass 1", &parts).hex()
}

/// Returns a break-glass that waits for a follow-up.
fn of_break_glass<'a>(
    glass: &BreakGlassDocument,
    fingerprint: &'a str,
    anchor: &'a str,
) -> Degradation<'a> {
    let description = format!("{}; {}", glass.words(), glass.command());
    Degradation {
        description: clip(&description, LONGEST).into_owned(),
        check_name: "break-glass",
        fingerprint,
        severity: "minor",
        location: Location {
            path: anchor,
            lines: Lines { begin: 1, end: 1 },
        },
    }
}

fn degradation<'a>(finding: &'a FindingDocument, anchor: &'a str) -> Degradation<'a> {
    let place = place(finding);
    let severity = match State::of(finding) {
        State::Open(Severity::Critical) => "critical",
        State::Open(Severity::Error) => "major",
        State::Open(Severity::Warning) => "minor",
        State::Open(Severity::Advice) | State::Pending | State::Declared => "info",
    };
    let mut description = clip(&finding.message, LONGEST).into_owned();
    if State::of(finding) == State::Pending {
        description.push_str(" (pending: the next release removes it)");
    }
    Degradation {
        description,
        check_name: &finding.code,
        fingerprint: &finding.fingerprint,
        severity,
        location: Location {
            path: place.map_or(anchor, path),
            lines: Lines {
                begin: place.map_or(1, |place| place.line),
                end: place.map_or(1, |place| place.end_line),
            },
        },
    }
}
