//! The four DORA figures: one line each, and what they leave out.

use std::io::{self, Write};

use super::super::document::{DoraDocument, FigureWords};
use super::layout::{GAP, columns, hanging, padded};
use super::{Style, one_line};

/// Writes the figures.
pub(super) fn lines(dora: &DoraDocument, style: Style, to: &mut dyn Write) -> io::Result<()> {
    hanging("", 0, &one_line(&dora.words()), style.width, to)?;
    writeln!(to)?;
    let figures = dora.figures();
    let names = figures.iter().map(|figure| columns(figure.name));
    let widest = names.max().unwrap_or(0);
    for FigureWords {
        name,
        value,
        events,
    } in &figures
    {
        let first = format!("{GAP}{}{GAP}", padded(name, name, widest));
        let text = format!("{value} ({events})");
        hanging(&first, columns(&first), &text, style.width, to)?;
    }
    let remarks = dora.remarks();
    if !remarks.is_empty() {
        writeln!(to)?;
    }
    for remark in remarks {
        hanging("", 0, &one_line(&remark), style.width, to)?;
    }
    Ok(())
}
