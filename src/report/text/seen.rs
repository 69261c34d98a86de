//! Findings since a time: new ones, ended ones, and those that cannot be judged now.

use std::io::{self, Write};

use super::super::document::Report;
use super::layout::{hanging, more};
use super::{Style, one_line};
use evenkeel_model::defect::Novelty;

/// Number of lines that are displayed before the rest is counted.
const SHOWN: usize = 60;
/// Columns of a state.
const STATE: usize = 9;

/// Writes the summary, then one line for each finding that is not as before.
pub(super) fn lines(report: &Report, style: Style, to: &mut dyn Write) -> io::Result<()> {
    let Some(since) = &report.since else {
        return Ok(());
    };
    writeln!(to)?;
    hanging("", 2, &one_line(&since.summary()), style.width, to)?;
    for note in since.notes() {
        hanging("  ", 4, &one_line(&note), style.width, to)?;
    }
    let new = report.findings.iter().filter_map(|finding| {
        let seen = finding.seen.as_ref()?;
        let state = match seen.novelty? {
            Novelty::New => "new",
            Novelty::Unknown => "unclear",
            Novelty::Before => return None,
        };
        let attribute = finding
            .attribute
            .as_deref()
            .map_or_else(String::new, |attribute| format!(" {attribute}"));
        let environment = finding
            .environment
            .as_deref()
            .map_or_else(String::new, |name| format!(" ({name})"));
        let about = format!("{}{attribute}{environment}", finding.subject);
        Some((state, about, seen.words()))
    });
    let past = since.ended.iter().chain(&since.unknown);
    let past = past.map(|past| (past.state(), past.about(), past.words()));
    let all: Vec<_> = new.chain(past).collect();
    let shown = if style.all { all.len() } else { SHOWN };
    for (state, about, words) in all.iter().take(shown) {
        let first = format!("  {state:STATE$}");
        let text = format!("{about}: {words}");
        hanging(&first, 2 + STATE, &one_line(&text), style.width, to)?;
    }
    match more(all.len().saturating_sub(shown)) {
        Some(line) => writeln!(to, "{line}"),
        None => Ok(()),
    }
}
