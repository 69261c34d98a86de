//! The local part: reads a process through its record. Starting and stopping are in separate files.

mod log;
mod probe;
pub(crate) mod ready;
pub(super) mod record;
mod session;
mod spawn;
mod start;
mod stop;
mod take_over;
mod unrecorded;

use std::path::Path;
use std::time::Duration;

use super::{Answer, ProcessState, Query, Ready};
use crate::local::{Found, Local, LocalTarget, Work, each, unreadable};
use crate::port::Outcome;
use crate::subsystem::Action;
use crate::threads;

/// The number of concurrent readiness checks.
const ASKED_AT_ONCE: usize = 64;

/// The time limit of a readiness check during observation.
const PROMPT: Duration = Duration::from_secs(2);

impl Local for Query {
    fn observe(_: &LocalTarget, asked: &[(usize, &Self)], found: Found<'_>) {
        for some in asked.chunks(ASKED_AT_ONCE) {
            std::thread::scope(|scope| {
                let begun: Vec<_> = some
                    .iter()
                    .map(|(number, query)| {
                        let thread = threads::begin(scope, || {
                            observe(Path::new(&query.record), query.ready.as_ref())
                        });
                        (*number, thread)
                    })
                    .collect();
                for (number, thread) in begun {
                    let answer = thread.join();
                    found(
                        number,
                        answer.unwrap_or_else(|_| {
                            unreadable("internal error in evenkeel while reading it")
                        }),
                    );
                }
            });
        }
    }

    fn perform(work: &Work<'_>, actions: &[(usize, &Action)]) -> Vec<(usize, Outcome)> {
        each(actions, |action| match action {
            Action::Start(wanted) => Some(start::start(work, wanted)),
            Action::Stop(wanted) => Some(stop::stop(wanted, work.interruption)),
            Action::TakeOver(wanted) => Some(take_over::take_over(wanted)),
            _ => None,
        })
    }
}

fn observe(path: &Path, check: Option<&Ready>) -> crate::Answer {
    let state = match record::read(path) {
        Err(reason) => return unreadable(format!("`{}`: {reason}", path.display())),
        Ok(None) => ProcessState::Missing,
        Ok(Some(record)) if !record.runs() => ProcessState::Ended {
            started_as: record.started_as,
        },
        Ok(Some(record)) => ProcessState::Running {
            pid: record.pid,
            ticks: record.ticks,
            ready: check.map(|check| ready::ask(check, PROMPT).is_ok()),
            started_as: record.started_as,
            since: record.since,
        },
    };
    Answer { state }.into()
}
