//! Timeline of a command that wrote to the ledger, including its own events.

use crate::report::Report;
use evenkeel_ledger::{Ledger, State};

/// Fills the timeline of a report with all recorded events.
///
/// An unreadable ledger does not fail a command that already completed: the timeline then ends earlier.
pub(super) fn fill(ledger: &dyn Ledger, state: &mut State, report: &mut Report) {
    _ = state.catch_up(ledger);
    report.timeline(state);
}
