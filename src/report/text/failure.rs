//! What stopped an operation, and what to do.

use std::io::{self, Write};

use super::super::document::FailureDocument;
use evenkeel_model::text::inert;

/// Changes shown one by one before the rest is counted.
const SHOWN_CHANGES: usize = 20;

pub(super) fn failure_lines(failure: &FailureDocument, to: &mut dyn Write) -> io::Result<()> {
    let mut message = failure.reason.clone();
    for change in failure.changes.iter().take(SHOWN_CHANGES) {
        message.push_str(&format!("\n  {change}"));
    }
    if failure.changes.len() > SHOWN_CHANGES {
        let more = failure.changes.len() - SHOWN_CHANGES;
        message.push_str(&format!("\n  … and {more} more"));
    }
    for cause in &failure.causes {
        message.push_str(&format!(": {cause}"));
    }
    writeln!(to, "evenkeel: {}", inert(&message))?;
    if let Some(help) = &failure.help {
        writeln!(to, "  {}", inert(help).replace('\n', "\n  "))?;
    }
    Ok(())
}
