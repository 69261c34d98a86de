//! One line per finding, in aligned columns: severity, subject, both values, place, identity.

use std::io::{self, Write};

use super::super::document::{FindingDocument, SinceDocument};
use super::Style;
use super::details;
use super::layout::{GAP, columns, padded, wrapped};
use evenkeel_model::Moment;
use evenkeel_model::defect::Corner;
use evenkeel_model::text::inert;

/// Columns of a severity.
const SEVERITY: usize = 8;
/// Maximum width of the subject's column; a longer subject has a line alone.
const WIDEST_SUBJECT: usize = 40;
/// End of the message about something that ended by itself: its column contains the interval.
const BY_ITSELF: &str = "changed since it was applied";
/// Minimum width of the message's column.
const NARROWEST: usize = 24;

/// Findings under one header.
pub(super) struct Group<'a> {
    /// Header: an environment, `parity` or `definitions`.
    pub(super) name: String,
    /// Findings, the most severe first.
    pub(super) findings: Vec<&'a FindingDocument>,
}

/// Writer of a group.
pub(super) struct Lines<'a> {
    /// Time of the report: times of the same day need no date.
    pub(super) at: Moment,
    /// Number of fingerprint characters that distinguish all findings of the report.
    pub(super) identity: usize,
    /// Whether a finding is followed by its details.
    pub(super) is_detailed: &'a dyn Fn(&FindingDocument) -> bool,
    /// Style of text.
    pub(super) style: Style,
}

/// Finding in words, before alignment.
struct Row<'a> {
    finding: &'a FindingDocument,
    subject: String,
    what: String,
    /// Place and time, each a column if there is room.
    place: String,
    since: String,
}

/// Returns the number of fingerprint characters that distinguish all findings, at least six.
pub(super) fn identity(findings: &[FindingDocument]) -> usize {
    let mut length = 6;
    let longest = findings
        .iter()
        .map(|finding| finding.fingerprint.chars().count())
        .max()
        .unwrap_or(length);
    while length < longest {
        let mut seen = std::collections::HashMap::new();
        let is_clear = findings.iter().all(|finding| {
            let whole = &*finding.fingerprint;
            let beginning = whole.get(..length).unwrap_or(whole);
            // Two findings may share a fingerprint, and are then not distinguishable.
            *seen.entry(beginning).or_insert(whole) == whole
        });
        if is_clear {
            break;
        }
        length += 2;
    }
    length
}

