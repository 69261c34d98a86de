//! The local part: reads the files of accounts, and changes users through `useradd`, `usermod` and `userdel`.

use std::collections::BTreeSet;

use super::{Answer, DropUser, Query, SetUser, User, UserState};
use crate::group::GroupState;
use crate::local::accounts::{Accounts, change, exclusively, known_elsewhere};
use crate::local::tool::Tool;
use crate::local::{Found, Local, LocalTarget, Work, failed, unreadable};
use crate::port::Outcome;
use crate::subsystem::Action;
use crate::{ActionError, Performed};

/// The database of the name service.
const DATABASE: &str = "passwd";

impl Local for Query {
    fn observe(_: &LocalTarget, asked: &[(usize, &Self)], found: Found<'_>) {
        if asked.is_empty() {
            return;
        }
        let accounts = match Accounts::read() {
            Ok(accounts) => accounts,
            Err(reason) => {
                for (number, _) in asked {
                    found(*number, unreadable(reason.clone()));
                }
                return;
            }
        };
        let absent: BTreeSet<&str> = asked
            .iter()
            .map(|(_, query)| query.user.as_str())
            .filter(|name| !accounts.users.contains_key(*name))
            .collect();
        let elsewhere = known_elsewhere(DATABASE, &absent);
        for (number, query) in asked {
            let answer = match (accounts.user(&query.user), &elsewhere) {
                (UserState::Missing, Err(reason)) => unreadable(reason.clone()),
                (UserState::Missing, Ok(known)) if known.contains(&query.user) => Answer {
                    state: UserState::Elsewhere,
                }
                .into(),
                (state, _) => Answer { state }.into(),
            };
            found(*number, answer);
        }
    }

    fn perform(work: &Work<'_>, actions: &[(usize, &Action)]) -> Vec<(usize, Outcome)> {
        let _guard = exclusively();
        actions
            .iter()
            .map(|(number, action)| {
                let outcome = match action {
                    _ if work.interruption.is_set() => Err(ActionError::Interrupted),
                    Action::SetUser(wanted) => set(wanted),
                    Action::DropUser(wanted) => drop_user(wanted),
                    other => Err(crate::local::broken(other)),
                };
                (*number, outcome)
            })
            .collect()
    }
}

/// Returns a user, by the files and then by the name service.
fn look(user: &str) -> Result<(Accounts, UserState), ActionError> {
    let unread = |reason: String| failed("read user", user, reason);
    let accounts = Accounts::read().map_err(unread)?;
    let mut state = accounts.user(user);
    if state == UserState::Missing {
        let known = known_elsewhere(DATABASE, &[user].into()).map_err(unread)?;
        if known.contains(user) {
            state = UserState::Elsewhere;
        }
    }
    Ok((accounts, state))
}

fn other(user: &str, expected: &UserState, found: &UserState) -> ActionError {
    ActionError::Changed {
        path: format!("user {user}"),
        expected: expected.words(),
        found: if expected.words() == found.words() {
            "other attributes".to_owned()
        } else {
            found.words()
        },
    }
}

fn set(wanted: &SetUser) -> Outcome {
    let user = wanted.user.as_str();
    let (accounts, found) = look(user)?;
    if let UserState::Present(present) = &found
        && wanted.missing_in(present).is_empty()
    {
        return Ok(Performed {
            note: Some("already so".to_owned()),
        });
    }
    if !wanted.is_expected(&found) {
        return Err(other(user, &wanted.expected, &found));
    }
    let refused = |reason: String| failed("change user", user, reason);
    if let Some(uid) = wanted.uid
        && let Some(owner) = accounts.user_name(uid).filter(|owner| *owner != user)
    {
        return Err(refused(format!(
            "uid {uid} belongs to user `{owner}`: declare another number"
        )));
    }
    let groups = wanted.groups.iter().flatten().chain(&wanted.group);
    for group in groups {
        if !accounts.has_group(group) {
            return Err(refused(format!(
                "no group `{group}` in /etc/group: declare it as a group resource, and refer to it"
            )));
        }
    }
    match &found {
        UserState::Elsewhere => Err(refused(
            "a name service other than /etc/passwd has this user, and evenkeel cannot change it there".to_owned(),
        )),
        UserState::Missing => create(wanted, &accounts).map_err(refused),
        UserState::Present(present) => modify(wanted, present).map_err(refused),
    }?;
    let (_, now) = look(user)?;
    match now {
        UserState::Present(now) => {
            let missing = wanted.missing_in(&now);
            if missing.is_empty() {
                return Ok(Performed::default());
            }
            Err(refused(format!(
                "after the change, it still differs in `{}`",
                missing.join("`, `")
            )))
        }
        other => Err(refused(format!(
            "after the change, found {}",
            other.words()
        ))),
    }
}

