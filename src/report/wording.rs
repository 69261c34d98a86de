//! Wording shared by several formats: the state of a finding, the verdict in one line, paths, and shortened text.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::BTreeSet;

use super::document::{
    AllowedDocument, DoubtDocument, DrillDocument, FindingDocument, PlaceDocument, ReplayDocument,
    ReplayResult, Report,
};
use evenkeel_model::defect::Severity;
use evenkeel_model::text::{count, inert};

/// State of a finding in the verdict. The greatest is the most severe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum State {
    /// A declared difference allows it.
    Declared,
    /// The next apply or release removes it.
    Pending,
    /// It is an undeclared difference.
    Open(Severity),
}

impl State {
    /// Returns the state of a finding.
    pub(super) fn of(finding: &FindingDocument) -> Self {
        if finding.allowed.is_some() {
            Self::Declared
        } else if finding.is_pending() {
            Self::Pending
        } else {
            Self::Open(finding.severity)
        }
    }

    /// Returns its name: the severity of an open finding, `pending` or `declared`.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Declared => "declared",
            Self::Pending => "pending",
            Self::Open(severity) => severity.name(),
        }
    }
}

/// Returns the findings, the most severe first; those of one state keep their order.
pub(super) fn by_gravity(report: &Report) -> Vec<&FindingDocument> {
    let mut all: Vec<&FindingDocument> = report.findings.iter().collect();
    all.sort_by_key(|finding| Reverse(State::of(finding)));
    all
}

/// Returns the verdict in capitals: `DRIFT`. A command that judges nothing has its own name: `evenkeel log`.
pub(super) fn headline(report: &Report) -> String {
    report.headline.map_or_else(
        || format!("evenkeel {}", report.command),
        |headline| headline.label().to_owned(),
    )
}

/// Returns the counts of findings that are not zero: `2 critical`, `1 error`.
pub(super) fn counts(report: &Report) -> Vec<String> {
    let counts = &report.counts;
    [
        (counts.critical, format!("{} critical", counts.critical)),
        (counts.error, count(counts.error, "error")),
        (counts.warning, count(counts.warning, "warning")),
        (counts.advice, format!("{} advice", counts.advice)),
        (counts.pending, format!("{} pending", counts.pending)),
        (counts.allowed, format!("{} declared", counts.allowed)),
    ]
    .into_iter()
    .filter_map(|(number, words)| (number > 0).then_some(words))
    .collect()
}

/// Returns the verdict and the counts in one line: `DRIFT  2 critical, 1 error`.
pub(super) fn verdict_line(report: &Report) -> String {
    let counts = counts(report);
    if counts.is_empty() {
        headline(report)
    } else {
        format!("{}  {}", headline(report), counts.join(", "))
    }
}

/// Returns the result of a drill: `48 of 48 faults shut the gate for the right reason`.
pub(super) fn drill(drill: &DrillDocument) -> String {
    format!(
        "{} of {} shut the gate for the right reason",
        drill.right(),
        count(drill.trials.len(), "fault")
    )
}

/// Returns the number of decisions in doubt: each may be in doubt for several environments.
pub(super) fn doubts(doubts: &[DoubtDocument]) -> String {
    let entries: BTreeSet<u64> = doubts.iter().map(|doubt| doubt.entry).collect();
    count(entries.len(), "decision")
}

/// Returns the result of all replays: `3 verdicts, all the same`.
pub(super) fn replays(replays: &[ReplayDocument]) -> String {
    let verdicts = count(replays.len(), "verdict");
    let (same, others): (Vec<_>, Vec<_>) = replays
        .iter()
        .map(|replay| replay.result)
        .partition(|result| *result == ReplayResult::Same);
    if others.is_empty() {
        return format!("{verdicts}, all the same");
    }
    let mut parts = vec![format!("{verdicts}, {} the same", same.len())];
    for result in ReplayResult::BAD {
        let number = others.iter().filter(|other| *other == result).count();
        if number > 0 {
            parts.push(format!("{number} {}", result.word()));
        }
    }
    parts.join(" · ")
}

/// Returns the path of a place relative to the repository; relative to the project without one.
pub(super) fn path(place: &PlaceDocument) -> &str {
    place.repository_path.as_deref().unwrap_or(&place.path)
}

/// Returns the displayed place of a finding: its own, or the one where it is declared.
pub(super) fn place(finding: &FindingDocument) -> Option<&PlaceDocument> {
    let others = finding.also.iter().flat_map(|also| &also.places);
    let declared = finding.allowed.iter().map(|allowed| &allowed.place);
    finding.places.iter().chain(others).chain(declared).next()
}

/// Returns the first characters of a digest, without the name of its function, for comparing.
pub(super) fn short(digest: &str) -> String {
    let digits = digest.rsplit(':').next().unwrap_or_default();
    digits.chars().take(12).collect()
}

