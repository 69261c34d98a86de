//! The wire types of packages.

use serde::{Deserialize, Serialize};

use crate::wire::mirror::{Mirror, mirror};
use evenkeel_model::Moment;

mirror! {
    /// Asks for a package.
    Query = super::Query { package: String }
    /// A package.
    Answer = super::Answer { system: System, found: PackageFound, changed: Option<Moment> }
    /// The state of a package.
    PackageFound = super::PackageFound { state: PackageState, held: bool }
    /// Installs a package.
    InstallPackage = super::InstallPackage {
        package: String,
        version: Option<String>,
        held: Option<bool>,
        expected: PackageFound,
    }
    /// Removes a package.
    RemovePackage = super::RemovePackage { package: String, expected: PackageFound }
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

/// Whether a package is installed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
#[allow(missing_docs, reason = "the fields are those of the live type")]
pub enum PackageState {
    /// It is not installed.
    Missing,
    /// It is installed.
    Installed { version: String },
    /// Its installation did not end.
    Unfinished { version: String, step: String },
}

impl Mirror<super::System> for System {
    fn from_live(live: super::System) -> Self {
        match live {
            super::System::Dpkg => Self::Dpkg,
            super::System::Rpm => Self::Rpm,
        }
    }

    fn into_live(self) -> super::System {
        match self {
            Self::Dpkg => super::System::Dpkg,
            Self::Rpm => super::System::Rpm,
        }
    }
}

impl Mirror<super::PackageState> for PackageState {
    fn from_live(live: super::PackageState) -> Self {
        match live {
            super::PackageState::Missing => Self::Missing,
            super::PackageState::Installed { version } => Self::Installed { version },
            super::PackageState::Unfinished { version, step } => Self::Unfinished { version, step },
        }
    }

    fn into_live(self) -> super::PackageState {
        match self {
            Self::Missing => super::PackageState::Missing,
            Self::Installed { version } => super::PackageState::Installed { version },
            Self::Unfinished { version, step } => super::PackageState::Unfinished { version, step },
        }
    }
}
