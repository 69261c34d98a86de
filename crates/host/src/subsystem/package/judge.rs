//! What an action on a package wants, and whether that already holds.
//!
//! All targets share this code, so they agree on what counts as done and as changed.

use super::version::Requirement;
use super::{InstallPackage, PackageFound, PackageState, RemovePackage, System};
use crate::ActionError;
use crate::subsystem::Action;

/// An action of this subsystem.
#[derive(Clone, Copy)]
pub(super) enum Wish<'a> {
    /// Install it, or change it.
    Install(&'a InstallPackage),
    /// Remove it.
    Remove(&'a RemovePackage),
}

impl<'a> Wish<'a> {
    /// Returns the action as one of this subsystem; `None` when it belongs to another.
    pub(super) fn of(action: &'a Action) -> Option<Self> {
        match action {
            Action::InstallPackage(install) => Some(Self::Install(install)),
            Action::RemovePackage(remove) => Some(Self::Remove(remove)),
            _ => None,
        }
    }

    /// Returns the name of the package.
    pub(super) fn package(self) -> &'a str {
        match self {
            Self::Install(install) => &install.package,
            Self::Remove(remove) => &remove.package,
        }
    }

    /// Returns the expected state.
    pub(super) fn expected(self) -> &'a PackageFound {
        match self {
            Self::Install(install) => &install.expected,
            Self::Remove(remove) => &remove.expected,
        }
    }

    /// Returns the operation, for messages.
    pub(super) fn operation(self) -> &'static str {
        match self {
            Self::Install(_) => "install",
            Self::Remove(_) => "remove",
        }
    }

    /// Returns the required version.
    pub(super) fn requirement(self) -> Option<Requirement> {
        let Self::Install(install) = self else {
            return None;
        };
        let text = install.version.as_deref()?;
        // Definitions are checked before; a text of another version of evenkeel is taken literally.
        Some(Requirement::parse(text).unwrap_or_else(|_| Requirement::Exact(text.to_owned())))
    }

    /// Whether presence and version are as wanted.
    pub(super) fn has_version(self, found: &PackageFound, system: System) -> bool {
        match (self, &found.state) {
            (Self::Remove(_), state) => *state == PackageState::Missing,
            (Self::Install(_), PackageState::Installed { version }) => self
                .requirement()
                .is_none_or(|requirement| requirement.holds(version, system)),
            (Self::Install(_), _) => false,
        }
    }

    /// Whether the version should be held, if the package was found so.
    pub(super) fn holds(self, found: &PackageFound) -> bool {
        match self {
            Self::Install(install) => install.held.unwrap_or(found.held),
            Self::Remove(_) => false,
        }
    }

    /// Whether the state is as wanted.
    pub(super) fn is_wanted(self, found: &PackageFound, system: System) -> bool {
        self.has_version(found, system)
            && match self {
                Self::Install(install) => install.held.is_none_or(|held| held == found.held),
                Self::Remove(_) => true,
            }
    }

    /// Returns the error of a package that is not in the expected state.
    pub(super) fn changed(self, found: &PackageFound) -> ActionError {
        ActionError::Changed {
            path: self.package().to_owned(),
            expected: describe(self.expected()),
            found: describe(found),
        }
    }
}

/// Returns the note of a change.
pub(super) fn note(before: &PackageFound, after: &PackageFound) -> String {
    match (before.version(), after.version()) {
        (Some(old), None) => format!("removed {old}"),
        (Some(old), Some(new)) if old != new => format!("changed {old} to {new}"),
        (None, Some(new)) => format!("installed {new}"),
        (Some(_), Some(_)) if before.state == after.state && after.held => "held".to_owned(),
        (Some(_), Some(_)) if before.state == after.state => "released the hold".to_owned(),
        (_, version) => format!("completed the installation of {}", version.unwrap_or("it")),
    }
}

/// Describes a state in a few words.
pub(super) fn describe(found: &PackageFound) -> String {
    let held = if found.held { ", held" } else { "" };
    match &found.state {
        PackageState::Missing => "no such package".to_owned(),
        PackageState::Installed { version } => format!("version {version}{held}"),
        PackageState::Unfinished { version, step } => format!("version {version}, {step}{held}"),
    }
}
