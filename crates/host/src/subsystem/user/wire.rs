//! The wire types of users.

use serde::{Deserialize, Serialize};

use crate::path::wire::Account;
use crate::wire::mirror::{Mirror, mirror};

mirror! {
    /// Asks for a user.
    Query = super::Query { user: String }
    /// A user.
    Answer = super::Answer { state: UserState }
    /// The attributes of a user.
    User = super::User {
        uid: u32,
        group: Account,
        groups: Vec<String>,
        home: String,
        shell: String,
        comment: String,
        locked: Option<bool>,
    }
    /// Creates or changes a user.
    SetUser = super::SetUser {
        user: String,
        uid: Option<u32>,
        group: Option<String>,
        groups: Option<Vec<String>>,
        home: Option<String>,
        shell: Option<String>,
        comment: Option<String>,
        locked: Option<bool>,
        system: bool,
        create_home: bool,
        expected: UserState,
    }
    /// Removes a user.
    DropUser = super::DropUser { user: String, keep_group: bool, expected: UserState }
}

/// Whether a user exists.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub enum UserState {
    /// There is no such user.
    Missing,
    /// `/etc/passwd` has the user.
    Present(User),
    /// A name service has the user.
    Elsewhere,
    /// A state of a newer version.
    #[serde(other)]
    Unknown,
}

impl Mirror<super::UserState> for UserState {
    fn from_live(live: super::UserState) -> Self {
        match live {
            super::UserState::Missing => Self::Missing,
            super::UserState::Elsewhere => Self::Elsewhere,
            super::UserState::Present(user) => Self::Present(Mirror::from_live(user)),
        }
    }

    fn into_live(self) -> super::UserState {
        match self {
            Self::Missing => super::UserState::Missing,
            Self::Present(user) => super::UserState::Present(user.into_live()),
            // evenkeel changes neither.
            Self::Elsewhere | Self::Unknown => super::UserState::Elsewhere,
        }
    }
}
