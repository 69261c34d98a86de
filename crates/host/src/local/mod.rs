//! This machine as a target: its files, installations and processes.
//!
//! Each subsystem brings its own part, through [`Local`]; shared here is what they have in common. What should be on
//! this machine is decided elsewhere.

pub(crate) mod content;
pub(crate) mod owners;
pub mod reason;
mod remove;
pub(crate) mod sync;
pub(crate) mod tree;

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::port::Outcome;
use crate::subsystem::{self, Action, Answer, Query, Subject as _};
use crate::threads;
use crate::{ActionError, Interruption, Materials, Observer, Performed, Target};
use evenkeel_model::Sealer;

pub use self::remove::remove_tree;
pub use crate::subsystem::installation::local::current_target;

/// How many installations and processes are worked on at once.
const AT_ONCE: usize = 32;

/// This machine.
#[derive(Clone, Debug)]
pub struct LocalTarget {
    pub(crate) sealer: Sealer,
    pub(crate) launcher: PathBuf,
}

impl LocalTarget {
    /// Seals with the target's key; starts processes through `launcher`, an evenkeel binary (see [`crate::launch`]).
    #[must_use]
    pub fn new(sealer: Sealer, launcher: PathBuf) -> Self {
        Self { sealer, launcher }
    }
}

/// Takes the answer to a question by the question's number in the batch.
pub(crate) type Found<'a> = &'a (dyn Fn(usize, Answer) + Sync);

/// How a subsystem performs the numbered actions that are its own.
pub(crate) type Performer = fn(&Work<'_>, &[(usize, &Action)]) -> Vec<(usize, Outcome)>;

/// What a subsystem does on this machine; its query stands for it.
pub(crate) trait Local: Sized {
    /// Answers all numbered questions of a batch.
    fn observe(target: &LocalTarget, asked: &[(usize, &Self)], found: Found<'_>);

    /// Performs the numbered actions, which do not depend on each other. A subsystem without actions is never asked.
    fn perform(_work: &Work<'_>, actions: &[(usize, &Action)]) -> Vec<(usize, Outcome)> {
        actions
            .iter()
            .map(|(number, action)| (*number, Err(broken(action))))
            .collect()
    }
}

/// What all actions of a batch share.
#[derive(Clone, Copy)]
pub(crate) struct Work<'a> {
    pub(crate) target: &'a LocalTarget,
    pub(crate) materials: &'a dyn Materials,
    pub(crate) interruption: &'a Interruption,
}

impl Observer for LocalTarget {
    fn observe(&self, queries: &[Query]) -> Vec<Answer> {
        // Each answer goes to its place as it comes: a large batch never has a second list.
        let answers: Vec<OnceLock<Answer>> = queries.iter().map(|_| OnceLock::new()).collect();
        subsystem::observe_here(self, queries, &|number, answer| {
            if let Some(place) = answers.get(number) {
                // Each number is answered once.
                let _ = place.set(answer);
            }
        });
        answers
            .into_iter()
            .map(|place| {
                place
                    .into_inner()
                    .unwrap_or_else(|| unreadable("it was not looked at"))
            })
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

/// Lets all groups of actions be performed at the same time.
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

/// Performs each action on a thread of its own, some at a time.
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

/// The answer for what could not be seen.
pub(crate) fn unreadable(reason: impl Into<String>) -> Answer {
    Answer::Unreadable {
        reason: reason.into(),
    }
}

/// The error of an operation that failed at a path.
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

fn broken(action: &Action) -> ActionError {
    failed(
        "perform",
        action.subject(),
        "evenkeel itself failed here; look at the target, then report this",
    )
}
