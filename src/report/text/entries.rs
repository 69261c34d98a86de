//! Ledger events, one line each, by day.

use std::io::{self, Write};

use super::super::document::Report;
use super::Style;
use super::layout::{GAP, hanging};
use super::lines::one_line;

/// Width of a kind.
const KIND: usize = 15;

/// Writes the events of a report.
pub(super) fn lines(report: &Report, style: Style, to: &mut dyn Write) -> io::Result<()> {
    let mut day = None;
    for entry in &report.entries {
        let date = entry.time.date();
        if day != Some(date) {
            if day.is_some() {
                writeln!(to)?;
            }
            writeln!(to, "{date}")?;
            day = Some(date);
        }
        let start = format!(
            "{GAP}{}{GAP}{} {:<KIND$}{GAP}",
            entry.time.time(),
            style.faint(&format!("{:>5}", entry.sequence)),
            one_line(&entry.kind),
        );
        let indent = 2 + 8 + 2 + 5 + 1 + KIND + 2;
        hanging(&start, indent, &one_line(&entry.words), style.width, to)?;
    }
    Ok(())
}
