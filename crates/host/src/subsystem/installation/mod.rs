//! Installations: an artifact as `releases/<digest>`, and the link `current` to one of them.

#[cfg(feature = "local")]
pub(crate) mod local;
#[cfg(feature = "testing")]
mod recorded;
pub mod wire;

use serde::{Deserialize, Serialize};

use super::{Seals, Subject};
use evenkeel_model::{Digest, Moment};

/// Asks for an installation: its current release, whether that is unchanged, and the kept releases.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Query {
    /// The directory with `releases/` and `current`.
    pub into: String,
    /// The wanted artifact: whether it is held is answered.
    pub artifact: Digest,
}

/// The state of an installation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// The digest in the name that `current` points to.
    pub current: Option<Digest>,
    /// The tree digest of the content; differs from `current` when the content changed.
    pub actual: Option<Digest>,
    /// All kept releases, by the digests in their names, sorted.
    pub releases: Vec<Digest>,
    /// Whether the wanted artifact is among the kept releases, with unchanged content: it can be installed again without
    /// its source.
    pub held: bool,
    /// The time at which `current` was last switched.
    pub changed: Option<Moment>,
}

/// Copies an artifact to `releases/<digest>`, verifies the copy, then switches `current` to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Install {
    /// The directory with `releases/` and `current`.
    pub into: String,
    /// The artifact's tree digest, by which the materials find its path.
    pub artifact: Digest,
    /// The number of releases to keep, including the current one.
    pub keep: u32,
    /// The expected target of `current`.
    pub expected: Option<Digest>,
}

/// Removes an installation: `current`, all releases, and `releases` itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Uninstall {
    /// The directory with `releases/` and `current`.
    pub into: String,
    /// The expected target of `current`.
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
