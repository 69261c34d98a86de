//! A target in memory for tests of planning and applying: answers and acts like this machine, keeps a journal, and
//! fails on request.
//!
//! Tests compare the ledger with the journal. [`world`] holds the state; each subsystem implements its queries and
//! actions through [`Recorded`].

mod world;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::port::Outcome;
use crate::subsystem::{self, Subject as _};
use crate::{
    Action, ActionError, Answer, Interruption, Materials, Observer, Performed, Query, Target,
};
use evenkeel_model::Sealer;

pub(crate) use world::root;
pub use world::{Installed, Process, RecordedHost, Thing};

/// A fault of one action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Fails without changing anything.
    FailBefore,
    /// Fails after making the change.
    FailAfter,
    /// Reports success without making the change.
    Lie,
    /// Makes the change; the subject is unreadable from then on.
    Blind,
    /// Makes the change, then interrupts the work.
    Interrupt,
}

/// One line of the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Happening {
    /// The number of the action among all that this target received, from 0.
    pub number: usize,
    /// The action.
    pub action: Action,
    /// Whether it changed anything.
    pub changed: bool,
    /// The reported result.
    pub outcome: Result<Performed, ActionError>,
}

/// A target in memory.
pub struct RecordedTarget {
    sealer: Sealer,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    world: RecordedHost,
    journal: Vec<Happening>,
    asked: usize,
    faults: BTreeMap<usize, Fault>,
    unreadable: BTreeSet<String>,
    /// Why nothing is answered.
    cut: Option<String>,
}

impl RecordedTarget {
    /// Creates a target that contains only the root directory.
    #[must_use]
    pub fn new(sealer: Sealer) -> Self {
        Self {
            sealer,
            state: Mutex::default(),
        }
    }

    /// Injects a fault into the action with this number (counted from 0 over all batches).
    pub fn fail(&self, number: usize, fault: Fault) {
        self.state().faults.insert(number, fault);
    }

    /// Makes a path, an installation's directory or a record file unreadable.
    pub fn blind(&self, path: &str) {
        self.state().unreadable.insert(path.to_owned());
    }

    /// Makes everything unreadable for one reason, as on a host that is not reached.
    pub fn cut(&self, reason: &str) {
        self.state().cut = Some(reason.to_owned());
    }

    /// Makes everything readable and drops all pending faults.
    pub fn heal(&self) {
        let mut state = self.state();
        state.cut = None;
        state.unreadable.clear();
        state.faults.clear();
    }

    /// Returns the journal.
    #[must_use]
    pub fn journal(&self) -> Vec<Happening> {
        self.state().journal.clone()
    }

    /// Returns the state.
    #[must_use]
    pub fn world(&self) -> RecordedHost {
        self.state().world.clone()
    }

    /// Changes the state outside evenkeel.
    pub fn change<T>(&self, change: impl FnOnce(&mut RecordedHost) -> T) -> T {
        change(&mut self.state().world)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A test that failed elsewhere still reads the journal.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Observer for RecordedTarget {
    fn observe(&self, queries: &[Query]) -> Vec<Answer> {
        let state = self.state();
        let answer = |query: &Query| {
            let path = query.subject();
            if let Some(reason) = &state.cut {
                return unreadable(reason.clone());
            }
            if state.unreadable.contains(path) {
                return unreadable(format!("`{path}`: permission denied"));
            }
            subsystem::answer_in_memory(query, &state.world, &self.sealer)
        };
        queries.iter().map(answer).collect()
    }
}

impl Target for RecordedTarget {
    fn perform(
        &self,
        actions: &[Action],
        materials: &dyn Materials,
        interruption: &Interruption,
    ) -> Vec<Result<Performed, ActionError>> {
        let mut state = self.state();
        actions
            .iter()
            .map(|action| state.perform(action, &self.sealer, materials, interruption))
            .collect()
    }
}

impl State {
    fn perform(
        &mut self,
        action: &Action,
        sealer: &Sealer,
        materials: &dyn Materials,
        interruption: &Interruption,
    ) -> Result<Performed, ActionError> {
        let number = self.asked;
        self.asked += 1;
        let fault = self.faults.get(&number).copied();
        let before = self.world.clone();
        let outcome = if interruption.is_set() {
            Err(ActionError::Interrupted)
        } else {
            match fault {
                Some(Fault::FailBefore) => Err(failed(action.subject(), "injected failure")),
                Some(Fault::Lie) => Ok(Performed::default()),
                _ => {
                    let kit = Kit { sealer, materials };
                    subsystem::perform_in_memory(action, &mut self.world, &kit)
                }
            }
        };
        let outcome = match fault {
            Some(Fault::FailAfter) => outcome.and(Err(failed(
                action.subject(),
                "injected failure after the change",
            ))),
            Some(Fault::Blind) => {
                self.unreadable.insert(action.subject().to_owned());
                outcome
            }
            Some(Fault::Interrupt) => {
                interruption.interrupt();
                outcome
            }
            _ => outcome,
        };
        self.journal.push(Happening {
            number,
            action: action.clone(),
            changed: self.world != before,
            outcome: outcome.clone(),
        });
        outcome
    }
}

/// The in-memory part of a subsystem, implemented by its query.
pub(crate) trait Recorded: Sized {
    /// Answers one question.
    fn answer(&self, host: &RecordedHost, sealer: &Sealer) -> Answer;

    /// Performs one action. Not called for a subsystem without actions.
    fn perform(action: &Action, _host: &mut RecordedHost, _kit: &Kit<'_>) -> Outcome {
        broken(action)
    }
}

/// The materials of an action.
pub(crate) struct Kit<'a> {
    pub(crate) sealer: &'a Sealer,
    pub(crate) materials: &'a dyn Materials,
}

pub(crate) fn unreadable(reason: impl Into<String>) -> Answer {
    Answer::Unreadable {
        reason: reason.into(),
    }
}

pub(crate) fn failed(path: &str, reason: impl Into<String>) -> ActionError {
    ActionError::Failed {
        operation: "perform".to_owned(),
        path: path.to_owned(),
        reason: reason.into(),
    }
}

pub(crate) fn changed(path: &str, expected: String, found: String) -> ActionError {
    ActionError::Changed {
        path: path.to_owned(),
        expected,
        found,
    }
}

pub(crate) fn broken(action: &Action) -> Outcome {
    Err(failed(action.subject(), "not an action of this subsystem"))
}

pub(crate) fn noted(note: impl Into<String>) -> Performed {
    Performed {
        note: Some(note.into()),
    }
}
