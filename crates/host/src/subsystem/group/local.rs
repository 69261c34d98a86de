//! The local part: reads the files of accounts, and changes groups through `groupadd`, `groupmod`, `gpasswd` and
//! `groupdel`.

use std::collections::BTreeSet;

use super::{Answer, DropGroup, GroupState, Query, SetGroup};
use crate::local::accounts::{Accounts, change, exclusively, known_elsewhere};
use crate::local::tool::Tool;
use crate::local::{Found, Local, LocalTarget, Work, failed, unreadable};
use crate::port::Outcome;
use crate::subsystem::Action;
use crate::{ActionError, Performed};

/// The database of the name service.
const DATABASE: &str = "group";

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
            .map(|(_, query)| query.group.as_str())
            .filter(|name| accounts.group(name) == GroupState::Missing)
            .collect();
        let elsewhere = known_elsewhere(DATABASE, &absent);
        for (number, query) in asked {
            let answer = match (accounts.group(&query.group), &elsewhere) {
                (GroupState::Missing, Err(reason)) => unreadable(reason.clone()),
                (GroupState::Missing, Ok(known)) if known.contains(&query.group) => Answer {
                    state: GroupState::Elsewhere,
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
                    Action::SetGroup(wanted) => set(wanted),
                    Action::DropGroup(wanted) => drop_group(wanted),
                    other => Err(crate::local::broken(other)),
                };
                (*number, outcome)
            })
            .collect()
    }
}

/// Returns a group, by the file and then by the name service.
fn look(group: &str) -> Result<(Accounts, GroupState), ActionError> {
    let unread = |reason: String| failed("read group", group, reason);
    let accounts = Accounts::read().map_err(unread)?;
    let mut state = accounts.group(group);
    if state == GroupState::Missing {
        let known = known_elsewhere(DATABASE, &[group].into()).map_err(unread)?;
        if known.contains(group) {
            state = GroupState::Elsewhere;
        }
    }
    Ok((accounts, state))
}

fn other(group: &str, expected: &GroupState, found: &GroupState) -> ActionError {
    ActionError::Changed {
        path: format!("group {group}"),
        expected: expected.words(),
        found: found.words(),
    }
}

fn set(wanted: &SetGroup) -> Outcome {
    let name = wanted.group.as_str();
    let (accounts, found) = look(name)?;
    if wanted.is_met_by(&found) {
        return Ok(Performed {
            note: Some("already so".to_owned()),
        });
    }
    if !wanted.is_expected(&found) {
        return Err(other(name, &wanted.expected, &found));
    }
    let refused = |reason: String| failed("change group", name, reason);
    if let Some(gid) = wanted.gid
        && let Some(owner) = accounts.group_name(gid).filter(|owner| *owner != name)
    {
        return Err(refused(format!(
            "gid {gid} belongs to group `{owner}`: declare another number"
        )));
    }
    for member in wanted.members.iter().flatten() {
        if !accounts.users.contains_key(member) {
            return Err(refused(format!(
                "no user `{member}` in /etc/passwd: declare it as a user resource, and refer to it"
            )));
        }
    }
    let gid = wanted.gid.map(|gid| gid.to_string());
    match &found {
        GroupState::Elsewhere => {
            return Err(refused(
                "a name service other than /etc/group has this group, and evenkeel cannot change it there".to_owned(),
            ));
        }
        GroupState::Missing => {
            let mut tool = Tool::new("groupadd");
            if let Some(gid) = &gid {
                tool = tool.arg("--gid").arg(gid);
            }
            if wanted.system {
                tool = tool.arg("--system");
            }
            change(tool.arg("--").arg(name)).map_err(refused)?;
        }
        GroupState::Present(present) if wanted.gid.is_some_and(|gid| gid != present.gid) => {
            let tool = Tool::new("groupmod").arg("--gid").args(&gid);
            change(tool.arg("--").arg(name)).map_err(refused)?;
        }
        GroupState::Present(_) => {}
    }
    if let Some(members) = &wanted.members {
        let is_met = matches!(look(name)?.1, GroupState::Present(now) if now.members == *members);
        if !is_met {
            let tool = Tool::new("gpasswd").arg("--members").arg(members.join(","));
            change(tool.arg("--").arg(name)).map_err(refused)?;
        }
    }
    let (_, now) = look(name)?;
    if wanted.is_met_by(&now) {
        return Ok(Performed::default());
    }
    Err(refused(format!("after the change, found {}", now.words())))
}

fn drop_group(wanted: &DropGroup) -> Outcome {
    let name = wanted.group.as_str();
    let (accounts, found) = look(name)?;
    if found == GroupState::Missing {
        return Ok(Performed {
            note: Some("already so".to_owned()),
        });
    }
    if !wanted.is_expected(&found) {
        return Err(other(name, &wanted.expected, &found));
    }
    let refused = |reason: String| failed("remove group", name, reason);
    let GroupState::Present(present) = &found else {
        return Err(refused(
            "a name service other than /etc/group has this group, and evenkeel cannot remove it there".to_owned(),
        ));
    };
    if present.gid == 0 {
        return Err(refused(
            "it has gid 0, and evenkeel never removes the administrator's group".to_owned(),
        ));
    }
    if let Some(user) = accounts.user_of(present.gid) {
        return Err(refused(format!(
            "it is the primary group of user `{user}`: remove that user, or give it another group"
        )));
    }
    change(Tool::new("groupdel").arg("--").arg(name)).map_err(refused)?;
    match look(name)?.1 {
        GroupState::Missing => Ok(Performed::default()),
        other => Err(refused(format!(
            "after the removal, found {}",
            other.words()
        ))),
    }
}
