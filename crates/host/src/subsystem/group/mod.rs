//! Groups of `/etc/group`, with their members.

#[cfg(feature = "local")]
mod local;
#[cfg(feature = "testing")]
mod recorded;
pub mod wire;

use serde::{Deserialize, Serialize};

use super::{Seals, Subject};

/// Asks for a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Query {
    /// The name.
    pub group: String,
}

/// A group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// Whether it exists, and its attributes.
    pub state: GroupState,
}

/// Whether a group exists.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub enum GroupState {
    /// There is no such group.
    Missing,
    /// A name service other than `/etc/group` has the group, such as LDAP.
    Elsewhere,
    /// `/etc/group` has the group.
    Present(Group),
}

impl GroupState {
    /// Describes the state in a few words.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Missing => "no group".to_owned(),
            Self::Elsewhere => "a group of a name service".to_owned(),
            Self::Present(group) => {
                format!(
                    "a group with gid {} and members `{}`",
                    group.gid,
                    group.members.join(",")
                )
            }
        }
    }
}

/// The attributes of a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// The number.
    pub gid: u32,
    /// The users that it lists, sorted. A user with this primary group may be missing.
    pub members: Vec<String>,
}

/// Creates a group, or changes the declared attributes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetGroup {
    /// The name.
    pub group: String,
    /// The number.
    pub gid: Option<u32>,
    /// All members, sorted.
    pub members: Option<Vec<String>>,
    /// Whether a new group gets a number for system accounts.
    pub system: bool,
    /// The expected state.
    pub expected: GroupState,
}

/// Removes a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DropGroup {
    /// The name.
    pub group: String,
    /// The expected state.
    pub expected: GroupState,
}

impl Subject for Query {
    fn subject(&self) -> &str {
        &self.group
    }
}

impl Subject for SetGroup {
    fn subject(&self) -> &str {
        &self.group
    }
}

impl Subject for DropGroup {
    fn subject(&self) -> &str {
        &self.group
    }
}

impl Seals for Answer {}

impl Seals for SetGroup {}

impl Seals for DropGroup {}

#[cfg(any(feature = "local", feature = "testing"))]
impl DropGroup {
    /// Returns whether a state is the expected one. Members may leave with an earlier step of a user.
    pub(crate) fn is_expected(&self, found: &GroupState) -> bool {
        match (&self.expected, found) {
            (GroupState::Present(one), GroupState::Present(other)) => {
                let mut members = other.members.iter();
                one.gid == other.gid && members.all(|member| one.members.contains(member))
            }
            (one, other) => one == other,
        }
    }
}

#[cfg(any(feature = "local", feature = "testing"))]
impl SetGroup {
    /// Returns whether a state is the expected one. Members count only if the action sets them.
    pub(crate) fn is_expected(&self, found: &GroupState) -> bool {
        match (&self.expected, found) {
            (GroupState::Present(one), GroupState::Present(other)) if self.members.is_none() => {
                one.gid == other.gid
            }
            (one, other) => one == other,
        }
    }

    /// Returns whether a group has all declared attributes.
    pub(crate) fn is_met_by(&self, found: &GroupState) -> bool {
        let GroupState::Present(found) = found else {
            return false;
        };
        self.gid.is_none_or(|gid| gid == found.gid)
            && self
                .members
                .as_ref()
                .is_none_or(|members| *members == found.members)
    }
}
