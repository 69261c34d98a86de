//! Break-glass that waits for a follow-up, in the report of every command.
//!
//! Commands that read the ledger report it themselves. For all others it is added here, without contacting a server: a
//! ledger in a folder is read, and of a shared one the checkout has a note of what it last saw.

use serde::{Deserialize, Serialize};

use super::project::locate;
use super::{Failure, ProjectLocation, ProjectPlace, World};
use crate::report::{BreakGlassDocument, Report};
use crate::world::noted::Note;
use crate::world::place::root_of;
use evenkeel_ledger::{State, Store};
use evenkeel_model::Moment;

/// Name of the notes.
const NOTES: &str = "break-glass";

/// What a checkout last saw.
#[derive(Serialize, Deserialize)]
struct Seen {
    at: Moment,
    break_glass: Vec<BreakGlassDocument>,
}

/// Adds every break-glass that waits for a follow-up to the report of a command that did not read the ledger. Never fails,
/// and changes no exit code.
pub fn outstanding(world: &World<'_>, location: &ProjectLocation, report: &mut Report) {
    let Ok(directory) = locate(world, location) else {
        return;
    };
    let Ok(root) = root_of(&directory) else {
        return;
    };
    let place = ProjectPlace {
        root,
        definitions: &directory,
    };
    let note = Note::of(&world.state_home, NOTES, root);
    match world.stores.make_early(world, &place) {
        Some(_) if report.knows_break_glass => {}
        Some(store) => match state(&*store) {
            Ok(Some(state)) => report.outstanding(&state),
            Ok(None) => {}
            // The failure says it.
            Err(_) if report.failure.is_some() => {}
            Err(failure) => report.say(format!(
                "break-glass without a follow-up: unknown, since the ledger cannot be read: {failure}"
            )),
        },
        None if report.knows_break_glass && report.break_glass.is_empty() => note.remove(),
        None if report.knows_break_glass => note.write(&Seen {
            at: report.at,
            break_glass: report.break_glass.clone(),
        }),
        None => {
            if let Some(seen) = note.read::<Seen>()
                && !seen.break_glass.is_empty()
            {
                report.break_glass = seen.break_glass;
                report.say(format!(
                    "break-glass as of {}, when this checkout last read the shared ledger",
                    seen.at.for_people()
                ));
            }
        }
    }
}

/// Returns the state of a ledger; `None` if there is none yet.
fn state(store: &dyn Store) -> Result<Option<State>, Failure> {
    let Some(ledger) = store.open(None)? else {
        return Ok(None);
    };
    Ok(Some(State::current(&*ledger)?))
}
