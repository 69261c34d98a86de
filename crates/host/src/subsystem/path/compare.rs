//! Compares the state of a path with another state and with the result of an action.
//!
//! All targets share this code, so they agree on what counts as changed.

use super::{Account, PathState, Placement};

/// Returns whether two states are equal; owners are compared by number, since names may be missing.
pub(crate) fn same(one: &PathState, other: &PathState) -> bool {
    let owners = |one: &Account, other: &Account| one.id == other.id;
    match (one, other) {
        (
            PathState::File {
                digest,
                mode,
                owner,
                group,
            },
            PathState::File {
                digest: digest_2,
                mode: mode_2,
                owner: owner_2,
                group: group_2,
            },
        ) => {
            digest == digest_2 && mode == mode_2 && owners(owner, owner_2) && owners(group, group_2)
        }
        (
            PathState::Directory { mode, owner, group },
            PathState::Directory {
                mode: mode_2,
                owner: owner_2,
                group: group_2,
            },
        ) => mode == mode_2 && owners(owner, owner_2) && owners(group, group_2),
        (one, other) => one == other,
    }
}

/// Describes a state in a few words.
pub(crate) fn describe(standing: &PathState) -> String {
    match standing {
        PathState::File {
            digest,
            mode,
            owner,
            group,
        } => {
            format!(
                "a file ({mode:04o}, {owner}:{group}, content {})",
                digest.short()
            )
        }
        PathState::Directory { mode, owner, group } => {
            format!("a directory ({mode:04o}, {owner}:{group})")
        }
        PathState::Link { to } => format!("a link to `{to}`"),
        other => other.words().to_owned(),
    }
}

/// Returns whether the result of an action already holds.
pub(crate) fn is_wanted(action: Placement<'_>, found: &PathState) -> bool {
    let is = |wanted: &Option<String>, owner: &Account| {
        wanted.as_deref().is_none_or(|word| owner.is(word))
    };
    match (action, found) {
        (
            Placement::File(wanted),
            PathState::File {
                digest,
                mode,
                owner,
                group,
            },
        ) => {
            wanted.content == *digest
                && wanted.mode & 0o7777 == *mode
                && is(&wanted.owner, owner)
                && is(&wanted.group, group)
        }
        (Placement::Directory(wanted), PathState::Directory { mode, owner, group }) => {
            wanted.mode & 0o7777 == *mode && is(&wanted.owner, owner) && is(&wanted.group, group)
        }
        (Placement::Link(wanted), PathState::Link { to }) => wanted.to == *to,
        (Placement::Remove(_), PathState::Missing) => true,
        _ => false,
    }
}
