//! The part of a target in memory: the same conditions as on this machine.

use super::{Answer, DropTimer, Query, SetTimer, TimerState};
use crate::port::Outcome;
use crate::recorded::{Kit, Recorded, RecordedHost, broken, changed, failed, noted};
use crate::subsystem::Action;
use evenkeel_model::Sealer;

/// The class of timers among the values of a host.
const CLASS: &str = "timers";

impl Recorded for Query {
    fn answer(&self, host: &RecordedHost, _: &Sealer) -> crate::Answer {
        Answer {
            state: host.timer(&self.name),
        }
        .into()
    }

    fn perform(action: &Action, host: &mut RecordedHost, _: &Kit<'_>) -> Outcome {
        match action {
            Action::SetTimer(wanted) => host.set_timer(wanted),
            Action::DropTimer(wanted) => host.drop_timer(wanted),
            other => broken(other),
        }
    }
}

impl RecordedHost {
    /// Returns the state of a timer.
    #[must_use]
    pub fn timer(&self, name: &str) -> TimerState {
        self.others
            .get(&(CLASS.to_owned(), name.to_owned()))
            .and_then(|text| serde_json::from_str(text).ok())
            .unwrap_or_else(TimerState::missing)
    }

    /// Sets the state of a timer.
    pub fn put_timer(&mut self, name: &str, state: &TimerState) {
        let text = serde_json::to_string(state).unwrap_or_default();
        self.others
            .insert((CLASS.to_owned(), name.to_owned()), text);
    }

    fn set_timer(&mut self, wanted: &SetTimer) -> Outcome {
        let found = self.timer(&wanted.name);
        if wanted.refuses(found.files()) {
            return Err(changed(
                &wanted.name,
                wanted.expected.words(),
                found.files().words(),
            ));
        }
        if !found.is_own {
            return Err(failed(&wanted.name, "not written by evenkeel"));
        }
        let files = wanted.files();
        let state = TimerState {
            service: files.service,
            timer: files.timer,
            is_own: true,
            is_loaded: true,
            is_enabled: true,
            is_active: true,
            has_next: true,
            has_failed: false,
            ..found.clone()
        };
        self.put_timer(&wanted.name, &state);
        if !state.drop_ins.is_empty() {
            return Err(failed(&wanted.name, "undeclared drop-in"));
        }
        Ok(noted(if found == state { "already so" } else { "set" }))
    }

    fn drop_timer(&mut self, wanted: &DropTimer) -> Outcome {
        let found = self.timer(&wanted.name);
        if wanted.refuses(found.files()) {
            return Err(changed(
                &wanted.name,
                wanted.expected.words(),
                found.files().words(),
            ));
        }
        if !found.is_own {
            return Err(failed(&wanted.name, "not written by evenkeel"));
        }
        self.others.remove(&(CLASS.to_owned(), wanted.name.clone()));
        Ok(noted(if found.exists() {
            "removed"
        } else {
            "already so"
        }))
    }
}
