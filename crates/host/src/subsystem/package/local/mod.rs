//! The local part: the packaging system of this machine, and what is common to both.

mod apt;
mod dpkg;

use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustix::fs::{AtFlags, CWD};

use super::judge::Wish;
use super::{Answer, Query, System};
use crate::ActionError;
use crate::local::tool::{NotRun, Ran, Tool};
use crate::local::{Found, Local, LocalTarget, Work, failed, unreadable};
use crate::port::Outcome;
use crate::subsystem::Action;
use crate::subsystem::path::local::look::changed;
use dpkg::Database;
use evenkeel_model::Moment;

/// The longest time of all programs of one batch: less than the silence after which a host counts as unreachable.
const LONGEST: Duration = Duration::from_mins(13);

/// What a host without a known packaging system answers.
const NO_SYSTEM: &str = "no supported packaging system: the host has no program `dpkg-query`";

/// Packaging systems lock their databases: batches of one process follow each other.
static TURN: Mutex<()> = Mutex::new(());

impl Local for Query {
    fn observe(_: &LocalTarget, asked: &[(usize, &Self)], found: Found<'_>) {
        if asked.is_empty() {
            return;
        }
        let database = match Database::read() {
            Ok(database) => database,
            Err(reason) => {
                for (number, _) in asked {
                    found(*number, unreadable(&*reason));
                }
                return;
            }
        };
        for (number, query) in asked {
            let answer = match database.find(&query.package) {
                Ok(place) => Answer {
                    system: System::Dpkg,
                    changed: place.list.as_deref().and_then(last_change),
                    found: place.found,
                }
                .into(),
                Err(reason) => unreadable(reason),
            };
            found(*number, answer);
        }
    }

    fn perform(work: &Work<'_>, actions: &[(usize, &Action)]) -> Vec<(usize, Outcome)> {
        let wishes: Vec<(usize, Wish<'_>)> = actions
            .iter()
            .filter_map(|(number, action)| Some((*number, Wish::of(action)?)))
            .collect();
        // A batch that panicked left nothing here that is wrong.
        let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        if work.interruption.is_set() {
            return wishes
                .iter()
                .map(|(number, _)| (*number, Err(ActionError::Interrupted)))
                .collect();
        }
        apt::perform(&wishes)
    }
}

/// Returns when the metadata of a file last changed.
fn last_change(path: &Path) -> Option<Moment> {
    let status = rustix::fs::statat(CWD, path, AtFlags::SYMLINK_NOFOLLOW).ok()?;
    Some(changed(&status))
}

/// The time that is left for the programs of a batch.
#[derive(Clone, Copy)]
struct Budget(Instant);

impl Budget {
    fn new() -> Self {
        Self(Instant::now() + LONGEST)
    }

    fn run(self, tool: Tool) -> Result<Ran, NotRun> {
        let left = self.0.saturating_duration_since(Instant::now());
        tool.within(left.max(Duration::from_secs(1))).run()
    }
}

/// Returns the error of an action.
fn refused(wish: Wish<'_>, reason: impl Into<String>) -> ActionError {
    failed(wish.operation(), wish.package(), reason)
}
