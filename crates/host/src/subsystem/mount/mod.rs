//! Mounted file systems: what the kernel has mounted at a path, and the lines of `/etc/fstab` for it.
//!
//! `options` compares options, `table` reads and edits the lines of `/etc/fstab`.

#[cfg(any(feature = "local", feature = "testing"))]
mod judge;
#[cfg(feature = "local")]
pub(crate) mod local;
pub mod options;
#[cfg(feature = "testing")]
mod recorded;
pub mod table;

use serde::{Deserialize, Serialize};

use super::{Seals, Subject};

/// Asks for a path at which something is mounted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Query {
    /// The path.
    pub path: String,
    /// What should be mounted there, to compare with what is.
    pub wanted: MountSource,
}

/// What is mounted: the first, third and fourth field of a line of `/etc/fstab`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MountSource {
    /// The device: a path, `UUID=…`, `LABEL=…`, `HOST:PATH`, or any word for a virtual file system.
    pub device: String,
    /// The type of the file system; `none` for a bind mount.
    pub filesystem: String,
    /// The options.
    pub options: Vec<String>,
}

/// What is mounted at a path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// The state.
    pub found: MountFound,
    /// Whether the mounted device is the wanted one.
    pub is_device: bool,
}

/// The state of a path at which something may be mounted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MountFound {
    /// What is mounted there, as the kernel shows it; the last one, if several lie over each other.
    pub mounted: Option<MountSource>,
    /// The lines of `/etc/fstab` for this path.
    pub lines: Vec<MountSource>,
}

impl MountFound {
    /// Returns the state of a path at which nothing is mounted, and that no line names.
    #[must_use]
    pub fn nothing() -> Self {
        Self {
            mounted: None,
            lines: Vec::new(),
        }
    }
}

/// Mounts a file system, or changes how it is mounted, and its line of `/etc/fstab`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetMount {
    /// The path.
    pub path: String,
    /// What is mounted there.
    pub wanted: MountSource,
    /// Whether it is mounted now.
    pub mounted: bool,
    /// Whether it has a line of `/etc/fstab`.
    pub persistent: bool,
    /// The expected state.
    pub expected: MountFound,
}

/// Unmounts a file system and removes its line of `/etc/fstab`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DropMount {
    /// The path.
    pub path: String,
    /// The expected state.
    pub expected: MountFound,
}

impl Subject for Query {
    fn subject(&self) -> &str {
        &self.path
    }
}

impl Subject for SetMount {
    fn subject(&self) -> &str {
        &self.path
    }
}

impl Subject for DropMount {
    fn subject(&self) -> &str {
        &self.path
    }
}

impl Seals for Answer {}

impl Seals for SetMount {}

impl Seals for DropMount {}

pub mod wire {
    //! The wire types of mounted file systems.

    use crate::wire::mirror::mirror;

    mirror! {
        /// Asks for a path at which something is mounted.
        Query = super::Query { path: String, wanted: MountSource }
        /// What is mounted.
        MountSource = super::MountSource { device: String, filesystem: String, options: Vec<String> }
        /// What is mounted at a path.
        Answer = super::Answer { found: MountFound, is_device: bool }
        /// The state of a path at which something may be mounted.
        MountFound = super::MountFound { mounted: Option<MountSource>, lines: Vec<MountSource> }
        /// Mounts a file system.
        SetMount = super::SetMount {
            path: String,
            wanted: MountSource,
            mounted: bool,
            persistent: bool,
            expected: MountFound,
        }
        /// Unmounts a file system.
        DropMount = super::DropMount { path: String, expected: MountFound }
    }
}
