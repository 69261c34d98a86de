//! Units of systemd: what the service manager and its directories tell about each, and bringing one to a state.
//!
//! A record file beside evenkeel's own keeps what a unit was started with, which the service manager does not know.

#[cfg(feature = "local")]
pub(crate) mod local;
#[cfg(feature = "testing")]
mod recorded;
pub mod wire;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::process::Ready;
use super::{Seals, Subject};
use evenkeel_model::Moment;

/// Asks for a unit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Query {
    /// The name with its suffix: `nginx.service`.
    pub unit: String,
    /// The record file.
    pub record: String,
    /// The readiness check; performed once, within two seconds, if the unit runs.
    pub ready: Option<Ready>,
}

/// A unit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// Its state.
    pub state: UnitState,
}

/// The state of a unit, in the words of systemd.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnitState {
    /// `LoadState`: `loaded`, `not-found`, `masked`, `bad-setting`, `error`.
    pub load: String,
    /// `ActiveState`: `active`, `inactive`, `failed`, `activating`.
    pub active: String,
    /// `SubState`: `running`, `dead`, `auto-restart`.
    pub sub: String,
    /// `Result` of the last run: `success`, `exit-code`; empty for units that have none.
    pub result: String,
    /// `UnitFileState`: `enabled`, `disabled`, `static`; empty without a unit file.
    pub enabled: String,
    /// Its drop-ins, loaded or on disk, without those of packages; sorted.
    pub drop_ins: Vec<String>,
    /// Whether the service manager has loaded the present unit file and drop-ins.
    pub is_loaded: bool,
    /// Whether unit file and drop-ins are unchanged since it was started.
    pub is_current: bool,
    /// Whether its readiness check succeeds; `None` without a check, or if it does not run.
    pub ready: Option<bool>,
    /// The time since which it runs, or does not run.
    pub since: Option<Moment>,
    /// The attributes it was started with; `None` if evenkeel did not start it.
    pub started_as: Option<BTreeMap<String, String>>,
}

/// Whether a unit is started when the machine starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Enablement {
    /// Another unit or a name of it starts it.
    Enabled,
    /// Nothing starts it.
    Disabled,
    /// It has no setting for this: other units decide.
    Neither,
}

impl UnitState {
    /// Returns the state of a unit that does not exist.
    #[must_use]
    pub fn missing() -> Self {
        let text = str::to_owned;
        Self {
            load: text("not-found"),
            active: text("inactive"),
            sub: text("dead"),
            result: String::new(),
            enabled: String::new(),
            drop_ins: Vec::new(),
            is_loaded: true,
            is_current: true,
            ready: None,
            since: None,
            started_as: None,
        }
    }

    /// Returns whether it exists.
    #[must_use]
    pub fn exists(&self) -> bool {
        self.load != "not-found"
    }

    /// Returns whether it is masked.
    #[must_use]
    pub fn is_masked(&self) -> bool {
        self.load == "masked" || self.enabled.starts_with("masked")
    }

    /// Returns whether it runs. A unit that is still starting does not.
    #[must_use]
    pub fn is_running(&self) -> bool {
        matches!(
            self.active.as_str(),
            "active" | "reloading" | "refreshing" | "maintenance"
        )
    }

