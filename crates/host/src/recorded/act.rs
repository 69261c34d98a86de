//! What each action does to a target in memory: with the same conditions, and the same words, as on this machine.

use std::cmp::Reverse;

use super::world::{Installed, Process, RecordedHost, Thing, root};
use crate::action::Running;
use crate::compare::{describe, expected, is_wanted, same};
use crate::{Account, Action, ActionError, Materials, PathState, Performed, Text};
use evenkeel_model::{Digest, Sealer};

type Outcome = Result<Performed, ActionError>;

/// What an action is about: a path, an installation's directory, or a record file.
pub(super) fn path(action: &Action) -> &str {
    match action {
        Action::Directory { path, .. }
        | Action::File { path, .. }
        | Action::Link { path, .. }
        | Action::Remove { path, .. } => path,
        Action::Install { into, .. } | Action::Uninstall { into, .. } => into,
        Action::Start { record, .. } | Action::Stop { record, .. } => record,
    }
}

pub(super) fn failed(action: &Action, reason: impl Into<String>) -> ActionError {
    ActionError::Failed {
        operation: "perform".to_owned(),
        path: path(action).to_owned(),
        reason: reason.into(),
    }
}

fn changed(action: &Action, expected: String, found: String) -> ActionError {
    ActionError::Changed {
        path: path(action).to_owned(),
        expected,
        found,
    }
}

fn noted(note: impl Into<String>) -> Performed {
    Performed {
        note: Some(note.into()),
    }
}

impl RecordedHost {
    pub(super) fn perform(
        &mut self,
        action: &Action,
        sealer: &Sealer,
        materials: &dyn Materials,
    ) -> Outcome {
        match action {
            Action::Install {
                into,
                artifact,
                keep,
                expected,
            } => self.install(action, into, *artifact, *keep, expected.as_ref(), materials),
            Action::Uninstall { into, expected } => self.uninstall(action, into, expected.as_ref()),
            Action::Start { .. } => self.start(action, materials),
            Action::Stop {
                record, expected, ..
            } => self.stop(action, record, expected.as_ref()),
            _ => self.place(action, sealer, materials),
        }
    }

    fn place(&mut self, action: &Action, sealer: &Sealer, materials: &dyn Materials) -> Outcome {
        let path = path(action);
        let secret = matches!(
            action,
            Action::File { sealed: true, .. } | Action::Remove { sealed: true, .. }
        );
        let look = |sealed: bool| {
            self.standing(path, sealed.then_some(sealer))
                .map_err(|reason| failed(action, reason))
        };
        let found = look(secret)?;
        if is_wanted(action, &found) {
            return Ok(noted("already so"));
        }
        let expected = expected(action).unwrap_or(&PathState::Missing);
        let either = matches!(action, Action::Link { .. }) && same(expected, &look(true)?);
        if !same(expected, &found) && !either {
            return Err(changed(action, describe(expected), describe(&found)));
        }
        self.parent(action)?;
        match action {
            Action::Remove { .. } if !self.names(path).is_empty() => {
                return Err(failed(
                    action,
                    "the directory is not empty: remove what is in it first",
                ));
            }
            Action::Remove { .. } => {
                self.things.remove(path);
                return Ok(Performed::default());
            }
            Action::Directory { .. }
                if !matches!(found, PathState::Missing | PathState::Directory { .. }) =>
            {
                return Err(failed(
                    action,
                    format!("{} stands there, which is not replaced", found.words()),
                ));
            }
            Action::File { .. } | Action::Link { .. }
                if matches!(found, PathState::Directory { .. }) =>
            {
                return Err(failed(
                    action,
                    "a directory stands there, which is not replaced",
                ));
            }
            _ => {}
        }
        let thing = made(action, &found, sealer, materials)?;
        self.put(path, thing);
        Ok(Performed::default())
    }

