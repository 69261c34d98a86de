//! A target in memory, for tests of everything that plans and applies: it answers and acts as this machine does,
//! keeps a journal of what really happened, and fails where it is told to.
//!
//! The journal is the oracle: what a ledger claims can be held against it. What is where is in [`world`]; what can be
//! seen of it and what actions do to it is each subsystem's own part, through [`Recorded`].

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

/// What goes wrong with one action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It fails, and nothing was changed.
    FailBefore,
    /// It fails although it was done.
    FailAfter,
    /// It is said to be done and was not.
    Lie,
    /// It is done, and what it was done to cannot be seen from then on.
    Blind,
    /// It is done, and the work is interrupted then.
    Interrupt,
}

/// One line of the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Happening {
    /// The action's number among all that this target was ever asked for, from 0.
    pub number: usize,
    /// The action.
    pub action: Action,
    /// Whether it changed anything.
    pub changed: bool,
    /// What was said of it.
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
}

impl RecordedTarget {
    /// With nothing but the root directory.
    #[must_use]
    pub fn new(sealer: Sealer) -> Self {
        Self {
            sealer,
            state: Mutex::default(),
        }
    }

    /// Makes the action with this number (counted from 0 over all batches) go wrong.
    pub fn fail(&self, number: usize, fault: Fault) {
        self.state().faults.insert(number, fault);
    }

    /// Makes a path, an installation's directory or a record file impossible to see.
    pub fn blind(&self, path: &str) {
        self.state().unreadable.insert(path.to_owned());
    }

    /// Makes everything visible and forgets all faults that are still to come.
    pub fn heal(&self) {
        let mut state = self.state();
        state.unreadable.clear();
        state.faults.clear();
    }

    /// Everything that happened so far.
    #[must_use]
    pub fn journal(&self) -> Vec<Happening> {
        self.state().journal.clone()
    }

    /// What is where.
    #[must_use]
    pub fn world(&self) -> RecordedHost {
        self.state().world.clone()
    }

    /// Changes what is where behind evenkeel's back: what a person does by hand.
    pub fn change<T>(&self, by_hand: impl FnOnce(&mut RecordedHost) -> T) -> T {
        by_hand(&mut self.state().world)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A test that failed elsewhere still wants to see what happened.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Observer for RecordedTarget {
    fn observe(&self, queries: &[Query]) -> Vec<Answer> {
        let state = self.state();
        let answer = |query: &Query| {
            let path = query.subject();
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
                Some(Fault::FailBefore) => {
                    Err(failed(action.subject(), "it failed, as it was told to"))
                }
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
                "it failed after it was done, as it was told to",
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

/// What a subsystem does in memory; its query stands for it.
pub(crate) trait Recorded: Sized {
    /// Answers one question.
    fn answer(&self, host: &RecordedHost, sealer: &Sealer) -> Answer;

    /// Performs one action. A subsystem without actions is never asked.
    fn perform(action: &Action, _host: &mut RecordedHost, _kit: &Kit<'_>) -> Outcome {
        broken(action)
    }
}

/// What actions are made with.
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
    Err(failed(
        action.subject(),
        "this subsystem has no such action",
    ))
}

pub(crate) fn noted(note: impl Into<String>) -> Performed {
    Performed {
        note: Some(note.into()),
    }
}
