//! The wire types of units.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::subsystem::process::wire::Ready;
use crate::wire::mirror::{Mirror, mirror};
use evenkeel_model::Moment;

mirror! {
    /// Asks for a unit.
    Query = super::Query { unit: String, record: String, ready: Option<Ready> }
    /// The state of a unit.
    Answer = super::Answer { state: UnitState }
    /// The state of a unit.
    UnitState = super::UnitState {
        load: String,
        active: String,
        sub: String,
        result: String,
        enabled: String,
        drop_ins: Vec<String>,
        is_loaded: bool,
        is_current: bool,
        ready: Option<bool>,
        since: Option<Moment>,
        started_as: Option<BTreeMap<String, String>>,
    }
    /// What an action compares.
    UnitSummary = super::UnitSummary {
        exists: bool,
        running: bool,
        enabled: bool,
        disabled: bool,
        masked: bool,
    }
    /// Brings a unit to a state.
    SetUnit = super::SetUnit {
        unit: String,
        record: String,
        masked: Option<bool>,
        enabled: Option<bool>,
        running: Option<bool>,
        renewal: Renewal,
        drop_ins: Option<Vec<String>>,
        ready: Option<Ready>,
        ready_within: u64,
        within: u64,
        started_as: Option<BTreeMap<String, String>>,
        expected: UnitSummary,
    }
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

impl Mirror<super::Renewal> for Renewal {
    fn from_live(live: super::Renewal) -> Self {
        match live {
            super::Renewal::None => Self::None,
            super::Renewal::Reload => Self::Reload,
            super::Renewal::Restart => Self::Restart,
        }
    }

    fn into_live(self) -> super::Renewal {
        match self {
            Self::None => super::Renewal::None,
            Self::Reload => super::Renewal::Reload,
            Self::Restart => super::Renewal::Restart,
        }
    }
}
