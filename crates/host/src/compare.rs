//! When two standings are the same, when an action's result holds already, and how both are said.
//!
//! One place for all targets, so that none of them takes for changed what another takes for the same.

use super::{Action, Owner, Standing};

/// Whether two standings are the same; owners count by number, since names may be missing.
pub(crate) fn same(one: &Standing, other: &Standing) -> bool {
    let owners = |one: &Owner, other: &Owner| one.id == other.id;
    match (one, other) {
        (
            Standing::File {
                digest,
                mode,
                owner,
                group,
            },
            Standing::File {
                digest: digest_2,
                mode: mode_2,
                owner: owner_2,
                group: group_2,
            },
        ) => {
            digest == digest_2 && mode == mode_2 && owners(owner, owner_2) && owners(group, group_2)
        }
        (
            Standing::Directory { mode, owner, group },
            Standing::Directory {
                mode: mode_2,
                owner: owner_2,
                group: group_2,
            },
        ) => mode == mode_2 && owners(owner, owner_2) && owners(group, group_2),
        (one, other) => one == other,
    }
}

/// A standing in a few words.
pub(crate) fn describe(standing: &Standing) -> String {
    match standing {
        Standing::File {
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
        Standing::Directory { mode, owner, group } => {
            format!("a directory ({mode:04o}, {owner}:{group})")
        }
        Standing::Link { to } => format!("a link to `{to}`"),
        other => other.words().to_owned(),
    }
}

/// Whether the result of an action holds already.
pub(crate) fn is_wanted(action: &Action, found: &Standing) -> bool {
    let is = |wanted: &Option<String>, owner: &Owner| {
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
            Standing::File {
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
            Standing::Directory {
                mode: mode_found,
                owner: owner_found,
                group: group_found,
            },
        ) => mode & 0o7777 == *mode_found && is(owner, owner_found) && is(group, group_found),
        (Action::Link { to, .. }, Standing::Link { to: found }) => to == found,
        (Action::Remove { .. }, Standing::Missing) => true,
        _ => false,
    }
}

/// What a placement expects to find.
pub(crate) fn expected(action: &Action) -> Option<&Standing> {
    match action {
        Action::Directory { expected, .. }
        | Action::File { expected, .. }
        | Action::Link { expected, .. }
        | Action::Remove { expected, .. } => Some(expected),
        _ => None,
    }
}
