//! When two standings are the same, when an action's result holds already, and how both are said.
//!
//! One place for all targets, so that none of them takes for changed what another takes for the same.

use super::{Account, Action, PathState};

/// Whether two standings are the same; owners count by number, since names may be missing.
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

/// A standing in a few words.
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

/// Whether the result of an action holds already.
pub(crate) fn is_wanted(action: &Action, found: &PathState) -> bool {
    let is = |wanted: &Option<String>, owner: &Account| {
        wanted.as_deref().is_none_or(|word| owner.is(word))
    };
    match (action, found) {
        (
            Action::File {
                content,
                mode,
                owner,
                group,
                ..
            },
            PathState::File {
                digest,
                mode: mode_found,
                owner: owner_found,
                group: group_found,
            },
        ) => {
            content == digest
                && mode & 0o7777 == *mode_found
                && is(owner, owner_found)
                && is(group, group_found)
        }
        (
            Action::Directory {
                mode, owner, group, ..
            },
            PathState::Directory {
                mode: mode_found,
                owner: owner_found,
                group: group_found,
            },
        ) => mode & 0o7777 == *mode_found && is(owner, owner_found) && is(group, group_found),
        (Action::Link { to, .. }, PathState::Link { to: found }) => to == found,
        (Action::Remove { .. }, PathState::Missing) => true,
        _ => false,
    }
}

/// What a placement expects to find.
pub(crate) fn expected(action: &Action) -> Option<&PathState> {
    match action {
        Action::Directory { expected, .. }
        | Action::File { expected, .. }
        | Action::Link { expected, .. }
        | Action::Remove { expected, .. } => Some(expected),
        _ => None,
    }
}
