//! Log: the last entries of the ledger.

use super::session::Session;
use super::{Failure, ProjectLocation, World};
use crate::report::{EntryDocument, Report};
use evenkeel_model::text::count;

/// The last `limit` entries, oldest first.
///
/// # Errors
///
/// When the ledger cannot be read whole.
pub fn log(world: &World<'_>, location: &ProjectLocation, limit: usize) -> Result<Report, Failure> {
    let Session {
        project,
        mut report,
    } = Session::open(world, location, "log")?;
    // The state is the proof that everything can be read; of a long ledger, only the end is kept in memory.
    let (state, ledger) = project.state()?;
    let skipped = usize::try_from(state.sequence)
        .unwrap_or(usize::MAX)
        .saturating_sub(limit);
    let entries = match &ledger {
        Some(ledger) => ledger.read(skipped as u64)?,
        None => Vec::new(),
    };
    for entry in &entries {
        report.entries.push(EntryDocument::new(entry)?);
    }
    if state.sequence == 0 {
        report.say("nothing was recorded yet");
    } else if skipped > 0 {
        report.cut("entries", skipped, "--limit");
        report.say(format!(
            "{} before these; --limit shows more",
            count(skipped, "entry")
        ));
    }
    Ok(report)
}
