//! Corners: which of definition, last applied state and live state disagree, and where.

use serde::{Deserialize, Serialize};

/// A disagreement between definition, last applied state and live state, in one or two environments.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Corner {
    /// The definition changed; live is as last applied.
    Pending,
    /// Live was changed outside evenkeel; the definition is as last applied.
    #[serde(alias = "hand-made")]
    ChangedOutside,
    /// The same change was made outside evenkeel in both environments.
    #[serde(alias = "hand-made-in-both")]
    ChangedOutsideInBoth,
    /// The definition and live both changed, to different values.
    Conflicting,
    /// The definition and live both changed, to the same value: only the ledger needs an update.
    Healed,
    /// Staging has it, production does not yet: the content of a release.
    HalfPromoted,
    /// Production has it and staging does not: tests in staging do not cover it.
    Behind,
    /// It exists and no definition declares it.
    Unmanaged,
}

impl Corner {
    /// All corners.
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

    /// Returns the meaning: which of definition, last applied state and live state differ.
    #[must_use]
    pub fn help(self) -> &'static str {
        match self {
            Self::Pending => {
                "The definition changed; the live state is as last applied. This is not drift: the next apply changes it."
            }
            Self::ChangedOutside => {
                "The live state changed outside evenkeel; the definition is as last applied. An apply restores it. To keep the change, write it into the definition."
            }
            Self::ChangedOutsideInBoth => {
                "The same change was made outside evenkeel in two environments; the definition is as last applied. Write it into the definition, or restore both."
            }
            Self::Conflicting => {
                "The definition and the live state both changed since the last apply, to different values; or a resource existed before evenkeel managed it. An apply overwrites the live state."
            }
            Self::Healed => {
                "The live state matches the definition, but the ledger has no record of it. The next apply only updates the ledger."
            }
            Self::HalfPromoted => {
                "An earlier environment of the path has the change, this one does not yet. This is not drift: the next release brings it."
            }
            Self::Behind => {
                "This environment lacks a change that a later environment of the path has. Its tests prove nothing about the later one: deliver first."
            }
            Self::Unmanaged => {
                "It exists inside an `exclusive` directory, or on a host whose things `[exclusive.NAME]` owns, and no definition declares it. Declare it, name it in `except`, or delete it."
            }
        }
    }

    /// Returns the command that resolves it in an environment; `None` where a person decides.
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

    /// Returns the name in documents: `changed-outside`.
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

    /// Returns the name for people: `changed outside evenkeel`.
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