fn create(wanted: &SetUser, accounts: &Accounts) -> Result<(), String> {
    let user = wanted.user.as_str();
    let mut tool = Tool::new("useradd");
    if let Some(uid) = wanted.uid {
        tool = tool.arg("--uid").arg(uid.to_string());
    }
    tool = match &wanted.group {
        Some(group) => tool.arg("--gid").arg(group),
        None if accounts.group(user) != GroupState::Missing => tool.arg("--gid").arg(user),
        None => tool.arg("--user-group"),
    };
    if let Some(groups) = &wanted.groups {
        tool = tool.arg("--groups").arg(groups.join(","));
    }
    for (option, value) in [
        ("--home-dir", &wanted.home),
        ("--shell", &wanted.shell),
        ("--comment", &wanted.comment),
    ] {
        if let Some(value) = value {
            tool = tool.arg(option).arg(value);
        }
    }
    if wanted.system {
        tool = tool.arg("--system");
    }
    tool = tool.arg(if wanted.create_home {
        "--create-home"
    } else {
        "--no-create-home"
    });
    change(tool.arg("--").arg(user))?;
    if wanted.locked == Some(false) {
        unlock(user)?;
    }
    Ok(())
}

fn modify(wanted: &SetUser, found: &User) -> Result<(), String> {
    let user = wanted.user.as_str();
    let missing = wanted.missing_in(found);
    let mut tool = Tool::new("usermod");
    let mut has_options = false;
    let uid = wanted.uid.map(|uid| uid.to_string());
    let groups = wanted.groups.as_ref().map(|groups| groups.join(","));
    for (key, option, value) in [
        ("uid", "--uid", &uid),
        ("group", "--gid", &wanted.group),
        ("groups", "--groups", &groups),
        ("home", "--home", &wanted.home),
        ("shell", "--shell", &wanted.shell),
        ("comment", "--comment", &wanted.comment),
    ] {
        if let (true, Some(value)) = (missing.contains(&key), value) {
            tool = tool.arg(option).arg(value);
            has_options = true;
        }
    }
    if missing.contains(&"locked") && wanted.locked == Some(true) {
        tool = tool.arg("--lock");
        has_options = true;
    }
    if has_options {
        change(tool.arg("--").arg(user))?;
    }
    if missing.contains(&"locked") && wanted.locked == Some(false) {
        unlock(user)?;
    }
    Ok(())
}

fn unlock(user: &str) -> Result<(), String> {
    let is_unlocked = || {
        let is_unlocked = |state| {
            matches!(
                state,
                UserState::Present(User {
                    locked: Some(false),
                    ..
                })
            )
        };
        Accounts::read().map(|accounts| is_unlocked(accounts.user(user)))
    };
    if is_unlocked()? {
        return Ok(());
    }
    // Without a password the program changes nothing, and some versions report success.
    let changed = change(Tool::new("usermod").arg("--unlock").arg("--").arg(user));
    if is_unlocked()? {
        return Ok(());
    }
    let reason = changed
        .err()
        .map_or(String::new(), |reason| format!(" ({reason})"));
    Err(format!(
        "the password cannot be unlocked: set one with `passwd {user}`, then run this again{reason}"
    ))
}

fn drop_user(wanted: &DropUser) -> Outcome {
    let user = wanted.user.as_str();
    let (accounts, found) = look(user)?;
    if found == UserState::Missing {
        return Ok(Performed {
            note: Some("already so".to_owned()),
        });
    }
    if !wanted.expected.is_same(&found) {
        return Err(other(user, &wanted.expected, &found));
    }
    let refused = |reason: String| failed("remove user", user, reason);
    let UserState::Present(present) = &found else {
        return Err(refused(
            "a name service other than /etc/passwd has this user, and evenkeel cannot remove it there".to_owned(),
        ));
    };
    if present.uid == 0 {
        return Err(refused(
            "it has uid 0, and evenkeel never removes the administrator".to_owned(),
        ));
    }
    change(Tool::new("userdel").arg("--").arg(user)).map_err(refused)?;
    if let (true, GroupState::Present(group)) = (wanted.keep_group, accounts.group(user)) {
        restore_group(user, group.gid).map_err(refused)?;
    }
    match look(user)?.1 {
        UserState::Missing => Ok(Performed::default()),
        other => Err(refused(format!(
            "after the removal, found {}",
            other.words()
        ))),
    }
}

/// Creates the group again if `userdel` removed it with its user: another resource declares it.
fn restore_group(name: &str, gid: u32) -> Result<(), String> {
    if Accounts::read()?.group(name) != GroupState::Missing {
        return Ok(());
    }
    let tool = Tool::new("groupadd").arg("--gid").arg(gid.to_string());
    change(tool.arg("--").arg(name))
}
