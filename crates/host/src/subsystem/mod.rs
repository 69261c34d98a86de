//! The subsystems of a host: one module each, with its query, answer, actions and their execution.
//!
//! [`Query`], [`Answer`] and [`Action`] have one entry per subsystem, generated from the list below. None contains a
//! secret: content is named by its digest and passed separately (see [`crate::Materials`]). Every action is idempotent
//! and carries the state it expects; the target refuses it when it finds another state.

pub mod command;
pub mod content;
pub mod entries;
pub mod facts;
pub mod group;
pub mod installation;
pub mod inventory;
pub mod lines;
mod list;
pub mod mount;
pub mod package;
pub mod path;
pub mod process;
pub mod revert;
pub mod sysctl;
pub mod timer;
#[cfg(feature = "toys")]
pub mod toy;
pub mod unit;
pub mod user;

use serde::{Deserialize, Serialize};

#[cfg(feature = "local")]
use crate::local::{Found, Local, LocalTarget, Performer, Work};
#[cfg(any(feature = "local", feature = "testing"))]
use crate::port::Outcome;
#[cfg(feature = "testing")]
use crate::recorded::{Kit, Recorded, RecordedHost};
use crate::sealing::Seals;
use evenkeel_model::Digest;
#[cfg(feature = "testing")]
use evenkeel_model::Sealer;

/// The subject of a query or an action: a path, an installation's directory, a record file.
pub trait Subject {
    /// Returns the path, for messages.
    fn subject(&self) -> &str;
}

list::subsystems! {
    /// The state of a path: a file, a directory, a link.
    Path => path {
        /// Create a directory, or change its mode and owners.
        Directory,
        /// Put a file in place.
        File,
        /// Put a symbolic link in place.
        Link,
        /// Remove a file, a link or an empty directory.
        Remove
    }
    /// The names in a directory.
    Entries => entries {}
    /// An artifact that is installed as a release.
    Installation => installation {
        /// Copy an artifact to `releases/<digest>`, verify it there, then switch `current` to it.
        Install,
        /// Remove an installation.
        Uninstall
    }
    /// A process with a record file.
    Process => process {
        /// Start a process and wait until it is ready.
        Start,
        /// Stop a process and remove its record.
        Stop,
        /// Move a running process to another record.
        TakeOver
    }
    /// A unit of systemd.
    Unit => unit {
        /// Bring a unit to a state.
        SetUnit
    }
    /// A timer of systemd that evenkeel writes.
    Timer => timer {
        /// Write both unit files, enable the timer and start it.
        SetTimer,
        /// Remove a timer and its service.
        DropTimer
    }
    /// A group of the host.
    Group => group {
        /// Create a group, or change its declared attributes.
        SetGroup,
        /// Remove a group.
        DropGroup
    }
    /// A user of the host.
    User => user {
        /// Create a user, or change its declared attributes.
        SetUser,
        /// Remove a user; its home directory stays.
        DropUser
    }
    /// Lines of a file that others own.
    Lines => lines {
        /// Put a line, a block of lines or a key into a file.
        SetLines,
        /// Remove lines from a file.
        DropLines
    }
    /// The state that a command reaches.
    Command => command {
        /// Run a program, then its check.
        RunCommand
    }
    /// A package of the operating system.
    Package => package {
        /// Install a package, or change its version or hold.
        InstallPackage,
        /// Remove a package.
        RemovePackage
    }
    /// A setting of the kernel.
    Sysctl => sysctl {
        /// Change a setting, now and at boot.
        SetSysctl,
        /// Remove the file of a setting.
        DropSysctl
    }
    /// A mounted file system.
    Mount => mount {
        /// Mount a file system, or change how it is mounted.
        SetMount,
        /// Unmount a file system.
        DropMount
    }
    /// What restores an earlier state unless a change is confirmed.
    Revert => revert {
        /// Save a state, and restore it after a time.
        ArmRevert,
        /// Remove the saved state.
        DisarmRevert
    }
    /// The content of a file.
    Content => content {}
    /// Properties of a host that no definition declares.
    Facts => facts {}
    /// What people set up on a host.
    Inventory => inventory {}
    [feature = "toys"]
    /// A named value, for tests of new kinds.
    Toy => toy {
        /// Set a value.
        SetToy,
        /// Remove a value.
        DropToy
    }
}

#[cfg(test)]
mod tests;