    fn parent(&mut self, action: &Action) -> Result<(), ActionError> {
        let parent = std::path::Path::new(path(action))
            .parent()
            .map(|parent| parent.to_string_lossy().into_owned());
        let Some(parent) = parent else { return Ok(()) };
        match self.standing(&parent, None) {
            Ok(PathState::Directory { .. }) => Ok(()),
            Ok(PathState::Missing) if matches!(action, Action::Directory { .. }) => {
                let above: Vec<String> = std::path::Path::new(&parent)
                    .ancestors()
                    .map(|each| each.to_string_lossy().into_owned())
                    .take_while(|each| self.standing(each, None) == Ok(PathState::Missing))
                    .collect();
                for each in above {
                    self.put_directory(&each, 0o755);
                }
                Ok(())
            }
            _ => Err(failed(
                action,
                format!(
                    "there is no directory `{parent}`: it must be there first, declare it as a directory"
                ),
            )),
        }
    }

    fn install(
        &mut self,
        action: &Action,
        into: &str,
        artifact: Digest,
        keep: u32,
        expected: Option<&Digest>,
        materials: &dyn Materials,
    ) -> Outcome {
        if !matches!(self.standing(into, None), Ok(PathState::Directory { .. })) {
            return Err(failed(
                action,
                format!("there is no directory `{into}`: it must be there first"),
            ));
        }
        let installed = self.installations.get(into).cloned().unwrap_or_default();
        let whole = installed
            .releases
            .get(&artifact)
            .is_some_and(|(actual, _)| *actual == artifact);
        if installed.current == Some(artifact) && whole {
            return Ok(noted("already so"));
        }
        if installed.current.as_ref() != expected {
            return Err(release_changed(
                action,
                expected,
                installed.current.as_ref(),
            ));
        }
        if !whole && materials.artifact(&artifact).is_none() {
            return Err(failed(
                action,
                "the artifact is not at hand: build it, then plan again",
            ));
        }
        let now = self.now();
        let Installed {
            current: previous,
            mut releases,
            ..
        } = installed;
        if !whole {
            releases.insert(artifact, (artifact, self.ticks));
        }
        let mut others: Vec<_> = releases
            .iter()
            .filter(|(digest, _)| **digest != artifact)
            .map(|(digest, (_, came))| (Some(*digest) == previous, *came, *digest))
            .collect();
        others.sort_by_key(|other| Reverse(*other));
        for (_, _, digest) in others.into_iter().skip(
            usize::try_from(keep)
                .unwrap_or(usize::MAX)
                .saturating_sub(1),
        ) {
            releases.remove(&digest);
        }
        let current = Some(artifact);
        self.installations.insert(
            into.to_owned(),
            Installed {
                current,
                releases,
                changed: Some(now),
            },
        );
        Ok(noted(if whole {
            "the release was there already"
        } else {
            "copied"
        }))
    }

    fn uninstall(&mut self, action: &Action, into: &str, expected: Option<&Digest>) -> Outcome {
        let Some(installed) = self.installations.get(into) else {
            return Ok(noted("already so"));
        };
        if installed.current.is_some() && installed.current.as_ref() != expected {
            return Err(release_changed(
                action,
                expected,
                installed.current.as_ref(),
            ));
        }
        self.installations.remove(into);
        Ok(Performed::default())
    }

    fn start(&mut self, action: &Action, materials: &dyn Materials) -> Outcome {
        let Action::Start {
            record,
            environment,
            started_as,
            expected,
            ..
        } = action
        else {
            return Ok(Performed::default());
        };
        for (name, text) in environment {
            if let Text::Sealed(digest) = text
                && materials.content(digest).is_none()
            {
                return Err(failed(
                    action,
                    format!("the secret for its variable `{name}` is not at hand: plan again"),
                ));
            }
        }
        let found = self.processes.get(record).filter(|process| process.alive);
        if !is(expected.as_ref(), found) {
            return match found {
                Some(process) if process.started_as == *started_as && process.ready => {
                    Ok(noted("already so"))
                }
                found => Err(process_changed(action, expected.as_ref(), found)),
            };
        }
        let stopped = found
            .map(|process| format!("stopped {}, ", process.running.pid))
            .unwrap_or_default();
        let since = self.now();
        let running = Running {
            pid: u32::try_from(1000 + self.ticks).unwrap_or(u32::MAX),
            ticks: self.ticks,
            since,
        };
        let process = Process {
            running,
            alive: true,
            ready: true,
            started_as: started_as.clone(),
        };
        self.processes.insert(record.clone(), process);
        Ok(noted(format!("{stopped}started {}", running.pid)))
    }

