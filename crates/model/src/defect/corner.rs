//! The corner a difference stands in: which of definition, last applied and live disagree, and where.

use serde::{Deserialize, Serialize};

/// The name of a disagreement between definition, last applied state and live state, in one or two environments.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Corner {
    /// The definition moved on; live is still as last applied.
    Pending,
    /// Live was changed outside evenkeel; the definition is still as last applied.
    #[serde(alias = "hand-made")]
    ChangedOutside,
    /// The same change was made outside evenkeel in both environments.
    #[serde(alias = "hand-made-in-both")]
    ChangedOutsideInBoth,
    /// Both the definition and live moved on, to different values.
    Conflicting,
    /// Both moved on, to the same value: nothing is left to do but to record it.
    Healed,
    /// Staging has it, production does not yet: what a release is made of.
    HalfPromoted,
    /// Production has it and staging does not: staging cannot vouch for production.
    Behind,
    /// It is there, and nobody declared it.
    Unmanaged,
}

impl Corner {
    /// As documents write it: `changed-outside`.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::ChangedOutside => "changed-outside",
            Self::ChangedOutsideInBoth => "changed-outside-in-both",
            Self::Conflicting => "conflicting",
            Self::Healed => "healed",
            Self::HalfPromoted => "half-promoted",
            Self::Behind => "behind",
            Self::Unmanaged => "unmanaged",
        }
    }

    /// As people read it: `changed outside evenkeel`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::ChangedOutside => "changed outside evenkeel",
            Self::ChangedOutsideInBoth => "changed outside evenkeel in both",
            Self::Conflicting => "conflicting",
            Self::Healed => "healed",
            Self::HalfPromoted => "half-promoted",
            Self::Behind => "behind",
            Self::Unmanaged => "unmanaged",
        }
    }
}