/// Returns the file that represents everything without a place, for readers that require one.
pub(super) fn anchor(report: &Report) -> String {
    let first = report.findings.iter().find_map(place);
    match (first, report.project.as_deref()) {
        (Some(place), _) => path(place).to_owned(),
        (None, None | Some("")) => "environments/system.toml".to_owned(),
        (None, Some(project)) => format!("{project}/environments/system.toml"),
    }
}

/// Returns the subject of a finding: `file.config.mode`.
pub(super) fn about(finding: &FindingDocument) -> String {
    subject(&finding.subject, finding.attribute.as_deref())
}

/// Returns an address with its attribute: `file.config.mode`.
pub(super) fn subject(subject: &str, attribute: Option<&str>) -> String {
    match attribute {
        None => subject.to_owned(),
        Some(attribute) if attribute.starts_with('[') => format!("{subject}{attribute}"),
        Some(attribute) => format!("{subject}.{attribute}"),
    }
}

/// Returns a declared difference in words: reason, owner, expiry.
pub(super) fn justification(allowed: &AllowedDocument) -> String {
    let ticket = allowed.ticket.as_deref();
    format!(
        "{} (until {}, {}{})",
        allowed.reason,
        allowed.expires.date(),
        allowed.owner,
        ticket.map_or_else(String::new, |ticket| format!(", {ticket}"))
    )
}

/// Returns why a report is incomplete, one sentence for each reason; empty if everything was read.
pub(super) fn unread(report: &Report) -> Vec<String> {
    let mut reasons: Vec<String> = Vec::new();
    if let Some(failure) = &report.failure {
        reasons.push(failure_line(&failure.reason, &failure.causes));
    }
    reasons.extend(
        report
            .findings
            .iter()
            .filter(|finding| finding.is_unreadable() && finding.allowed.is_none())
            .map(|finding| finding.message.clone()),
    );
    for environment in &report.environments {
        if environment.observed < environment.declared {
            reasons.push(format!(
                "{}: {} of {} attributes read",
                environment.name, environment.observed, environment.declared
            ));
        }
    }
    if let Some(parity) = &report.parity {
        reasons.extend(
            parity
                .not_compared
                .iter()
                .map(|pair| format!("not compared: {}", pair.join(", "))),
        );
    }
    reasons.extend(match report.exit_code {
        6 => Some("the outcome of a step is unknown".to_owned()),
        7 => Some("the ledger is damaged".to_owned()),
        129 | 130 | 143 => Some("interrupted".to_owned()),
        _ => None,
    });
    reasons
}

/// Returns a failure with its causes, in one sentence.
pub(super) fn failure_line(reason: &str, causes: &[String]) -> String {
    let mut line = reason.to_owned();
    for cause in causes {
        line.push_str(": ");
        line.push_str(cause);
    }
    line
}

/// Returns escaped text on one line: line feeds are written as `\n`.
pub(super) fn one_line(text: &str) -> Cow<'_, str> {
    let safe = inert(text);
    if safe.contains(['\n', '\t']) {
        Cow::Owned(safe.replace('\n', "\\n").replace('\t', " "))
    } else {
        safe
    }
}

/// Returns the first `most` characters of a text, with `…` as the last one if more follow.
pub(super) fn clip(text: &str, most: usize) -> Cow<'_, str> {
    // A character has at least one byte, so a short text is not counted.
    if text.len() <= most {
        return Cow::Borrowed(text);
    }
    let mut ends = text.char_indices().map(|(at, _)| at);
    let last = ends.nth(most.saturating_sub(1)).unwrap_or(text.len());
    if ends.next().is_none() {
        return Cow::Borrowed(text);
    }
    Cow::Owned(format!("{}…", text.get(..last).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::{State, clip, one_line, subject};
    use evenkeel_model::defect::Severity;

    #[test]
    fn the_most_severe_state_is_the_greatest() {
        let states = [
            State::Declared,
            State::Pending,
            State::Open(Severity::Advice),
            State::Open(Severity::Critical),
        ];
        assert!(states.is_sorted());
    }

    #[test]
    fn text_is_cut_between_characters() {
        assert_eq!(clip("äöü", 3), "äöü");
        assert_eq!(clip("äöüß", 3), "äö…");
        assert_eq!(clip("", 3), "");
    }

    #[test]
    fn one_line_has_no_line_feed() {
        assert_eq!(one_line("a\nb\tc\u{1b}"), "a\\nb c\\u{1b}");
    }

    #[test]
    fn an_index_follows_its_subject_without_a_dot() {
        assert_eq!(subject("document.a", Some("[0].b")), "document.a[0].b");
        assert_eq!(subject("file.a", Some("mode")), "file.a.mode");
    }
}
