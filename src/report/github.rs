//! GitHub Actions: annotations on standard output, the summary of the job, and outputs of the step.
//!
//! Annotations are workflow commands: foreign text is escaped so that it never starts or ends one. GitHub shows ten of
//! each level and drops the rest, so no more are written; the summary has all.

use std::io::{self, Write};

use super::document::{FindingDocument, Report};
use super::markdown::page;
use super::wording::{State, by_gravity, clip, failure_line, one_line, path, place, verdict_line};
use super::{Format, Style};
use evenkeel_model::defect::Severity;
use evenkeel_model::text::{count, inert};

/// Number of annotations of one level that GitHub shows for one step.
const MOST_OF_LEVEL: usize = 10;
/// Longest text of an annotation, in characters.
const LONGEST_TEXT: usize = 4_000;
/// Longest title of an annotation, in characters.
const LONGEST_TITLE: usize = 200;
/// Title of the annotation of a break-glass.
const TITLE_OF_BREAK_GLASS: &str = "break-glass without a follow-up";
/// GitHub drops the summary of a step above 1,024 KiB; the rest is for other commands of the same step.
const LONGEST_SUMMARY: usize = 900 * 1024;

/// Annotations for GitHub Actions.
pub(super) struct Github;

impl Format for Github {
    const NAME: &'static str = "github";
    const HELP: &'static str = "Annotations, job summary and outputs for GitHub Actions";

    fn write(report: &Report, _style: Style, to: &mut dyn Write) -> io::Result<()> {
        let mut left_out = 0;
        for (level, annotations) in annotations(report) {
            left_out += annotations.len().saturating_sub(MOST_OF_LEVEL);
            for annotation in annotations.iter().take(MOST_OF_LEVEL) {
                writeln!(to, "::{level} {annotation}")?;
            }
        }
        if left_out > 0 {
            let more = count(left_out, "annotation");
            writeln!(to, "… {more} more; the job summary has all findings")?;
        }
        writeln!(to, "{}", one_line(&verdict_line(report)))
    }
}

/// Returns the annotations by level, the most severe first: properties and text, without the name of the command.
fn annotations(report: &Report) -> [(&'static str, Vec<String>); 3] {
    let (mut errors, mut warnings, mut notices) = (Vec::new(), Vec::new(), Vec::new());
    // Before other warnings, of which GitHub drops all but ten.
    for glass in &report.break_glass {
        let text = format!("{}\n{}", glass.words(), glass.command());
        warnings.push(annotation(&[("title", TITLE_OF_BREAK_GLASS)], &text));
    }
    if let Some(failure) = &report.failure {
        let mut text = failure_line(&failure.reason, &failure.causes);
        for line in failure.changes.iter().chain(&failure.help) {
            text.push('\n');
            text.push_str(line);
        }
        errors.push(annotation(&[("title", "evenkeel failed")], &text));
    }
    let rules = report.verdict.iter().flat_map(|verdict| &verdict.rules);
    for rule in rules.filter(|rule| !rule.holds) {
        let title = format!("{}: {}", rule.code, rule.title);
        errors.push(annotation(&[("title", &title)], &rule.reasons.join("\n")));
    }
    for finding in by_gravity(report) {
        let annotation = of_finding(finding);
        match State::of(finding) {
            State::Open(Severity::Critical | Severity::Error) => errors.push(annotation),
            State::Open(Severity::Warning) => warnings.push(annotation),
            State::Open(Severity::Advice) | State::Pending => notices.push(annotation),
            State::Declared => {}
        }
    }
    [
        ("error", errors),
        ("warning", warnings),
        ("notice", notices),
    ]
}

fn of_finding(finding: &FindingDocument) -> String {
    let mut title = format!("{} {}", State::of(finding).name(), finding.code);
    if let Some(environment) = &finding.environment {
        title.push_str(&format!(" ({environment})"));
    }
    let title = clip(&title, LONGEST_TITLE).into_owned();
    let mut text = finding.message.clone();
    if finding.reach > 1 {
        text.push_str(&format!(" ({})", count(finding.reach, "place")));
    }
    if let Some(help) = &finding.help {
        text.push('\n');
        text.push_str(help);
    }
    text.push_str(&format!("\nevenkeel explain {}", finding.fingerprint));
    let Some(place) = place(finding) else {
        return annotation(&[("title", &title)], &text);
    };
    let line = place.line.to_string();
    let end_line = place.end_line.to_string();
    let mut properties = vec![
        ("file", path(place)),
        ("line", &line),
        ("endLine", &end_line),
    ];
    let (column, end_column) = (place.column.to_string(), place.end_column.to_string());
    // Columns of several lines are rejected.
    if place.line == place.end_line {
        properties.extend([("col", &*column), ("endColumn", &*end_column)]);
    }
    properties.push(("title", &title));
    annotation(&properties, &text)
}

/// Returns `name=value,…::text`.
fn annotation(properties: &[(&str, &str)], text: &str) -> String {
    let properties: Vec<String> = properties
        .iter()
        .map(|(name, value)| format!("{name}={}", property(value)))
        .collect();
    format!(
        "{}::{}",
        properties.join(","),
        data(&clip(text, LONGEST_TEXT))
    )
}

/// Returns text that ends no workflow command.
fn data(text: &str) -> String {
    inert(text)
        .replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// Returns text that ends no property of a workflow command.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

/// Returns the summary of a job in Markdown, if `present` bytes were written before; `None` if it is full.
#[must_use]
pub fn summary(report: &Report, present: u64) -> Option<String> {
    let present = usize::try_from(present).unwrap_or(usize::MAX);
    let longest = LONGEST_SUMMARY.saturating_sub(present);
    (longest > 16 * 1024).then(|| page(report, longest))
}

/// Returns the outputs of a step, with a delimiter that no value contains.
///
/// `token` is part of the delimiter: it must be random, so that no foreign text can end a value.
#[must_use]
pub fn outputs(report: &Report, token: &str) -> String {
    let counts = &report.counts;
    let gate =
        report
            .verdict
            .as_ref()
            .map_or("", |verdict| match (verdict.open, verdict.releasable) {
                (true, _) => "open",
                (false, true) => "waiting",
                (false, false) => "shut",
            });
    let plan = report.verdict.as_ref().map(|verdict| &*verdict.plan);
    let values = [
        ("verdict", super::wording::headline(report)),
        ("exit-code", report.exit_code.to_string()),
        ("drift", report.has_drift().to_string()),
        ("critical", counts.critical.to_string()),
        ("error", counts.error.to_string()),
        ("warning", counts.warning.to_string()),
        ("advice", counts.advice.to_string()),
        ("pending", counts.pending.to_string()),
        ("declared", counts.allowed.to_string()),
        ("gate", gate.to_owned()),
        ("plan", plan.unwrap_or_default().to_owned()),
        ("release", report.release.clone().unwrap_or_default()),
    ];
    values
        .iter()
        .map(|(name, value)| {
            let value = one_line(value);
            format!("{name}<<evenkeel-{token}\n{value}\nevenkeel-{token}\n")
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{annotation, property};

    #[test]
    fn no_text_ends_a_command() {
        assert_eq!(
            annotation(&[("file", "a:b,c")], "100 %\n::error::x"),
            "file=a%3Ab%2Cc::100 %25%0A::error::x"
        );
        assert_eq!(property("\r"), "\\u{d}".replace('%', "%25"));
    }
}
