//! Inventory: what people set up on a host, so that a definition can be proposed for it.
//!
//! One query per host. It changes nothing, and its answer has no content of a file, except public keys, and no password.
//! Which of it a definition may contain is left to the caller.

#[cfg(feature = "local")]
mod local;

use serde::{Deserialize, Serialize};

use super::mount::MountSource;
use super::{Seals, Subject};

/// Asks for an inventory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Query {
    /// The lowest number of users and groups of people. Lower ones belong to packages, except for users with a shell.
    pub first_number: u32,
}

/// An inventory.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// Packages that were not installed for another one.
    pub packages: Vec<FoundPackage>,
    /// Groups.
    pub groups: Vec<FoundGroup>,
    /// Users.
    pub users: Vec<FoundUser>,
    /// Lines of `authorized_keys` that have a key.
    pub keys: Vec<FoundKey>,
    /// Enabled services, without those that packages bring along for another one.
    pub units: Vec<FoundUnit>,
    /// Files that belong to no package, or that differ from their package.
    pub files: Vec<FoundFile>,
    /// Lines of `/etc/fstab`.
    pub mounts: Vec<FoundMount>,
    /// Why something is missing.
    pub unread: Vec<String>,
}

/// A package.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct FoundPackage {
    /// The name, with an architecture other than the host's.
    pub name: String,
    /// The installed version.
    pub version: String,
}

/// A group.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct FoundGroup {
    /// The name.
    pub name: String,
    /// The number.
    pub gid: u32,
    /// Whether the number is one of the system, which each host chooses.
    pub system: bool,
}

/// A user.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct FoundUser {
    /// The name.
    pub name: String,
    /// The number.
    pub uid: u32,
    /// Whether the number is one of the system, which each host chooses.
    pub system: bool,
    /// The primary group, by name or number.
    pub group: String,
    /// The other groups.
    pub groups: Vec<String>,
    /// The home directory.
    pub home: String,
    /// The login shell.
    pub shell: String,
    /// The comment.
    pub comment: String,
    /// Whether no password is valid; `None` if that could not be read.
    pub locked: Option<bool>,
}

/// A key that a user accepts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct FoundKey {
    /// The user.
    pub user: String,
    /// The line.
    pub line: String,
}

/// A service of systemd that starts with the host.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct FoundUnit {
    /// The name with its suffix.
    pub name: String,
    /// The file that defines it.
    pub file: String,
    /// Whether it runs.
    pub is_running: bool,
    /// Drop-ins, without those of packages.
    pub drop_ins: Vec<String>,
}

/// A file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct FoundFile {
    /// The path.
    pub path: String,
    /// The package whose configuration file it is; none for a file of no package.
    pub package: Option<String>,
}

/// A line of `/etc/fstab`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoundMount {
    /// The path.
    pub path: String,
    /// The device, type and options, without passwords.
    pub source: MountSource,
    /// Whether something is mounted there.
    pub is_mounted: bool,
}

impl Subject for Query {
    fn subject(&self) -> &'static str {
        "inventory"
    }
}

impl Seals for Answer {}

pub mod wire {
    //! The wire's types.

    use crate::subsystem::mount::wire::MountSource;
    use crate::wire::mirror::mirror;

    mirror! {
        /// Asks for an inventory.
        Query = super::Query { first_number: u32 }
        /// An inventory.
        Answer = super::Answer {
            packages: Vec<FoundPackage>,
            groups: Vec<FoundGroup>,
            users: Vec<FoundUser>,
            keys: Vec<FoundKey>,
            units: Vec<FoundUnit>,
            files: Vec<FoundFile>,
            mounts: Vec<FoundMount>,
            unread: Vec<String>,
        }
        /// A package.
        FoundPackage = super::FoundPackage { name: String, version: String }
        /// A group.
        FoundGroup = super::FoundGroup { name: String, gid: u32, system: bool }
        /// A user.
        FoundUser = super::FoundUser {
            name: String,
            uid: u32,
            system: bool,
            group: String,
            groups: Vec<String>,
            home: String,
            shell: String,
            comment: String,
            locked: Option<bool>,
        }
        /// A key that a user accepts.
        FoundKey = super::FoundKey { user: String, line: String }
        /// A service of systemd that starts with the host.
        FoundUnit = super::FoundUnit { name: String, file: String, is_running: bool, drop_ins: Vec<String> }
        /// A file.
        FoundFile = super::FoundFile { path: String, package: Option<String> }
        /// A line of `/etc/fstab`.
        FoundMount = super::FoundMount { path: String, source: MountSource, is_mounted: bool }
    }
}

#[cfg(feature = "testing")]
mod recorded {
    //! The part of a target in memory.

    use super::Query;
    use crate::recorded::{Recorded, RecordedHost, unreadable};
    use evenkeel_model::Sealer;

    impl Recorded for Query {
        fn answer(&self, _: &RecordedHost, _: &Sealer) -> crate::Answer {
            unreadable("a target in memory has no inventory")
        }
    }
}
