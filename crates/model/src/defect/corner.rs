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
    /// All of them.
    pub const ALL: &'static [Self] = &[
        Self::Pending,
        Self::ChangedOutside,
        Self::ChangedOutsideInBoth,
        Self::Conflicting,
        Self::Healed,
        Self::HalfPromoted,
        Self::Behind,
        Self::Unmanaged,
    ];

    /// What it means: which of definition, last applied state and live state differ.
    #[must_use]
    pub fn help(self) -> &'static str {
        match self {
            Self::Pending => {
                "The definition changed; the live state is as last applied. This is no drift: the next apply changes it."
            }
            Self::ChangedOutside => {
                "The live state changed outside evenkeel; the definition is as last applied. An apply restores it. To keep the change, write it into the definition."
            }
            Self::ChangedOutsideInBoth => {
                "The same change was made outside evenkeel in two environments; the definition is as last applied. Write it into the definition, or restore both."
            }
            Self::Conflicting => {
                "The definition and the live state both changed since the last apply, to different values; or a thing existed before evenkeel managed it. An apply overwrites the live state."
            }
            Self::Healed => {
                "The live state matches the definition, but the ledger has no record of it. The next apply only updates the ledger."
            }
            Self::HalfPromoted => {
                "An earlier environment of the path has the change, this one does not yet. This is no drift: the next release brings it."
            }
            Self::Behind => {
                "This environment lacks a change that a later environment of the path has. Its tests prove nothing about the later one: deliver first."
            }
            Self::Unmanaged => {
                "It exists inside an `exclusive` directory, and no definition declares it. Declare it, name it in `except`, or delete it."
            }
        }
    }

    /// The command that resolves it in an environment; none where a person decides.
    #[must_use]
    pub fn command(self) -> Option<&'static str> {
        match self {
            Self::Pending | Self::Behind | Self::Healed => Some("evenkeel deliver"),
            Self::ChangedOutside | Self::ChangedOutsideInBoth | Self::Conflicting => {
                Some("evenkeel plan")
            }
            Self::HalfPromoted => Some("evenkeel release"),
            Self::Unmanaged => None,
        }
    }

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
