//! This machine as a target: its files, installations and processes.
//!
//! Each subsystem implements its part through [`Local`]; this module holds what they share. Callers decide which state
//! this machine should have.

pub(crate) mod accounts;
pub(crate) mod content;
pub(crate) mod owners;
pub mod reason;
mod remove;
pub(crate) mod replace;
pub(crate) mod small_file;
pub(crate) mod sync;
pub(crate) mod tool;
pub(crate) mod tree;

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::port::Outcome;
use crate::subsystem::{self, Action, Answer, Query, Subject as _, revert};
use crate::threads;
use crate::{ActionError, Interruption, Materials, Observer, Performed, Target};
use evenkeel_model::Sealer;

pub use self::remove::remove_tree;
pub use crate::subsystem::installation::local::current_target;

/// The number of installations and processes that are processed concurrently.
const AT_ONCE: usize = 32;

/// This machine.
#[derive(Clone, Debug)]
pub struct LocalTarget {
    pub(crate) sealer: Sealer,
    pub(crate) launcher: PathBuf,
    pub(crate) own_run: revert::local::OwnRun,
}

impl LocalTarget {
    /// Creates a target that seals with its own key and starts processes through `launcher`, an evenkeel binary (see
    /// [`crate::launch`]).
    #[must_use]
    pub fn new(sealer: Sealer, launcher: PathBuf) -> Self {
        Self {
            sealer,
            launcher,
            own_run: revert::local::OwnRun::default(),
        }
    }
}

/// A callback that takes the number of a question in the batch and its answer.
pub(crate) type Found<'a> = &'a (dyn Fn(usize, Answer) + Sync);

/// A function with which a subsystem performs its numbered actions.
pub(crate) type Performer = fn(&Work<'_>, &[(usize, &Action)]) -> Vec<(usize, Outcome)>;

/// The local part of a subsystem, implemented by its query.
pub(crate) trait Local: Sized {
    /// Answers all numbered questions of a batch.
    fn observe(target: &LocalTarget, asked: &[(usize, &Self)], found: Found<'_>);

    /// Performs the numbered actions, which are independent of each other. Not called for a subsystem without actions.
    fn perform(_work: &Work<'_>, actions: &[(usize, &Action)]) -> Vec<(usize, Outcome)> {
        actions
            .iter()
            .map(|(number, action)| (*number, Err(broken(action))))
            .collect()
    }
}

/// The values that all actions of a batch share.
#[derive(Clone, Copy)]
pub(crate) struct Work<'a> {
    pub(crate) target: &'a LocalTarget,
    pub(crate) materials: &'a dyn Materials,
    pub(crate) interruption: &'a Interruption,
}

impl Observer for LocalTarget {
    fn observe(&self, queries: &[Query]) -> Vec<Answer> {
        // Each answer is stored as it arrives, so a large batch needs no second list.
        let answers: Vec<OnceLock<Answer>> = queries.iter().map(|_| OnceLock::new()).collect();
        subsystem::observe_here(self, queries, &|number, answer| {
            if let Some(place) = answers.get(number) {
                // Each number is answered once.
                let _ = place.set(answer);
            }
        });
        answers
            .into_iter()
            .map(|place| place.into_inner().unwrap_or_else(|| unreadable("not read")))
            .collect()
    }
}

impl Target for LocalTarget {
    fn perform(
        &self,
        actions: &[Action],
        materials: &dyn Materials,
        interruption: &Interruption,
    ) -> Vec<Result<Performed, ActionError>> {
        let _changing = match revert::local::begin(&self.own_run, actions) {
            Ok(changing) => changing,
            Err(reason) => return actions.iter().map(|_| Err(reason.clone())).collect(),
        };
        let work = Work {
            target: self,
            materials,
            interruption,
        };
        let mut outcomes: Vec<Outcome> = actions
            .iter()
            .map(|_| Err(ActionError::Interrupted))
            .collect();
        for (number, outcome) in subsystem::perform_here(&work, actions) {
            if let Some(place) = outcomes.get_mut(number) {
                *place = outcome;
            }
        }
        outcomes
    }
}

/// Performs all groups of actions concurrently.
pub(crate) fn at_once(
    work: &Work<'_>,
    groups: Vec<(Performer, Vec<(usize, &Action)>)>,
) -> Vec<(usize, Outcome)> {
    let groups: Vec<_> = groups
        .into_iter()
        .filter(|(_, actions)| !actions.is_empty())
        .collect();
    std::thread::scope(|scope| {
        let begun: Vec<_> = groups
            .iter()
            .map(|(perform, actions)| {
                (
                    actions,
                    threads::begin(scope, move || perform(work, actions)),
                )
            })
            .collect();
        let mut outcomes = Vec::new();
        for (actions, thread) in begun {
            match thread.join() {
                Ok(done) => outcomes.extend(done),
                Err(_) => outcomes.extend(
                    actions
                        .iter()
                        .map(|(number, action)| (*number, Err(broken(action)))),
                ),
            }
        }
        outcomes
    })
}

/// Performs each action on its own thread, a limited number at a time.
pub(crate) fn each(
    actions: &[(usize, &Action)],
    perform: impl Fn(&Action) -> Option<Outcome> + Sync,
) -> Vec<(usize, Outcome)> {
    let perform = &perform;
    let mut done = Vec::with_capacity(actions.len());
    for some in actions.chunks(AT_ONCE) {
        std::thread::scope(|scope| {
            let begun: Vec<_> = some
                .iter()
                .map(|(number, action)| {
                    (
                        *number,
                        *action,
                        threads::begin(scope, move || perform(action)),
                    )
                })
                .collect();
            for (number, action, thread) in begun {
                let outcome = thread.join().ok().flatten();
                done.push((number, outcome.unwrap_or_else(|| Err(broken(action)))));
            }
        });
    }
    done
}

/// Returns the answer for an unreadable subject.
pub(crate) fn unreadable(reason: impl Into<String>) -> Answer {
    Answer::Unreadable {
        reason: reason.into(),
    }
}

/// Returns the error of an operation that failed at a path.
pub(crate) fn failed(
    operation: &str,
    path: impl AsRef<Path>,
    reason: impl Into<String>,
) -> ActionError {
    ActionError::Failed {
        operation: operation.to_owned(),
        path: path.as_ref().display().to_string(),
        reason: reason.into(),
    }
}

pub(crate) fn broken(action: &Action) -> ActionError {
    failed(
        "perform",
        action.subject(),
        "internal error in evenkeel: check the target, then report this",
    )
}
