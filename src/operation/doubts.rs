//! Doubts: decisions that drift, found later, puts in doubt. Reads the ledger only.

use super::session::Session;
use super::{Failure, ProjectLocation, World};
use crate::report::{DOUBTS_COMMAND, DoubtDocument, Report, examined};
use evenkeel_core::doubt::Doubts;
use evenkeel_ledger::chain;

/// Lists the decisions that were made after an environment was last seen in sync, and before it was seen drifted.
///
/// # Errors
///
/// When the ledger cannot be read completely.
pub fn audit_doubts(world: &World<'_>, location: &ProjectLocation) -> Result<Report, Failure> {
    let Session {
        project,
        mut report,
    } = Session::open(world, location, DOUBTS_COMMAND)?;
    report.project = None;
    let mut doubts = Doubts::along(&project.definition.path);
    if let Some(ledger) = project.store.open(Some(&project.definition.system))? {
        let mut last = 0;
        ledger.each(0, &mut |entry| {
            // A concurrent append restarts the read, so an entry can be delivered twice.
            if entry.sequence <= last {
                return Ok(());
            }
            last = entry.sequence;
            if let Some(record) = chain::understand(&entry)? {
                doubts.take(entry.sequence, entry.time, &record);
            }
            Ok(())
        })?;
    }
    report.say(examined(doubts.decisions, doubts.checks));
    if doubts.checks == 0 {
        report.say("without recorded drift checks, only repairs and suites show drift");
        report.next("evenkeel drift --record");
    }
    report.doubts = doubts
        .found()
        .into_iter()
        .map(DoubtDocument::from)
        .collect();
    report.exit_code = if report.doubts.is_empty() { 0 } else { 2 };
    Ok(report)
}
