//! When recorded checks saw a defect.

use serde::{Deserialize, Serialize};

use crate::Moment;

/// The first and the last time at which a check saw a defect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The first check that found it.
    pub first: Moment,
    /// The last check that found it: this one.
    pub last: Moment,
    /// Whether it is new since a time; `None` without the question.
    pub novelty: Option<Novelty>,
    /// The first and the last sighting before it ended and came back.
    pub earlier: Option<(Moment, Moment)>,
}

/// Whether a defect is new since a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Novelty {
    /// A check at that time or later judged it and did not find it.
    New,
    /// The check at that time found it.
    Before,
    /// No check between that time and its first sighting could judge it.
    Unknown,
}

impl Novelty {
    /// Returns the name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Before => "before",
            Self::Unknown => "unknown",
        }
    }
}
