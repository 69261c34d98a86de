//! The part of a target in memory: the same conditions and messages as on this machine.

use super::{Answer, DropUser, Query, SetUser, User, UserState};
use crate::group::Group;
use crate::port::Outcome;
use crate::recorded::{Kit, Recorded, RecordedHost, broken, changed, failed, noted};
use crate::subsystem::Action;
use crate::{Account, Performed};
use evenkeel_model::Sealer;

impl Recorded for Query {
    fn answer(&self, host: &RecordedHost, _: &Sealer) -> crate::Answer {
        Answer {
            state: host.user(&self.user),
        }
        .into()
    }

    fn perform(action: &Action, host: &mut RecordedHost, _: &Kit<'_>) -> Outcome {
        match action {
            Action::SetUser(wanted) => host.set_user(wanted),
            Action::DropUser(wanted) => host.drop_user(wanted),
            other => broken(other),
        }
    }
}

impl RecordedHost {
    /// Returns a user.
    #[must_use]
    pub fn user(&self, name: &str) -> UserState {
        let Some(user) = self.users.get(name) else {
            return UserState::Missing;
        };
        let mut user = user.clone();
        user.groups = self
            .groups
            .iter()
            .filter(|(_, group)| group.members.iter().any(|member| member == name))
            .map(|(group, _)| group.clone())
            .collect();
        UserState::Present(user)
    }

    /// Returns a group by name or number, with its number.
    fn account(&self, word: &str) -> Option<Account> {
        let number = word.parse().ok();
        self.groups
            .iter()
            .find(|(name, group)| *name == word || Some(group.gid) == number)
            .map(|(name, group)| Account {
                id: group.gid,
                name: Some(name.as_str().into()),
            })
    }

    fn set_user(&mut self, wanted: &SetUser) -> Outcome {
        let name = &wanted.user;
        let found = self.user(name);
        if let UserState::Present(present) = &found
            && wanted.missing_in(present).is_empty()
        {
            return Ok(noted("already so"));
        }
        if !wanted.is_expected(&found) {
            return Err(changed(
                &format!("user {name}"),
                wanted.expected.words(),
                found.words(),
            ));
        }
        if let Some(uid) = wanted.uid
            && self
                .users
                .iter()
                .any(|(other, user)| user.uid == uid && other != name)
        {
            return Err(failed(name, format!("uid {uid} belongs to another user")));
        }
        let mut groups = wanted.groups.iter().flatten().chain(&wanted.group);
        if let Some(group) = groups.find(|group| self.account(group).is_none()) {
            return Err(failed(name, format!("no group `{group}` in /etc/group")));
        }
        let mut user = match found {
            UserState::Present(user) => user,
            _ => {
                let uid = wanted.uid.unwrap_or_else(|| {
                    let first = if wanted.system { 100 } else { 1000 };
                    let used = |number: &u32| self.users.values().any(|it| it.uid == *number);
                    (first..u32::MAX)
                        .find(|number| !used(number))
                        .unwrap_or(first)
                });
                if wanted.group.is_none() && self.account(name).is_none() {
                    let group = Group {
                        gid: uid,
                        members: Vec::new(),
                    };
                    self.groups.insert(name.clone(), group);
                }
                let word = wanted.group.as_ref().unwrap_or(name);
                User {
                    uid,
                    group: self.account(word).unwrap_or_else(crate::recorded::root),
                    groups: Vec::new(),
                    home: format!("/home/{name}"),
                    shell: "/bin/sh".to_owned(),
                    comment: String::new(),
                    locked: Some(true),
                }
            }
        };
        user.uid = wanted.uid.unwrap_or(user.uid);
        if let Some(group) = wanted.group.as_ref().and_then(|word| self.account(word)) {
            user.group = group;
        }
        for (to, from) in [
            (&mut user.home, &wanted.home),
            (&mut user.shell, &wanted.shell),
            (&mut user.comment, &wanted.comment),
        ] {
            if let Some(from) = from {
                to.clone_from(from);
            }
        }
        user.locked = wanted.locked.or(user.locked);
        if let Some(groups) = &wanted.groups {
            for (group, found) in &mut self.groups {
                found.members.retain(|member| member != name);
                if groups.contains(group) {
                    found.members.push(name.clone());
                    found.members.sort_unstable();
                }
            }
        }
        self.users.insert(name.clone(), user);
        Ok(Performed::default())
    }

    fn drop_user(&mut self, wanted: &DropUser) -> Outcome {
        let name = &wanted.user;
        let found = self.user(name);
        if found == UserState::Missing {
            return Ok(noted("already so"));
        }
        if !wanted.expected.is_same(&found) {
            return Err(changed(
                &format!("user {name}"),
                wanted.expected.words(),
                found.words(),
            ));
        }
        self.users.remove(name);
        for group in self.groups.values_mut() {
            group.members.retain(|member| member != name);
        }
        let is_shared = self
            .users
            .values()
            .any(|user| user.group.name.as_deref() == Some(name));
        if !wanted.keep_group && !is_shared {
            self.groups.remove(name);
        }
        Ok(Performed::default())
    }
}
