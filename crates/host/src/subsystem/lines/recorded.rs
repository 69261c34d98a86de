//! The part of a target in memory: the same conditions and messages as on this machine.

use super::{Answer, DropLines, LinesState, Place, Query, SetLines, Wanted, edit};
use crate::port::Outcome;
use crate::recorded::{
    Kit, Recorded, RecordedHost, Thing, broken, changed, failed, noted, root, unreadable,
};
use crate::subsystem::{Action, Subject as _};
use crate::user::UserState;
use crate::{Account, ActionError, PathState, Performed};
use evenkeel_model::Sealer;

impl Recorded for Query {
    fn answer(&self, host: &RecordedHost, _: &Sealer) -> crate::Answer {
        match host.lines(&self.file, &self.wanted) {
            Ok((state, _)) => Answer { state }.into(),
            Err(reason) => unreadable(reason),
        }
    }

    fn perform(action: &Action, host: &mut RecordedHost, _: &Kit<'_>) -> Outcome {
        match action {
            Action::SetLines(wanted) => host.set_lines(wanted),
            Action::DropLines(wanted) => host.drop_lines(wanted),
            other => broken(other),
        }
    }
}

/// A file with its content, mode and owners, and its path.
type Old = (String, Option<Thing>);

impl RecordedHost {
    fn lines(&self, file: &Place, wanted: &Wanted) -> Result<(LinesState, Old), String> {
        let path = match file {
            Place::Path(path) => path.clone(),
            Place::KeysOf(user) => match self.user(user) {
                UserState::Present(user) => format!("{}/.ssh/authorized_keys", user.home),
                _ => return Ok((LinesState::NoUser, (String::new(), None))),
            },
        };
        match self.standing(&path, None)? {
            PathState::Missing => Ok((LinesState::NoFile, (path, None))),
            PathState::File { .. } => {
                let thing = self.things.get(&path).map(|(thing, _)| thing.clone());
                let bytes = match &thing {
                    Some(Thing::File { bytes, .. }) => &bytes[..],
                    _ => &[],
                };
                let state = edit::look(bytes, wanted)?;
                Ok((state, (path, thing)))
            }
            PathState::Link { .. } => Err("it is a symbolic link".into()),
            other => Err(format!("it is {}", other.words())),
        }
    }

    fn set_lines(&mut self, action: &SetLines) -> Outcome {
        let subject = action.file.subject();
        let refused = |reason: String| failed(subject, reason);
        let (state, (path, old)) = self.lines(&action.file, &action.wanted).map_err(refused)?;
        if edit::is_met(&state, &action.wanted) {
            return Ok(noted("already so"));
        }
        check(subject, &action.expected, &state)?;
        if state == LinesState::NoUser {
            return Err(refused("no user".into()));
        }
        if old.is_none() && !action.create {
            return Err(refused("the file does not exist".into()));
        }
        let bytes = match &old {
            Some(Thing::File { bytes, .. }) => &bytes[..],
            _ => &[],
        };
        let new = edit::put(bytes, action).map_err(refused)?;
        let account = match &action.file {
            Place::KeysOf(user) => self.users.get(user).map(|found| {
                let name = Some(user.as_str().into());
                let owner = Account {
                    id: found.uid,
                    name,
                };
                (owner, found.group.clone())
            }),
            Place::Path(_) => None,
        };
        if old.is_none() {
            let parent = path.rsplit_once('/').map_or("", |(parent, _)| parent);
            match (&account, self.standing(parent, None)) {
                (_, Ok(PathState::Directory { .. })) => {}
                (Some((owner, group)), Ok(PathState::Missing)) => {
                    let (owner, group) = (owner.clone(), group.clone());
                    let mode = 0o700;
                    self.put(parent, Thing::Directory { mode, owner, group });
                }
                _ => return Err(refused(format!("directory `{parent}` not found"))),
            }
        }
        self.replace(&path, old, new, account);
        Ok(Performed::default())
    }

    fn drop_lines(&mut self, action: &DropLines) -> Outcome {
        let subject = action.file.subject();
        let refused = |reason: String| failed(subject, reason);
        let (state, (path, old)) = self.lines(&action.file, &action.wanted).map_err(refused)?;
        if state.found().is_empty() {
            return Ok(noted("already so"));
        }
        check(subject, &action.expected, &state)?;
        if let Some(Thing::File { bytes, .. }) = &old {
            let new = edit::take(bytes, action).map_err(refused)?;
            self.replace(&path, old, new, None);
        }
        Ok(Performed::default())
    }

    fn replace(
        &mut self,
        path: &str,
        old: Option<Thing>,
        new: Vec<u8>,
        account: Option<(Account, Account)>,
    ) {
        let (mode, owner, group) = match (old, account) {
            (
                Some(Thing::File {
                    mode, owner, group, ..
                }),
                _,
            ) => (mode, owner, group),
            (_, Some((owner, group))) => (0o600, owner, group),
            _ => (0o644, root(), root()),
        };
        let bytes = new.into();
        self.put(
            path,
            Thing::File {
                bytes,
                mode,
                owner,
                group,
            },
        );
    }
}

fn check(subject: &str, expected: &LinesState, found: &LinesState) -> Result<(), ActionError> {
    if expected.is_same(found) {
        return Ok(());
    }
    Err(changed(subject, expected.words(), found.words()))
}