    /// Returns whether its last run failed.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        self.active == "failed"
    }

    /// Returns whether it is started with the machine.
    #[must_use]
    pub fn enablement(&self) -> Enablement {
        match self.enabled.as_str() {
            "enabled" | "alias" => Enablement::Enabled,
            "static" | "indirect" | "generated" | "transient" => Enablement::Neither,
            "" if self.load == "loaded" => Enablement::Neither,
            // A link in /run is lost when the machine restarts.
            _ => Enablement::Disabled,
        }
    }

    /// Returns whether the enablement is the declared one. A unit without a setting for it has both.
    #[must_use]
    pub fn is_enabled_as(&self, declared: bool) -> bool {
        match self.enablement() {
            Enablement::Enabled => declared,
            Enablement::Disabled => !declared && self.enabled != "enabled-runtime",
            Enablement::Neither => true,
        }
    }

    /// Returns the state in words: `running`, `failed (exit-code)`.
    #[must_use]
    pub fn words(&self) -> String {
        if !self.exists() {
            return "not found".to_owned();
        }
        if self.is_running() {
            return "running".to_owned();
        }
        match (self.active.as_str(), self.result.as_str()) {
            ("failed", "" | "success") => "failed".to_owned(),
            ("failed", result) => format!("failed ({result})"),
            ("inactive", _) => "stopped".to_owned(),
            (active, _) => format!("{active} ({})", self.sub),
        }
    }

    /// Returns what an action compares.
    #[must_use]
    pub fn summary(&self) -> UnitSummary {
        UnitSummary {
            exists: self.exists(),
            running: self.is_running(),
            enabled: self.is_enabled_as(true),
            disabled: self.is_enabled_as(false),
            masked: self.is_masked(),
        }
    }
}

/// Returns the attributes with a prefix that a unit was not started with. A renamed resource is unchanged.
#[must_use]
pub fn outdated<'a>(
    declared: &'a BTreeMap<String, String>,
    found: Option<&BTreeMap<String, String>>,
    prefix: &str,
) -> Vec<&'a str> {
    let is_same = |(name, digest): &(&String, &String)| {
        let Some(found) = found else {
            return false;
        };
        match found.get(*name) {
            Some(other) => other == *digest,
            None => found.iter().any(|(other, its)| {
                its == *digest && other.starts_with(prefix) && !declared.contains_key(other)
            }),
        }
    };
    declared
        .iter()
        .filter(|(name, _)| name.starts_with(prefix))
        .filter(|each| !is_same(each))
        .map(|(name, _)| name.as_str())
        .collect()
}

/// Prefix of attributes whose change restarts a unit.
pub const RESTART_ON: &str = "restart-on.";
/// Prefix of attributes whose change reloads a unit.
pub const RELOAD_ON: &str = "reload-on.";

/// What an action compares before it changes anything.
#[allow(clippy::struct_excessive_bools, reason = "independent facts")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnitSummary {
    /// Whether it exists.
    pub exists: bool,
    /// Whether it runs.
    pub running: bool,
    /// Whether it counts as enabled.
    pub enabled: bool,
    /// Whether it counts as disabled.
    pub disabled: bool,
    /// Whether it is masked.
    pub masked: bool,
}

impl UnitSummary {
    /// Returns the state in words.
    #[must_use]
    pub fn words(&self) -> String {
        if !self.exists {
            return "no unit".to_owned();
        }
        let running = if self.running { "running" } else { "stopped" };
        let enabled = match (self.masked, self.enabled, self.disabled) {
            (true, _, _) => ", masked",
            (_, true, false) => ", enabled",
            (_, false, true) => ", disabled",
            _ => "",
        };
        format!("{running}{enabled}")
    }
}

/// Brings a unit to a state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetUnit {
    /// The name with its suffix.
    pub unit: String,
    /// The record file.
    pub record: String,
    /// Whether it is masked; `None` leaves it.
    pub masked: Option<bool>,
    /// Whether it is enabled; `None` leaves it.
    pub enabled: Option<bool>,
    /// Whether it runs; `None` leaves it.
    pub running: Option<bool>,
    /// What happens to a unit that already runs, besides what its record requires.
    pub renewal: Renewal,
    /// The permitted drop-ins; `None` permits all.
    pub drop_ins: Option<Vec<String>>,
    /// The readiness check.
    pub ready: Option<Ready>,
    /// The time limit for readiness, in milliseconds.
    pub ready_within: u64,
    /// The time limit for the start, in milliseconds.
    pub within: u64,
    /// The attributes to keep in the record; `None` removes the record.
    pub started_as: Option<BTreeMap<String, String>>,
    /// The state that must be found. A unit that did not exist may have any, since a step before may have installed it.
    pub expected: UnitSummary,
}

