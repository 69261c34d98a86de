//! The timeline of a command that wrote to the ledger: its own events are in it.

use crate::report::Report;
use evenkeel_ledger::{Ledger, State};

/// Fills the timeline of a report with everything that was recorded until now.
///
/// A ledger that cannot be read now does not fail a command that already did its work: the timeline ends earlier then.
pub(super) fn fill(ledger: &dyn Ledger, state: &mut State, report: &mut Report) {
    _ = state.catch_up(ledger);
    report.timeline(state);
}
