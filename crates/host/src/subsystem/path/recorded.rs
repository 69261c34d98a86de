//! The part of a target in memory: the same conditions and messages as on this machine.

use super::compare::{describe, is_wanted, same};
use super::{Account, Answer, PathState, Placement, Query};
use crate::port::Outcome;
use crate::recorded::{
    Kit, Recorded, RecordedHost, Thing, broken, changed, failed, noted, root, unreadable,
};
use crate::subsystem::Action;
use crate::{ActionError, Performed};
use evenkeel_model::{Digest, Sealer};

/// The longest text in an answer.
const LONGEST_TEXT: usize = 64 * 1024;

impl Recorded for Query {
    fn answer(&self, host: &RecordedHost, sealer: &Sealer) -> crate::Answer {
        match host.standing(&self.path, self.sealed.then_some(sealer)) {
            Ok(standing) => Answer {
                text: host
                    .text(&self.path, &standing, self.text_unless)
                    .filter(|_| !self.sealed),
                changed: host
                    .things
                    .get(&self.path)
                    .map(|(_, changed)| *changed)
                    .filter(|_| standing != PathState::Missing),
                standing,
            }
            .into(),
            Err(reason) => unreadable(reason),
        }
    }

    fn perform(action: &Action, host: &mut RecordedHost, kit: &Kit<'_>) -> Outcome {
        match Placement::of(action) {
            Some(placement) => host.place(placement, kit),
            None => broken(action),
        }
    }
}

impl RecordedHost {
    fn place(&mut self, placement: Placement<'_>, kit: &Kit<'_>) -> Outcome {
        let (path, sealer) = (placement.path(), kit.sealer);
        let look = |sealed: bool| {
            self.standing(path, sealed.then_some(sealer))
                .map_err(|reason| failed(path, reason))
        };
        let found = look(placement.sealed())?;
        if is_wanted(placement, &found) {
            return Ok(noted("already so"));
        }
        let expected = placement.expected();
        let either = matches!(placement, Placement::Link(_)) && same(expected, &look(true)?);
        if !same(expected, &found) && !either {
            return Err(changed(path, describe(expected), describe(&found)));
        }
        self.parent(placement)?;
        match placement {
            Placement::Remove(_) if !self.names(path).is_empty() => {
                return Err(failed(path, "the directory is not empty: empty it first"));
            }
            Placement::Remove(_) => {
                self.things.remove(path);
                return Ok(Performed::default());
            }
            Placement::Directory(_)
                if !matches!(found, PathState::Missing | PathState::Directory { .. }) =>
            {
                return Err(failed(
                    path,
                    format!("found {}, which evenkeel does not replace", found.words()),
                ));
            }
            Placement::File(_) | Placement::Link(_)
                if matches!(found, PathState::Directory { .. }) =>
            {
                return Err(failed(
                    path,
                    "found a directory, which evenkeel does not replace",
                ));
            }
            _ => {}
        }
        let thing = made(placement, &found, kit)?;
        self.put(path, thing);
        Ok(Performed::default())
    }

    fn parent(&mut self, placement: Placement<'_>) -> Result<(), ActionError> {
        let path = placement.path();
        let parent = std::path::Path::new(path)
            .parent()
            .map(|parent| parent.to_string_lossy().into_owned());
        let Some(parent) = parent else { return Ok(()) };
        match self.standing(&parent, None) {
            Ok(PathState::Directory { .. }) => Ok(()),
            Ok(PathState::Missing) if matches!(placement, Placement::Directory(_)) => {
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
                path,
                format!("directory `{parent}` not found: declare it as a directory resource"),
            )),
        }
    }

    fn text(&self, path: &str, standing: &PathState, unless: Option<Digest>) -> Option<String> {
        let (Some((Thing::File { bytes, .. }, _)), PathState::File { digest, .. }) =
            (self.things.get(path), standing)
        else {
            return None;
        };
        (unless.is_some_and(|known| known != *digest) && bytes.len() <= LONGEST_TEXT)
            .then(|| String::from_utf8(bytes.to_vec()).ok())
            .flatten()
    }
}

/// Returns the state that an action creates.
fn made(placement: Placement<'_>, found: &PathState, kit: &Kit<'_>) -> Result<Thing, ActionError> {
    let (old_owner, old_group) = match found {
        PathState::File { owner, group, .. } | PathState::Directory { owner, group, .. } => {
            (owner.clone(), group.clone())
        }
        _ => (root(), root()),
    };
    let owner = |word: &Option<String>, old: Account| word.as_deref().map_or(old, named);
    match placement {
        Placement::File(wanted) => {
            let bytes = kit.materials.content(&wanted.content).filter(|bytes| {
                let digest = if wanted.sealed {
                    kit.sealer.seal(bytes)
                } else {
                    Digest::of(bytes)
                };
                digest == wanted.content
            });
            Ok(Thing::File {
                bytes: bytes
                    .ok_or_else(|| failed(&wanted.path, "content unavailable: plan again"))?,
                mode: wanted.mode & 0o7777,
                owner: owner(&wanted.owner, old_owner),
                group: owner(&wanted.group, old_group),
            })
        }
        Placement::Directory(wanted) => Ok(Thing::Directory {
            mode: wanted.mode & 0o7777,
            owner: owner(&wanted.owner, old_owner),
            group: owner(&wanted.group, old_group),
        }),
        Placement::Link(wanted) => Ok(Thing::Link {
            to: wanted.to.clone(),
        }),
        Placement::Remove(wanted) => Err(failed(&wanted.path, "removal places nothing")),
    }
}

/// Returns an owner by name or number. Every name is known here, with a number derived from it.
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
