//! Table for spreadsheets and auditors: one row for each place of each finding, each reason that shuts the gate,
//! each verdict that was judged again, each decision in doubt, and each ledger entry of the report.
//!
//! A cell never starts with a character that makes a spreadsheet read it as a formula.

use std::io::{self, Write};

use csv::{QuoteStyle, WriterBuilder};

use super::document::{FindingDocument, PlaceDocument, ReplayResult, Report, TrialResultDocument};
use super::wording::{State, failure_line, path};
use super::{Format, Style};
use evenkeel_model::Moment;
use evenkeel_model::text::inert;

/// Table.
pub(super) struct Csv;

/// Columns. New ones are added at the end.
const COLUMNS: [&str; 28] = [
    "system",
    "checked",
    "commit",
    "state",
    "severity",
    "environment",
    "code",
    "subject",
    "attribute",
    "message",
    "expected",
    "found",
    "corner",
    "since",
    "until",
    "path",
    "line",
    "column",
    "fingerprint",
    "cause",
    "help",
    "reason",
    "owner",
    "expires",
    "ticket",
    "first-seen",
    "last-seen",
    "novelty",
];

/// Row: the cells of each column. A column that is not set is empty.
#[derive(Default)]
struct Row<'a> {
    state: &'a str,
    severity: &'a str,
    environment: Option<&'a str>,
    code: &'a str,
    subject: &'a str,
    attribute: Option<&'a str>,
    message: &'a str,
    expected: Option<&'a str>,
    found: Option<&'a str>,
    place: Option<&'a PlaceDocument>,
    fingerprint: &'a str,
    finding: Option<&'a FindingDocument>,
    time: Option<Moment>,
    past: Option<(Moment, Moment)>,
}