    fn stop(&mut self, action: &Action, record: &str, expected: Option<&Running>) -> Outcome {
        let found = self.processes.get(record).filter(|process| process.alive);
        let Some(process) = found else {
            self.processes.remove(record);
            return Ok(noted("already so"));
        };
        if !is(expected, found) {
            return Err(process_changed(action, expected, found));
        }
        let note = format!("stopped {}", process.running.pid);
        self.processes.remove(record);
        Ok(noted(note))
    }
}

/// What an action puts in place.
fn made(
    action: &Action,
    found: &PathState,
    sealer: &Sealer,
    materials: &dyn Materials,
) -> Result<Thing, ActionError> {
    let (old_owner, old_group) = match found {
        PathState::File { owner, group, .. } | PathState::Directory { owner, group, .. } => {
            (owner.clone(), group.clone())
        }
        _ => (root(), root()),
    };
    let owner = |word: &Option<String>, old: Account| word.as_deref().map_or(old, named);
    match action {
        Action::File {
            content,
            sealed,
            mode,
            owner: user,
            group,
            ..
        } => {
            let bytes = materials.content(content).filter(|bytes| {
                let digest = if *sealed {
                    sealer.seal(bytes)
                } else {
                    Digest::of(bytes)
                };
                digest == *content
            });
            Ok(Thing::File {
                bytes: bytes
                    .ok_or_else(|| failed(action, "its content is not at hand: plan again"))?,
                mode: mode & 0o7777,
                owner: owner(user, old_owner),
                group: owner(group, old_group),
            })
        }
        Action::Directory {
            mode,
            owner: user,
            group,
            ..
        } => Ok(Thing::Directory {
            mode: mode & 0o7777,
            owner: owner(user, old_owner),
            group: owner(group, old_group),
        }),
        Action::Link { to, .. } => Ok(Thing::Link { to: to.clone() }),
        _ => Err(failed(action, "it puts nothing in place")),
    }
}

/// An owner by name or number. Every name is known here, by a number that follows from it.
fn named(word: &str) -> Account {
    if word == "root" {
        return root();
    }
    if let Ok(id) = word.parse() {
        let name = (id == 0).then(|| "root".into());
        return Account { id, name };
    }
    let digest = Digest::of(word.as_bytes());
    let [one, two, ..] = *digest.as_bytes();
    Account {
        id: 1000 + u32::from(u16::from_le_bytes([one, two])),
        name: Some(word.into()),
    }
}

fn is(expected: Option<&Running>, found: Option<&Process>) -> bool {
    let identity = |running: &Running| (running.pid, running.ticks);
    expected.map(identity) == found.map(|process| identity(&process.running))
}

fn release_changed(
    action: &Action,
    expected: Option<&Digest>,
    found: Option<&Digest>,
) -> ActionError {
    let words = |digest: Option<&Digest>| {
        digest.map_or("no release".to_owned(), |digest| {
            format!("release {}", digest.short())
        })
    };
    changed(action, words(expected), words(found))
}

fn process_changed(
    action: &Action,
    expected: Option<&Running>,
    found: Option<&Process>,
) -> ActionError {
    let words = |running: Option<&Running>| {
        running.map_or("no process".to_owned(), |running| {
            format!("process {}, started {}", running.pid, running.since)
        })
    };
    changed(
        action,
        words(expected),
        words(found.map(|process| &process.running)),
    )
}
