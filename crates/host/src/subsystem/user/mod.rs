//! Users: the accounts of `/etc/passwd`, with their groups and the lock of their password.
//!
//! A password or its hash is in no type of this module.

#[cfg(feature = "local")]
mod local;
#[cfg(feature = "testing")]
mod recorded;
pub mod wire;

use serde::{Deserialize, Serialize};

use super::{Seals, Subject};
use crate::Account;

/// Asks for a user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Query {
    /// The name.
    pub user: String,
}

/// A user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// Whether it exists, and its attributes.
    pub state: UserState,
}

/// Whether a user exists.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub enum UserState {
    /// There is no such user.
    Missing,
    /// A name service other than `/etc/passwd` has the user, such as LDAP.
    Elsewhere,
    /// `/etc/passwd` has the user.
    Present(User),
}

impl UserState {
    /// Describes the state in a few words.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Missing => "no user".to_owned(),
            Self::Elsewhere => "a user of a name service".to_owned(),
            Self::Present(user) => format!("a user with uid {}", user.uid),
        }
    }
}

/// The attributes of a user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// The number.
    pub uid: u32,
    /// The primary group.
    pub group: Account,
    /// The other groups that list it as a member, sorted.
    pub groups: Vec<String>,
    /// The home directory.
    pub home: String,
    /// The login shell.
    pub shell: String,
    /// The comment (GECOS).
    pub comment: String,
    /// Whether no password is valid; `None` if that could not be read.
    pub locked: Option<bool>,
}

/// Creates a user, or changes the declared attributes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetUser {
    /// The name.
    pub user: String,
    /// The number.
    pub uid: Option<u32>,
    /// The primary group by name or number; of a new user without one, the group with its name.
    pub group: Option<String>,
    /// All other groups.
    pub groups: Option<Vec<String>>,
    /// The home directory.
    pub home: Option<String>,
    /// The login shell.
    pub shell: Option<String>,
    /// The comment.
    pub comment: Option<String>,
    /// Whether no password is valid.
    pub locked: Option<bool>,
    /// Whether a new user gets a number for system accounts.
    pub system: bool,
    /// Whether a home directory is created with a new user.
    pub create_home: bool,
    /// The expected state.
    pub expected: UserState,
}

/// Removes a user. Its home directory stays.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DropUser {
    /// The name.
    pub user: String,
    /// Whether the group with the user's name stays.
    pub keep_group: bool,
    /// The expected state.
    pub expected: UserState,
}

impl Subject for Query {
    fn subject(&self) -> &str {
        &self.user
    }
}

impl Subject for SetUser {
    fn subject(&self) -> &str {
        &self.user
    }
}

impl Subject for DropUser {
    fn subject(&self) -> &str {
        &self.user
    }
}

impl Seals for Answer {}

impl Seals for SetUser {}

impl Seals for DropUser {}

#[cfg(any(feature = "local", feature = "testing"))]
impl UserState {
    /// Returns whether both are the same user with the same attributes. Memberships, and the number of the primary group, may
    /// change with an earlier step of a group.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        let (Self::Present(one), Self::Present(other)) = (self, other) else {
            return self == other;
        };
        let group = |user: &User| match &user.group.name {
            Some(name) => name.to_string(),
            None => user.group.id.to_string(),
        };
        let rest = |user: &User| User {
            group: Account { id: 0, name: None },
            groups: Vec::new(),
            ..user.clone()
        };
        group(one) == group(other) && rest(one) == rest(other)
    }
}

#[cfg(any(feature = "local", feature = "testing"))]
impl SetUser {
    /// Returns whether a state is the expected one. Memberships count only if the action sets them.
    pub(crate) fn is_expected(&self, found: &UserState) -> bool {
        let groups = |state: &UserState| match state {
            UserState::Present(user) => user.groups.clone(),
            _ => Vec::new(),
        };
        self.expected.is_same(found)
            && (self.groups.is_none() || groups(&self.expected) == groups(found))
    }

    /// Returns the declared attributes that a user does not have, by key.
    pub(crate) fn missing_in(&self, found: &User) -> Vec<&'static str> {
        let differs = |wanted: Option<&String>, found: &str| wanted.is_some_and(|it| it != found);
        let group = self.group.as_deref();
        [
            ("uid", self.uid.is_some_and(|uid| uid != found.uid)),
            ("group", group.is_some_and(|word| !found.group.is(word))),
            (
                "groups",
                self.groups
                    .as_ref()
                    .is_some_and(|groups| *groups != found.groups),
            ),
            ("home", differs(self.home.as_ref(), &found.home)),
            ("shell", differs(self.shell.as_ref(), &found.shell)),
            ("comment", differs(self.comment.as_ref(), &found.comment)),
            (
                "locked",
                self.locked.is_some() && self.locked != found.locked,
            ),
        ]
        .into_iter()
        .filter_map(|(key, differs)| differs.then_some(key))
        .collect()
    }
}