impl Lines<'_> {
    /// Writes a group: its header, then its findings.
    pub(super) fn write(&self, group: &Group<'_>, to: &mut dyn Write) -> io::Result<()> {
        writeln!(to, "{}", inert(&group.name))?;
        let rows: Vec<Row<'_>> = group.findings.iter().map(|each| self.row(each)).collect();
        let widest = |of: for<'b> fn(&'b Row<'_>) -> &'b String| {
            rows.iter().map(|row| columns(of(row))).max().unwrap_or(0)
        };
        let subject = widest(|row| &row.subject).min(WIDEST_SUBJECT.min(self.style.width / 3));
        let (what, place, since) = (
            widest(|row| &row.what),
            widest(|row| &row.place),
            widest(|row| &row.since),
        );
        let gap = columns(GAP);
        let fixed = gap + SEVERITY + gap + subject + gap;
        let with = |width: usize| if width == 0 { 0 } else { gap + width };
        let whole = fixed + what + with(since) + with(place) + gap + self.identity;
        let wide = whole <= self.style.width;
        let room = if wide {
            what
        } else {
            self.style
                .width
                .saturating_sub(fixed + gap + self.identity)
                .clamp(NARROWEST, what.max(NARROWEST))
        };
        for row in &rows {
            let start = format!(
                "{GAP}{}{GAP}",
                padded(
                    row.finding.severity.name(),
                    &self
                        .style
                        .severity(row.finding.severity, row.finding.severity.name()),
                    SEVERITY
                )
            );
            let id: String = row
                .finding
                .fingerprint
                .chars()
                .take(self.identity)
                .collect();
            let id = self.style.faint(&inert(&id));
            let mut lines = wrapped(&row.what, room).into_iter();
            let first = lines.next().unwrap_or_default();
            if columns(&row.subject) > subject {
                writeln!(to, "{start}{}", row.subject)?;
                write!(to, "{}", " ".repeat(fixed))?;
            } else {
                write!(
                    to,
                    "{start}{}{GAP}",
                    padded(&row.subject, &row.subject, subject)
                )?;
            }
            write!(to, "{}", padded(&first, &first, room))?;
            if wide {
                for (text, width) in [(&row.since, since), (&row.place, place)] {
                    if width > 0 {
                        write!(to, "{GAP}{}", padded(text, text, width))?;
                    }
                }
            }
            writeln!(to, "{GAP}{id}")?;
            let blank = " ".repeat(fixed);
            for line in lines {
                writeln!(to, "{blank}{line}")?;
            }
            if !wide {
                let parts = [&*row.since, &*row.place];
                let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
                let rest = self.style.width.saturating_sub(fixed).max(NARROWEST);
                for line in wrapped(&parts.join(GAP), rest) {
                    writeln!(to, "{blank}{}", self.style.faint(&line))?;
                }
            }
            if (self.is_detailed)(row.finding) {
                details::write(row.finding, self.style, to)?;
            }
        }
        Ok(())
    }

    fn row<'a>(&self, finding: &'a FindingDocument) -> Row<'a> {
        let mut what = summary(finding).to_owned();
        if finding.reach > 1 {
            what.push_str(&format!(" ({} places)", finding.reach));
        }
        Row {
            finding,
            subject: one_line(&finding.subject),
            what: one_line(&what),
            place: finding
                .places
                .first()
                .map(|place| one_line(&place.to_string()))
                .unwrap_or_default(),
            since: finding
                .since
                .as_ref()
                .map(|since| one_line(&self.since(finding, since)))
                .unwrap_or_default(),
        }
    }

    /// Returns since when, in short form.
    fn since(&self, finding: &FindingDocument, since: &SinceDocument) -> String {
        let moment = |moment: Moment| {
            if moment.date() == self.at.date() {
                moment.time()
            } else {
                format!("{} {}", moment.date(), moment.time())
            }
        };
        match since.until {
            Some(until) => {
                let end = if until.date() == since.at.date() {
                    until.time()
                } else {
                    moment(until)
                };
                let corner = finding
                    .corner
                    .filter(|_| !finding.message.ends_with(BY_ITSELF));
                format!(
                    "{} {}–{end}",
                    corner.map_or("changed", Corner::name),
                    moment(since.at)
                )
            }
            // The last apply is irrelevant for a difference between files.
            None if finding.corner.is_some() => String::new(),
            None => {
                let by = since
                    .by
                    .as_deref()
                    .map_or_else(String::new, |by| format!(" by {by}"));
                format!("since {}{by}", since.at.date())
            }
        }
    }
}

/// Returns the message, without the subject, the environment and the text of other columns.
pub(super) fn summary(finding: &FindingDocument) -> &str {
    let message = &*finding.message;
    let mut rest = message
        .strip_prefix(&*finding.subject)
        .map_or(message, |rest| {
            let rest = finding
                .environment
                .as_deref()
                .and_then(|name| {
                    rest.strip_prefix(" (")?
                        .strip_prefix(name)?
                        .strip_prefix(')')
                })
                .unwrap_or(rest);
            rest.strip_prefix(": ").unwrap_or(message)
        });
    let has_interval = finding
        .since
        .as_ref()
        .is_some_and(|since| since.until.is_some());
    if has_interval {
        for shown in [Corner::ChangedOutside.name(), BY_ITSELF] {
            rest = rest
                .strip_suffix(shown)
                .and_then(|rest| rest.strip_suffix("; "))
                .unwrap_or(rest);
        }
    }
    rest
}

/// Returns foreign text as one escaped line.
pub(super) fn one_line(text: &str) -> String {
    inert(text).replace(['\n', '\t'], " ")
}
