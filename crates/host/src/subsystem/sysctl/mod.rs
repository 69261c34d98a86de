//! Settings of the kernel: the current value in `/proc/sys`, and the one that the files of `sysctl.d` set at boot.
//!
//! evenkeel writes one file for each setting. `files` is the order of those files and their format.

pub mod files;
#[cfg(any(feature = "local", feature = "testing"))]
mod judge;
#[cfg(feature = "local")]
mod local;
#[cfg(feature = "testing")]
mod recorded;

use serde::{Deserialize, Serialize};

use super::{Seals, Subject};

/// Asks for a setting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Query {
    /// The key, with dots (see [`files::canonical`]).
    pub key: String,
}

/// A setting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// Its state.
    pub found: SysctlFound,
    /// What the files set at boot; `None` if no file names the key.
    pub boot: Option<BootValue>,
}

/// The state of a setting that an action changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SysctlFound {
    /// The current value, with single spaces; `None` if the kernel has no such setting.
    pub live: Option<String>,
    /// The content of evenkeel's file; `None` if it is missing.
    pub own: Option<String>,
}

/// The value that a setting gets at boot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BootValue {
    /// The value, with single spaces.
    pub value: String,
    /// The file that decides.
    pub file: String,
}

/// Changes a setting, now and at boot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetSysctl {
    /// The key.
    pub key: String,
    /// The value, with single spaces.
    pub value: String,
    /// The expected state.
    pub expected: SysctlFound,
}

/// Removes evenkeel's file of a setting. The current value is not changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DropSysctl {
    /// The key.
    pub key: String,
    /// The expected content of the file.
    pub expected: Option<String>,
}

impl Subject for Query {
    fn subject(&self) -> &str {
        &self.key
    }
}

impl Subject for SetSysctl {
    fn subject(&self) -> &str {
        &self.key
    }
}

impl Subject for DropSysctl {
    fn subject(&self) -> &str {
        &self.key
    }
}

impl Seals for Answer {}

impl Seals for SetSysctl {}

impl Seals for DropSysctl {}

pub mod wire {
    //! The wire types of settings of the kernel.

    use crate::wire::mirror::mirror;

    mirror! {
        /// Asks for a setting.
        Query = super::Query { key: String }
        /// A setting.
        Answer = super::Answer { found: SysctlFound, boot: Option<BootValue> }
        /// The state of a setting.
        SysctlFound = super::SysctlFound { live: Option<String>, own: Option<String> }
        /// The value at boot.
        BootValue = super::BootValue { value: String, file: String }
        /// Changes a setting.
        SetSysctl = super::SetSysctl { key: String, value: String, expected: SysctlFound }
        /// Removes evenkeel's file of a setting.
        DropSysctl = super::DropSysctl { key: String, expected: Option<String> }
    }
}
