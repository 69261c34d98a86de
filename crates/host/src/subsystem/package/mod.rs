//! Packages of the operating system: installed version, hold and state.
//!
//! `version` has the order of versions, `local` the packaging systems: dpkg with apt, and rpm with dnf. Which version a
//! host should have is decided elsewhere; the newest candidate that matches is chosen on the host.

#[cfg(any(feature = "local", feature = "testing"))]
mod judge;
#[cfg(feature = "local")]
pub(crate) mod local;
#[cfg(feature = "testing")]
mod recorded;
pub mod version;
pub mod wire;

use serde::{Deserialize, Serialize};

use super::{Seals, Subject};
use evenkeel_model::Moment;

/// Asks for a package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Query {
    /// The name, perhaps with an architecture: `libc6:i386`.
    pub package: String,
}

/// A package, as the host's packaging system has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// The packaging system, which orders versions.
    pub system: System,
    /// The state.
    pub found: PackageFound,
    /// The time of its last installation, by the host's clock.
    pub changed: Option<Moment>,
}

/// A packaging system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum System {
    /// dpkg and apt.
    Dpkg,
    /// rpm and dnf.
    Rpm,
}

/// The state of a package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackageFound {
    /// Whether it is installed.
    pub state: PackageState,
    /// Whether its version is held.
    pub held: bool,
}

/// Whether a package is installed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub enum PackageState {
    /// It is not installed. Configuration files of an earlier installation may remain.
    Missing,
    /// It is installed and configured.
    Installed {
        /// The version.
        version: String,
    },
    /// Its installation did not end.
    Unfinished {
        /// The version.
        version: String,
        /// The packaging system's word for the state: `half-configured`.
        step: String,
    },
}

impl PackageFound {
    /// Returns the state of a package that is not installed.
    #[must_use]
    pub fn missing() -> Self {
        Self {
            state: PackageState::Missing,
            held: false,
        }
    }

    /// Returns the version, installed or not completely installed.
    #[must_use]
    pub fn version(&self) -> Option<&str> {
        match &self.state {
            PackageState::Missing => None,
            PackageState::Installed { version } | PackageState::Unfinished { version, .. } => {
                Some(version)
            }
        }
    }
}

/// Installs a package, or changes its version or hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstallPackage {
    /// The name, perhaps with an architecture.
    pub package: String,
    /// The required version (see [`version::Requirement`]); any when `None`.
    pub version: Option<String>,
    /// Whether the version is held; unchanged when `None`.
    pub held: Option<bool>,
    /// The expected state.
    pub expected: PackageFound,
}

/// Removes a package. Its configuration files remain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemovePackage {
    /// The name, perhaps with an architecture.
    pub package: String,
    /// The expected state.
    pub expected: PackageFound,
}

impl Subject for Query {
    fn subject(&self) -> &str {
        &self.package
    }
}

impl Subject for InstallPackage {
    fn subject(&self) -> &str {
        &self.package
    }
}

impl Subject for RemovePackage {
    fn subject(&self) -> &str {
        &self.package
    }
}

impl Seals for Answer {}

impl Seals for InstallPackage {}

impl Seals for RemovePackage {}
