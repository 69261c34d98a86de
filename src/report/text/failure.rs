//! Failure of an operation, with its help.

use std::io::{self, Write};

use super::super::document::FailureDocument;
use super::Style;
use super::layout::{hanging, more};
use super::lines::one_line;
use evenkeel_model::text::inert;

/// Number of changes that are displayed before the rest is counted.
const SHOWN_CHANGES: usize = 20;

/// Writes the failure of an operation.
pub(super) fn lines(failure: &FailureDocument, style: Style, to: &mut dyn Write) -> io::Result<()> {
    let mut message = failure.reason.clone();
    for cause in &failure.causes {
        message.push_str(&format!(": {cause}"));
    }
    labelled("error: ", &message, style, to)?;
    let shown = if style.all {
        failure.changes.len()
    } else {
        SHOWN_CHANGES
    };
    for change in failure.changes.iter().take(shown) {
        labelled("  - ", change, style, to)?;
    }
    if let Some(line) = more(failure.changes.len().saturating_sub(shown)) {
        writeln!(to, "    {line}")?;
    }
    match &failure.help {
        Some(help) => labelled("help: ", help, style, to),
        None => Ok(()),
    }
}

fn labelled(label: &str, text: &str, style: Style, to: &mut dyn Write) -> io::Result<()> {
    let text = inert(text);
    for (number, line) in text.lines().enumerate() {
        let first = if number == 0 {
            label.to_owned()
        } else {
            " ".repeat(label.len())
        };
        hanging(&first, label.len(), &one_line(line), style.width, to)?;
    }
    Ok(())
}
