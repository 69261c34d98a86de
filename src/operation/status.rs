//! Status: the running recipe of each environment, since when, and from which plan. Reads only the ledger and the
//! locks.

use super::session::Session;
use super::{Failure, ProjectLocation, World};
use crate::report::{Report, StatusDocument};
use evenkeel_core::release::{last, remedy};

/// Reports the status.
///
/// # Errors
///
/// When definitions are wrong or the ledger cannot be read.
pub fn status(world: &World<'_>, location: &ProjectLocation) -> Result<Report, Failure> {
    let (session, state) = Session::open_with_state(world, location, "status")?;
    let Session {
        project,
        mut report,
    } = session;
    for name in &project.definition.path {
        let lock = project.store.observe_lock(name)?;
        let document =
            StatusDocument::new(&project.definition, &state, name, &lock, world.clock.now());
        // A running release needs no command of another process.
        if !document.held
            && let Some(release) = last(&state, name)
        {
            report
                .next
                .extend(remedy(&project.definition, &state, release));
        }
        let awaits = document.awaits.as_ref();
        if let Some(rolled) = awaits.and_then(|awaits| awaits.rolled_back.as_ref()) {
            report.next(rolled.advice());
        }
        report.status.push(document);
    }
    report.timeline(&state);
    if state.sequence == 0 {
        report.next("evenkeel deliver");
    }
    Ok(report)
}