impl Format for Csv {
    const NAME: &'static str = "csv";
    const HELP: &'static str = "A table: one row for each place of each finding";
    const SUFFIXES: &'static [&'static str] = &[".csv"];

    fn write(report: &Report, _style: Style, to: &mut dyn Write) -> io::Result<()> {
        // Every cell is quoted: a spreadsheet with the separator `;` does not split it, and `0640` stays text.
        let mut table = WriterBuilder::new()
            .quote_style(QuoteStyle::Always)
            .from_writer(to);
        table.write_record(COLUMNS)?;
        for finding in &report.findings {
            for row in rows(finding) {
                table.write_record(cells(report, &row))?;
            }
        }
        let verdict = report.verdict.as_ref();
        for rule in verdict.iter().flat_map(|verdict| &verdict.rules) {
            for reason in &rule.reasons {
                let row = Row {
                    state: "gate",
                    severity: "error",
                    environment: verdict.map(|verdict| &*verdict.environment),
                    code: &rule.code,
                    message: reason,
                    ..Row::default()
                };
                table.write_record(cells(report, &row))?;
            }
        }
        for decision in verdict.iter().flat_map(|verdict| &verdict.decisions) {
            let words = decision.words();
            let row = Row {
                state: if decision.approves {
                    "approved"
                } else {
                    "rejected"
                },
                environment: verdict.map(|verdict| &*verdict.environment),
                subject: &decision.by,
                message: &words,
                found: decision.key.as_deref(),
                time: Some(decision.at),
                ..Row::default()
            };
            table.write_record(cells(report, &row))?;
        }
        for replay in &report.replays {
            let (name, words) = (replay.name(), replay.words());
            let is_bad = replay.result != ReplayResult::Same;
            let row = Row {
                state: "replay",
                severity: if is_bad { "error" } else { "" },
                environment: replay.environment.as_deref(),
                code: replay.result.word(),
                subject: &name,
                message: &words,
                fingerprint: &replay.dossier,
                time: replay.time.or(replay.at),
                ..Row::default()
            };
            table.write_record(cells(report, &row))?;
            for part in &replay.differences {
                let (expected, found) = (part.recorded.join("\n"), part.replayed.join("\n"));
                let row = Row {
                    state: "replay",
                    severity: "error",
                    environment: replay.environment.as_deref(),
                    code: &part.part,
                    subject: &name,
                    message: "the replay differs from the record",
                    expected: Some(&expected),
                    found: Some(&found),
                    fingerprint: &replay.dossier,
                    time: replay.time.or(replay.at),
                    ..Row::default()
                };
                table.write_record(cells(report, &row))?;
            }
        }
        for past in report
            .since
            .iter()
            .flat_map(|since| since.ended.iter().chain(&since.unknown))
        {
            let words = past.words();
            let row = Row {
                state: past.state(),
                environment: past.environment.as_deref(),
                code: past.code.as_deref().unwrap_or_default(),
                subject: past.subject.as_deref().unwrap_or_default(),
                attribute: past.attribute.as_deref(),
                message: &words,
                fingerprint: &past.fingerprint,
                time: past.gone,
                past: Some((past.first, past.last)),
                ..Row::default()
            };
            table.write_record(cells(report, &row))?;
        }
        for fact in report.since.iter().flat_map(|since| &since.facts) {
            let words = fact.words();
            let row = Row {
                state: "fact",
                environment: Some(&fact.environment),
                subject: &fact.host,
                attribute: Some(&fact.fact),
                message: &words,
                expected: fact.before.as_deref(),
                found: fact.now.as_deref(),
                time: fact.now_first,
                past: Some((fact.before_seen.first, fact.before_seen.last)),
                ..Row::default()
            };
            table.write_record(cells(report, &row))?;
        }
        for doubt in &report.doubts {
            let (name, words) = (doubt.name(), doubt.words());
            let row = Row {
                state: "doubt",
                severity: "error",
                environment: Some(&doubt.environment),
                code: doubt.decision.word(),
                subject: &name,
                message: &words,
                fingerprint: doubt.findings.first().map_or("", String::as_str),
                time: Some(doubt.time),
                ..Row::default()
            };
            table.write_record(cells(report, &row))?;
        }
        for glass in &report.break_glass {
            let words = glass.words();
            let row = Row {
                state: "break-glass",
                severity: "warning",
                environment: Some(&glass.environment),
                code: &glass.incident,
                subject: &glass.name,
                message: &words,
                time: Some(glass.at),
                ..Row::default()
            };
            table.write_record(cells(report, &row))?;
        }
        for figure in report.dora.iter().flat_map(|dora| dora.figures()) {
            let row = Row {
                state: "figure",
                environment: report.dora.as_ref().map(|dora| &*dora.environment),
                subject: figure.name,
                message: &figure.events,
                found: Some(&figure.value),
                ..Row::default()
            };
            table.write_record(cells(report, &row))?;
        }
        for trial in report.drill.iter().flat_map(|drill| &drill.trials) {
            let is_right = trial.result == TrialResultDocument::Shut;
            let row = Row {
                state: "drill",
                severity: if is_right { "" } else { "error" },
                environment: report.drill.as_ref().map(|drill| &*drill.environment),
                code: &trial.expected,
                subject: &trial.fault,
                message: &trial.what,
                expected: Some("shut"),
                found: Some(trial.result.word()),
                ..Row::default()
            };
            table.write_record(cells(report, &row))?;
        }
        for entry in &report.entries {
            let row = Row {
                state: "entry",
                code: &entry.kind,
                message: &entry.words,
                fingerprint: &entry.digest,
                time: Some(entry.time),
                ..Row::default()
            };
            table.write_record(cells(report, &row))?;
        }
        if let Some(failure) = &report.failure {
            let message = failure_line(&failure.reason, &failure.causes);
            let row = Row {
                state: "failed",
                severity: "error",
                message: &message,
                ..Row::default()
            };
            table.write_record(cells(report, &row))?;
        }
        table.flush()
    }
}

