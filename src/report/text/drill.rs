//! Drill of the gate: one line for each injected fault.

use std::io::{self, Write};

use super::super::document::{DrillDocument, TrialResultDocument};
use super::layout::hanging;
use super::{Style, one_line};

/// Writes a line for each fault.
pub(super) fn lines(drill: &DrillDocument, style: Style, to: &mut dyn Write) -> io::Result<()> {
    for trial in &drill.trials {
        let mark = match trial.result {
            TrialResultDocument::Shut => style.good("✔"),
            TrialResultDocument::OtherReason | TrialResultDocument::Open => style.bad("✘"),
        };
        let text = format!("{}: {}", trial.fault, trial.words());
        hanging(&format!("{mark} "), 4, &one_line(&text), style.width, to)?;
    }
    Ok(())
}
