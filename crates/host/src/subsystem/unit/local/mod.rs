//! The local part: reads and changes units through `systemctl`.

mod bus;
pub(crate) mod directories;
mod record;
pub(crate) mod set;
pub(crate) mod show;

use std::path::Path;
use std::time::Duration;

use self::directories::Directories;
use self::show::{Shown, show};
use super::{Answer, Query, UnitState};
use crate::local::{Found, Local, LocalTarget, Work, each, unreadable};
use crate::port::Outcome;
use crate::subsystem::Action;
use crate::subsystem::process::Ready;
use crate::subsystem::process::local::ready;
use crate::threads;
use evenkeel_model::text::inert;

/// The number of concurrent readiness checks.
const ASKED_AT_ONCE: usize = 64;

/// The time limit of a readiness check during observation.
const PROMPT: Duration = Duration::from_secs(2);

impl Local for Query {
    fn observe(_: &LocalTarget, asked: &[(usize, &Self)], found: Found<'_>) {
        if asked.is_empty() {
            return;
        }
        let units: Vec<&str> = asked.iter().map(|(_, query)| query.unit.as_str()).collect();
        let shown = match show(&units) {
            Ok(shown) => shown,
            Err(reason) => {
                for (number, query) in asked {
                    found(*number, unreadable(about(&query.unit, &reason)));
                }
                return;
            }
        };
        let directories = Directories::read();
        let each: Vec<_> = asked.iter().zip(&shown).collect();
        for some in each.chunks(ASKED_AT_ONCE) {
            std::thread::scope(|scope| {
                let begun: Vec<_> = some
                    .iter()
                    .map(|((number, query), shown)| {
                        let observe = || answer(query, shown, &directories);
                        // Only a check takes time.
                        let thread = match query.ready {
                            Some(_) => Ok(threads::begin(scope, observe)),
                            None => Err(observe()),
                        };
                        (*number, thread)
                    })
                    .collect();
                for (number, thread) in begun {
                    let answer = match thread {
                        Err(answer) => answer,
                        Ok(thread) => thread.join().unwrap_or_else(|_| {
                            unreadable("internal error in evenkeel while reading it")
                        }),
                    };
                    found(number, answer);
                }
            });
        }
    }

    fn perform(work: &Work<'_>, actions: &[(usize, &Action)]) -> Vec<(usize, Outcome)> {
        each(actions, |action| match action {
            Action::SetUnit(wanted) => Some(set::set(work, wanted)),
            _ => None,
        })
    }
}

fn about(unit: &str, reason: &str) -> String {
    format!("`{}`: {reason}", inert(unit))
}

fn answer(query: &Query, shown: &Shown, directories: &Directories) -> crate::Answer {
    match state(
        &query.record,
        query.ready.as_ref().map(|ready| (ready, PROMPT)),
        shown,
        directories,
    ) {
        Ok(state) => Answer { state }.into(),
        Err(reason) => unreadable(about(&query.unit, &reason)),
    }
}

/// Returns the state of a unit from what the manager shows, its files and its record.
fn state(
    record: &str,
    check: Option<(&Ready, Duration)>,
    shown: &Shown,
    directories: &Directories,
) -> Result<UnitState, String> {
    let kept = record::read(Path::new(record))?;
    let files = directories.files_of(shown);
    let mut state = UnitState {
        load: shown.text("LoadState")?,
        active: shown.text("ActiveState")?,
        sub: shown.text("SubState")?,
        result: shown.get("Result").to_owned(),
        enabled: shown.get("UnitFileState").to_owned(),
        drop_ins: files.drop_ins.clone(),
        is_loaded: !shown.flag("NeedDaemonReload") && files.are_loaded,
        is_current: true,
        ready: None,
        since: None,
        started_as: kept.as_ref().map(|kept| kept.started_as.clone()),
    };
    state.since = shown.moment(if state.is_running() {
        "ActiveEnterTimestamp"
    } else {
        "InactiveEnterTimestamp"
    });
    if state.is_running() {
        let invocation = shown.get("InvocationID");
        let recorded = kept.filter(|kept| !invocation.is_empty() && kept.invocation == invocation);
        state.is_current = match recorded {
            Some(kept) => files.digest()? == kept.files,
            None => !files.changed_after(state.since),
        };
        state.ready = check.map(|(check, within)| ready::ask(check, within).is_ok());
    }
    Ok(state)
}
