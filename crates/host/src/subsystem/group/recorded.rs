//! The part of a target in memory: the same conditions and messages as on this machine.

use super::{Answer, DropGroup, Group, GroupState, Query, SetGroup};
use crate::Performed;
use crate::port::Outcome;
use crate::recorded::{Kit, Recorded, RecordedHost, broken, changed, failed, noted};
use crate::subsystem::Action;
use evenkeel_model::Sealer;

impl Recorded for Query {
    fn answer(&self, host: &RecordedHost, _: &Sealer) -> crate::Answer {
        Answer {
            state: host.group(&self.group),
        }
        .into()
    }

    fn perform(action: &Action, host: &mut RecordedHost, _: &Kit<'_>) -> Outcome {
        match action {
            Action::SetGroup(wanted) => host.set_group(wanted),
            Action::DropGroup(wanted) => host.drop_group(wanted),
            other => broken(other),
        }
    }
}

impl RecordedHost {
    /// Returns a group.
    #[must_use]
    pub fn group(&self, name: &str) -> GroupState {
        let group = self.groups.get(name).cloned();
        group.map_or(GroupState::Missing, GroupState::Present)
    }

    fn set_group(&mut self, wanted: &SetGroup) -> Outcome {
        let name = &wanted.group;
        let found = self.group(name);
        if wanted.is_met_by(&found) {
            return Ok(noted("already so"));
        }
        if !wanted.is_expected(&found) {
            return Err(changed(
                &format!("group {name}"),
                wanted.expected.words(),
                found.words(),
            ));
        }
        if let Some(gid) = wanted.gid
            && self
                .groups
                .iter()
                .any(|(other, group)| group.gid == gid && other != name)
        {
            return Err(failed(name, format!("gid {gid} belongs to another group")));
        }
        let mut members = wanted.members.iter().flatten();
        if let Some(member) = members.find(|member| !self.users.contains_key(*member)) {
            return Err(failed(name, format!("no user `{member}` in /etc/passwd")));
        }
        let first = if wanted.system { 100 } else { 1000 };
        let free = (first..u32::MAX)
            .find(|number| self.groups.values().all(|group| group.gid != *number))
            .unwrap_or(first);
        let group = self.groups.entry(name.clone()).or_insert(Group {
            gid: wanted.gid.unwrap_or(free),
            members: Vec::new(),
        });
        group.gid = wanted.gid.unwrap_or(group.gid);
        if let Some(members) = &wanted.members {
            group.members.clone_from(members);
        }
        let gid = group.gid;
        for user in self.users.values_mut() {
            if user.group.name.as_deref() == Some(name) {
                user.group.id = gid;
            }
        }
        Ok(Performed::default())
    }

    fn drop_group(&mut self, wanted: &DropGroup) -> Outcome {
        let name = &wanted.group;
        let found = self.group(name);
        if found == GroupState::Missing {
            return Ok(noted("already so"));
        }
        if !wanted.is_expected(&found) {
            return Err(changed(
                &format!("group {name}"),
                wanted.expected.words(),
                found.words(),
            ));
        }
        let mut users = self.users.iter();
        if let Some((user, _)) =
            users.find(|(_, user)| user.group.name.as_deref() == Some(name.as_str()))
        {
            return Err(failed(name, format!("it is the primary group of `{user}`")));
        }
        self.groups.remove(name);
        Ok(Performed::default())
    }
}
