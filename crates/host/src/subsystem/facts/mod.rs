//! Facts: properties of a host that no definition declares, such as its release, packages and users.
//!
//! One query per host. It changes nothing, and its answer contains no secret: no hash of a password, and no content of
//! a private key. Comparing hosts is left to the caller, and so is finding the declaration of a thing.

#[cfg(feature = "local")]
pub(super) mod local;

use serde::{Deserialize, Serialize};

use super::{Seals, Subject};

/// The groups of facts, in the order of reports.
pub const GROUPS: &[&str] = &[
    "os",
    "kernel",
    "machine",
    "disks",
    "time",
    "packages",
    "units",
    "sysctl",
    "ports",
    "users",
    "tls",
    "limits",
    "certificates",
];

/// Classes of things that a scope may own exclusively, in the order of reports, each with the group of facts that lists its
/// things. A survey does not compare these groups.
pub const THINGS: &[(&str, &str)] = &[
    ("packages", "manual-packages"),
    ("units", "enabled-units"),
    ("users", "login-users"),
    ("cron", "cron-entries"),
    ("authorized-keys", "authorized-keys"),
    ("ports", "open-ports"),
];

/// The classes of [`THINGS`].
pub const CLASSES: &[&str] = &[
    "packages",
    "units",
    "users",
    "cron",
    "authorized-keys",
    "ports",
];

/// Asks for groups of facts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Query {
    /// The groups.
    pub groups: Vec<String>,
}

/// The facts of a host, by group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// The groups, in the order of the query.
    pub groups: Vec<GroupOfFacts>,
}

/// The facts of one group.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupOfFacts {
    /// The name of the group.
    pub name: String,
    /// The facts, sorted by their path.
    pub facts: Vec<Fact>,
    /// Why facts of this group are missing. Then a missing fact may exist.
    pub unread: Vec<String>,
}

/// One fact.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Fact {
    /// The path below the group: the name of a package; the name of a user and an attribute.
    pub path: Vec<String>,
    /// The value, without control characters.
    pub value: String,
}

impl Subject for Query {
    fn subject(&self) -> &'static str {
        "facts"
    }
}

impl Seals for Answer {}

pub mod wire {
    //! The wire's types.

    use crate::wire::mirror::mirror;

    mirror! {
        /// Asks for groups of facts.
        Query = super::Query { groups: Vec<String> }
        /// The facts of a host, by group.
        Answer = super::Answer { groups: Vec<GroupOfFacts> }
        /// The facts of one group.
        GroupOfFacts = super::GroupOfFacts { name: String, facts: Vec<Fact>, unread: Vec<String> }
        /// One fact.
        Fact = super::Fact { path: Vec<String>, value: String }
    }
}

#[cfg(feature = "testing")]
mod recorded;
