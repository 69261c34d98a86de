//! Installations: an artifact as `releases/<digest>`, and the link `current` to one of them.

#[cfg(feature = "local")]
pub(crate) mod local;
#[cfg(feature = "testing")]
mod recorded;
pub mod wire;

use serde::{Deserialize, Serialize};

use super::{Seals, Subject};
use evenkeel_model::{Digest, Moment};

/// An installation: which release is current, whether it is still what was installed, which others are kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Query {
    /// The directory with `releases/` and `current`.
    pub into: String,
}

/// An installation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// What `current` points to: the digest in its name.
    pub current: Option<Digest>,
    /// The tree digest of what is really there; differs from `current` when it was changed.
    pub actual: Option<Digest>,
    /// All releases that are kept, by the digests in their names, sorted.
    pub releases: Vec<Digest>,
    /// When `current` was last switched.
    pub changed: Option<Moment>,
}

/// Copies an artifact to `releases/<digest>`, verifies it there, then switches `current` to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Install {
    /// The directory with `releases/` and `current`.
    pub into: String,
    /// The artifact's tree digest, under which the materials know its path.
    pub artifact: Digest,
    /// How many releases to keep, the current one among them.
    pub keep: u32,
    /// What `current` must point to now.
    pub expected: Option<Digest>,
}

/// Removes an installation: `current`, all releases, and `releases` itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Uninstall {
    /// The directory with `releases/` and `current`.
    pub into: String,
    /// What `current` must point to now.
    pub expected: Option<Digest>,
}

impl Subject for Query {
    fn subject(&self) -> &str {
        &self.into
    }
}

impl Subject for Install {
    fn subject(&self) -> &str {
        &self.into
    }
}

impl Subject for Uninstall {
    fn subject(&self) -> &str {
        &self.into
    }
}

impl Seals for Answer {}

impl Seals for Install {}

impl Seals for Uninstall {}
