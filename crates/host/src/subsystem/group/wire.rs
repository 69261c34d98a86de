//! The wire types of groups.

use serde::{Deserialize, Serialize};

use crate::wire::mirror::{Mirror, mirror};

mirror! {
    /// Asks for a group.
    Query = super::Query { group: String }
    /// A group.
    Answer = super::Answer { state: GroupState }
    /// The attributes of a group.
    Group = super::Group { gid: u32, members: Vec<String> }
    /// Creates or changes a group.
    SetGroup = super::SetGroup {
        group: String,
        gid: Option<u32>,
        members: Option<Vec<String>>,
        system: bool,
        expected: GroupState,
    }
    /// Removes a group.
    DropGroup = super::DropGroup { group: String, expected: GroupState }
}

/// Whether a group exists.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub enum GroupState {
    /// There is no such group.
    Missing,
    /// `/etc/group` has the group.
    Present(Group),
    /// A name service has the group.
    Elsewhere,
    /// A state of a newer version.
    #[serde(other)]
    Unknown,
}

impl Mirror<super::GroupState> for GroupState {
    fn from_live(live: super::GroupState) -> Self {
        match live {
            super::GroupState::Missing => Self::Missing,
            super::GroupState::Elsewhere => Self::Elsewhere,
            super::GroupState::Present(group) => Self::Present(Mirror::from_live(group)),
        }
    }

    fn into_live(self) -> super::GroupState {
        match self {
            Self::Missing => super::GroupState::Missing,
            Self::Present(group) => super::GroupState::Present(group.into_live()),
            // evenkeel changes neither.
            Self::Elsewhere | Self::Unknown => super::GroupState::Elsewhere,
        }
    }
}
