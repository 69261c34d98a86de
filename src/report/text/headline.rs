//! Verdict line: the word, the counts by severity, and the checked revision with its time.

use std::io::{self, Write};

use super::super::document::{CountsDocument, FailureKind, Headline, Report, Tone};
use super::Style;
use super::layout::columns;
use evenkeel_model::defect::Severity;
use evenkeel_model::text::{count, inert};

/// Writes the verdict line. `mark` adds a check mark or a cross before the word, for a line at the end.
pub(super) fn line(
    report: &Report,
    headline: Headline,
    mark: bool,
    style: Style,
    to: &mut dyn Write,
) -> io::Result<()> {
    let mut plain = String::new();
    let mut painted = String::new();
    let mut add = |text: &str, coloured: String| {
        plain.push_str(text);
        painted.push_str(&coloured);
    };
    let word = match (mark, headline.tone()) {
        (false, _) | (true, Tone::Waiting) => headline.label().to_owned(),
        (true, Tone::Good) => format!("✔ {}", headline.label()),
        (true, Tone::Bad) => format!("✘ {}", headline.label()),
    };
    add(&word, style.toned(headline.tone(), &word));
    let mut is_first = true;
    for (text, severity) in parts(report, headline) {
        let before = if is_first { "   " } else { " · " };
        is_first = false;
        add(before, before.to_owned());
        let coloured = match severity {
            Some(severity) => style.severity(severity, &text),
            None => text.clone(),
        };
        add(&text, coloured);
    }
    let checked = checked(report);
    if checked.is_empty() {
        return writeln!(to, "{painted}");
    }
    let room = style
        .width
        .saturating_sub(columns(&plain) + columns(&checked));
    if room < 3 {
        writeln!(to, "{painted}")?;
        return writeln!(to, "{}", style.faint(&checked));
    }
    writeln!(to, "{painted}{}{}", " ".repeat(room), style.faint(&checked))
}

/// Returns the checked revision, and the time.
fn checked(report: &Report) -> String {
    if report.system.is_empty() {
        return String::new();
    }
    let mut text = inert(&report.system).into_owned();
    if let Some(origin) = &report.origin {
        if let Some(commit) = &origin.commit {
            let short: String = commit.chars().take(7).collect();
            text.push_str(&format!(" @ {}", inert(&short)));
        }
        if origin.dirty {
            text.push_str(" + uncommitted changes");
        }
    }
    format!("{text}, checked {} UTC", report.at.time())
}

/// Returns the parts of the verdict: text, and the severity of its colour.
fn parts(report: &Report, headline: Headline) -> Vec<(String, Option<Severity>)> {
    let plain = |text: String| vec![(text, None)];
    if let (Headline::RolledBack, Some(rollback)) = (headline, &report.rollback) {
        return plain(rollback.words());
    }
    if let Some(verdict) = &report.verdict {
        let failed = verdict.rules.iter().filter(|rule| !rule.holds).count();
        return match headline {
            Headline::Blocked | Headline::Failed => plain(format!(
                "{failed} of {} failed",
                count(verdict.rules.len(), "rule")
            )),
            Headline::Ready | Headline::WaitingForApproval => {
                plain(format!("plan {}", super::short(&verdict.plan)))
            }
            Headline::Released => plain(report.release.clone().unwrap_or_default()),
            _ => Vec::new(),
        };
    }
    if !report.replays.is_empty() {
        return plain(super::super::wording::replays(&report.replays));
    }
    if let Some(drill) = &report.drill {
        return plain(super::super::wording::drill(drill));
    }
    if !report.doubts.is_empty() {
        return plain(super::super::wording::doubts(&report.doubts));
    }
    let is_definitions = report
        .failure
        .as_ref()
        .is_some_and(|failure| failure.kind == FailureKind::Definitions);
    if is_definitions {
        let errors = report.counts.critical + report.counts.error;
        return vec![(
            format!("{} in the definitions", count(errors, "error")),
            Some(Severity::Error),
        )];
    }
    match headline {
        Headline::Pending => plain(count(report.counts.pending, "step")),
        Headline::NoChanges | Headline::Changes => {
            let steps: usize = report.plans.iter().map(|plan| plan.steps.len()).sum();
            plain(match steps {
                0 => "nothing to do".to_owned(),
                steps => format!("{} to run", count(steps, "step")),
            })
        }
        Headline::Valid => plain(report.messages.first().cloned().unwrap_or_default()),
        // A failure is not a finding: the lines around the verdict name it.
        Headline::Failed if report.counts == CountsDocument::default() => Vec::new(),
        Headline::InSync
        | Headline::InParity
        | Headline::Drift
        | Headline::CannotTell
        | Headline::Failed => severities(&report.counts),
        Headline::Released => plain(report.release.clone().unwrap_or_default()),
        _ => Vec::new(),
    }
}

/// Returns the counts that are not zero, the most severe first.
fn severities(counts: &CountsDocument) -> Vec<(String, Option<Severity>)> {
    let mut parts: Vec<(String, Option<Severity>)> = [
        (counts.critical, Severity::Critical),
        (counts.error, Severity::Error),
        (counts.warning, Severity::Warning),
        (counts.advice, Severity::Advice),
    ]
    .into_iter()
    .filter(|(number, _)| *number > 0)
    .map(|(number, severity)| {
        let noun = severity.name();
        let text = match severity {
            Severity::Critical | Severity::Advice => format!("{number} {noun}"),
            _ => count(number, noun),
        };
        (text, Some(severity))
    })
    .collect();
    if parts.is_empty() {
        parts.push(("no findings".to_owned(), None));
    }
    parts
}