/// What happens to a unit that already runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Renewal {
    /// Nothing.
    None,
    /// It reads its configuration again.
    Reload,
    /// It is stopped and started.
    Restart,
}

impl SetUnit {
    /// Returns whether a found state is neither the expected nor the wanted one.
    #[cfg(any(feature = "local", feature = "testing"))]
    fn refuses(&self, found: UnitSummary) -> bool {
        let expected = &self.expected;
        if !expected.exists {
            return false;
        }
        if !found.exists {
            return true;
        }
        let differs = |expected: bool, found: bool, wanted: Option<bool>| {
            found != expected && wanted.is_some_and(|wanted| wanted != found)
        };
        differs(expected.running, found.running, self.running)
            || differs(expected.masked, found.masked, self.masked)
            // The enablement of a masked unit is hidden.
            || !expected.masked
                && !found.masked
                && match self.enabled {
                    Some(true) => !found.enabled && expected.enabled,
                    Some(false) => !found.disabled && expected.disabled,
                    None => false,
                }
    }
}

impl Subject for Query {
    fn subject(&self) -> &str {
        &self.unit
    }
}

impl Subject for SetUnit {
    fn subject(&self) -> &str {
        &self.unit
    }
}

impl Seals for Answer {}

impl Seals for SetUnit {}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{RESTART_ON, UnitState, outdated};

    fn state(load: &str, enabled: &str) -> UnitState {
        UnitState {
            load: load.to_owned(),
            enabled: enabled.to_owned(),
            ..UnitState::missing()
        }
    }

    #[test]
    fn a_unit_without_an_install_section_is_as_enabled_as_declared() {
        for enabled in ["static", "indirect", "generated", "transient", ""] {
            let state = state("loaded", enabled);
            assert!(
                state.is_enabled_as(true) && state.is_enabled_as(false),
                "{enabled}"
            );
        }
        assert!(!state("not-found", "").is_enabled_as(true));
    }

    #[test]
    fn links_that_a_restart_loses_count_as_neither_enabled_nor_disabled() {
        let state = state("loaded", "enabled-runtime");
        assert!(!state.is_enabled_as(true));
        assert!(!state.is_enabled_as(false));
    }

    #[test]
    fn other_states_are_enabled_or_disabled() {
        for (enabled, is_enabled) in [
            ("enabled", true),
            ("alias", true),
            ("disabled", false),
            ("linked", false),
            ("masked", false),
            ("bad", false),
        ] {
            let state = state("loaded", enabled);
            assert_eq!(state.is_enabled_as(true), is_enabled, "{enabled}");
            assert_eq!(state.is_enabled_as(false), !is_enabled, "{enabled}");
        }
    }

    #[test]
    fn a_renamed_trigger_is_unchanged_and_a_removed_one_restarts_nothing() {
        let map = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
            pairs
                .iter()
                .map(|(name, digest)| (format!("{RESTART_ON}{name}"), (*digest).to_owned()))
                .collect()
        };
        let declared = map(&[("file.b", "1")]);
        let outdated =
            |found: Option<&BTreeMap<String, String>>| outdated(&declared, found, RESTART_ON).len();
        assert_eq!(outdated(Some(&map(&[("file.b", "1")]))), 0);
        assert_eq!(outdated(Some(&map(&[("file.a", "1")]))), 0);
        assert_eq!(outdated(Some(&map(&[("file.b", "1"), ("file.c", "2")]))), 0);
        assert_eq!(outdated(Some(&map(&[("file.b", "2")]))), 1);
        assert_eq!(outdated(Some(&map(&[("file.b", "2"), ("file.a", "1")]))), 1);
        assert_eq!(outdated(None), 1);
    }
}
