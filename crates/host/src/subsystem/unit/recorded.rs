//! The part of a target in memory: the same conditions and messages as on this machine. A unit exists once
//! [`RecordedHost::put_unit`] installed it.

use super::{Answer, Query, RELOAD_ON, RESTART_ON, Renewal, SetUnit, UnitState, outdated};
use crate::port::Outcome;
use crate::recorded::{Kit, Recorded, RecordedHost, broken, changed, failed, noted};
use crate::subsystem::Action;
use evenkeel_model::Sealer;

/// The class of units among the values of a host.
const CLASS: &str = "unit";

impl Recorded for Query {
    fn answer(&self, host: &RecordedHost, _: &Sealer) -> crate::Answer {
        let mut state = host.unit(&self.unit);
        state.ready = self.ready.as_ref().and(state.ready);
        Answer { state }.into()
    }

    fn perform(action: &Action, host: &mut RecordedHost, _: &Kit<'_>) -> Outcome {
        match action {
            Action::SetUnit(wanted) => host.set_unit(wanted),
            other => broken(other),
        }
    }
}

impl RecordedHost {
    /// Returns the state of a unit.
    #[must_use]
    pub fn unit(&self, name: &str) -> UnitState {
        self.others
            .get(&(CLASS.to_owned(), name.to_owned()))
            .and_then(|text| serde_json::from_str(text).ok())
            .unwrap_or_else(UnitState::missing)
    }

    /// Sets the state of a unit.
    pub fn put_unit(&mut self, name: &str, state: &UnitState) {
        let text = serde_json::to_string(state).unwrap_or_default();
        self.others
            .insert((CLASS.to_owned(), name.to_owned()), text);
    }

    fn set_unit(&mut self, wanted: &SetUnit) -> Outcome {
        let mut state = self.unit(&wanted.unit);
        let found = state.summary();
        if wanted.refuses(found) {
            return Err(changed(
                &wanted.unit,
                wanted.expected.words(),
                found.words(),
            ));
        }
        let mut notes = Vec::new();
        if !state.is_loaded {
            state.is_loaded = true;
            notes.push("reloaded the service manager");
        }
        match wanted.masked {
            Some(true) if !state.is_masked() => {
                "masked".clone_into(&mut state.load);
                "masked".clone_into(&mut state.enabled);
                notes.push("masked");
            }
            Some(false) if state.is_masked() => {
                "loaded".clone_into(&mut state.load);
                "disabled".clone_into(&mut state.enabled);
                notes.push("unmasked");
            }
            _ => {}
        }
        if !state.exists() {
            if wanted.enabled == Some(true) || wanted.running == Some(true) {
                return Err(failed(&wanted.unit, "there is no such unit"));
            }
            return Ok(noted("already so"));
        }
        if let Some(enabled) = wanted.enabled
            && !state.is_masked()
            && !state.is_enabled_as(enabled)
        {
            let word = if enabled { "enabled" } else { "disabled" };
            word.clone_into(&mut state.enabled);
            notes.push(word);
        }
        match wanted.running {
            Some(true) => notes.extend(self.run_unit(wanted, &mut state)),
            Some(false) if state.is_running() => {
                "inactive".clone_into(&mut state.active);
                "dead".clone_into(&mut state.sub);
                state.since = Some(self.now());
                notes.push("stopped");
            }
            Some(false) if state.has_failed() => {
                "inactive".clone_into(&mut state.active);
                notes.push("reset its failure");
            }
            _ => {}
        }
        if wanted.started_as.is_none() {
            state.started_as = None;
        }
        self.put_unit(&wanted.unit, &state);
        let permitted = |path: &String| {
            let listed = wanted.drop_ins.as_ref();
            listed.is_none_or(|listed| listed.contains(path))
        };
        if !state.drop_ins.iter().all(permitted) {
            return Err(failed(&wanted.unit, "undeclared drop-in"));
        }
        Ok(noted(if notes.is_empty() {
            "already so".to_owned()
        } else {
            notes.join(", ")
        }))
    }

    fn run_unit(&mut self, wanted: &SetUnit, state: &mut UnitState) -> Vec<&'static str> {
        let declared = wanted.started_as.clone().unwrap_or_default();
        let found = state.started_as.as_ref();
        let mut notes = Vec::new();
        if !state.is_running() {
            if state.has_failed() {
                notes.push("reset its failure");
            }
            notes.push("started");
        } else if wanted.renewal == Renewal::Restart
            || !state.is_current
            || !outdated(&declared, found, RESTART_ON).is_empty()
        {
            notes.push("restarted");
        } else if wanted.renewal == Renewal::Reload
            || !outdated(&declared, found, RELOAD_ON).is_empty()
        {
            notes.push("reloaded");
        }
        if notes.iter().any(|note| note.ends_with("started")) {
            "active".clone_into(&mut state.active);
            "running".clone_into(&mut state.sub);
            "success".clone_into(&mut state.result);
            state.is_current = true;
            state.ready = Some(true);
            state.since = Some(self.now());
        }
        state.started_as = Some(declared);
        notes
    }
}