/// Returns the row of a finding, and one for each other place of its cause.
fn rows(finding: &FindingDocument) -> impl Iterator<Item = Row<'_>> {
    let state = match State::of(finding) {
        State::Open(_) => "open",
        other => other.name(),
    };
    let own = Row {
        state,
        severity: finding.severity.name(),
        environment: finding.environment.as_deref(),
        code: &finding.code,
        subject: &finding.subject,
        attribute: finding.attribute.as_deref(),
        message: &finding.message,
        expected: finding.expected.as_deref(),
        found: finding.found.as_deref(),
        place: finding.places.first(),
        fingerprint: &finding.fingerprint,
        finding: Some(finding),
        time: None,
        past: None,
    };
    let others = finding.also.iter().map(move |also| Row {
        state,
        severity: finding.severity.name(),
        environment: finding.environment.as_deref(),
        code: also.code.as_ref().unwrap_or(&finding.code),
        subject: &also.subject,
        attribute: also.attribute.as_deref(),
        message: &also.message,
        expected: also.expected.as_deref(),
        found: also.found.as_deref(),
        place: also.places.first(),
        fingerprint: &also.fingerprint,
        finding: Some(finding),
        time: None,
        past: None,
    });
    std::iter::once(own).chain(others)
}

/// Returns the cells of a row, in the order of the columns.
fn cells(report: &Report, row: &Row<'_>) -> [String; 28] {
    let finding = row.finding;
    let allowed = finding.and_then(|finding| finding.allowed.as_ref());
    let number = |of: fn(&PlaceDocument) -> usize| row.place.map(|place| of(place).to_string());
    let commit = report
        .origin
        .as_ref()
        .and_then(|origin| origin.commit.clone());
    let since = finding.and_then(|finding| finding.since.as_ref());
    let seen = finding.and_then(|finding| finding.seen.as_ref());
    let interval = row.past.or(seen.map(|seen| (seen.first, seen.last)));
    let owned = [
        Some(report.system.clone()),
        Some(report.at.to_string()),
        commit,
        Some(row.state.to_owned()),
        Some(row.severity.to_owned()),
        row.environment.map(str::to_owned),
        Some(row.code.to_owned()),
        Some(row.subject.to_owned()),
        row.attribute.map(str::to_owned),
        Some(row.message.to_owned()),
        row.expected.map(str::to_owned),
        row.found.map(str::to_owned),
        finding
            .and_then(|finding| finding.corner)
            .map(|corner| corner.name().to_owned()),
        row.time
            .or(since.map(|since| since.at))
            .map(|moment| moment.to_string()),
        since
            .and_then(|since| since.until)
            .map(|until| until.to_string()),
        row.place.map(|place| path(place).to_owned()),
        number(|place| place.line),
        number(|place| place.column),
        Some(row.fingerprint.to_owned()),
        finding.map(|finding| finding.fingerprint.clone()),
        finding.and_then(|finding| finding.help.clone()),
        allowed.map(|allowed| allowed.reason.clone()),
        allowed.map(|allowed| allowed.owner.clone()),
        allowed.map(|allowed| allowed.expires.to_string()),
        allowed.and_then(|allowed| allowed.ticket.clone()),
        interval.map(|(first, _)| first.to_string()),
        interval.map(|(_, last)| last.to_string()),
        seen.and_then(|seen| seen.novelty)
            .map(|novelty| novelty.name().to_owned()),
    ];
    owned.map(|text| text.map_or_else(String::new, |text| cell(&text)))
}

/// Returns a cell that no spreadsheet reads as a formula: one that starts like a formula gets a leading `'`.
pub(super) fn cell(text: &str) -> String {
    let safe = inert(text);
    // Spreadsheets ignore spaces before a formula, and some read the wide forms of these characters.
    let first = safe.chars().find(|character| *character != ' ');
    let is_formula = first.is_some_and(|first| {
        matches!(
            first,
            '=' | '+' | '-' | '@' | '\t' | '\n' | '＝' | '＋' | '－' | '＠' | '|' | '%'
        )
    });
    if is_formula {
        format!("'{safe}")
    } else {
        safe.into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::cell;

    #[test]
    fn no_cell_is_a_formula() {
        for text in ["=1", "+1", "-1", "@a", "\t=1", "\n=1", "  =1", "＝1"] {
            assert_eq!(cell(text), format!("'{text}"));
        }
        assert_eq!(cell("\r=1"), "\\u{d}=1");
        assert_eq!(cell("a=1"), "a=1");
    }
}
