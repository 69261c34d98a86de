//! Answers a batch of questions: each directory is opened once, and everything is looked at on all cores.
//!
//! What each answer means is left to the kinds.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use rayon::iter::{IntoParallelIterator as _, IntoParallelRefIterator as _, ParallelIterator as _};
use rustix::fs::{AtFlags, Dir, FileType};

use super::look::Look;
use super::owners::Owners;
use super::{LocalTarget, installation, process};
use crate::place::{self, Obstacle};
use crate::reason::why;
use crate::{Answer, Entry, EntryKind, PathState, Query};

/// How many processes are asked at once whether they are ready.
const ASKED_AT_ONCE: usize = 64;

/// A question about a path, and its number in the batch.
struct PathRequest<'a> {
    number: usize,
    name: OsString,
    look: Look<'a>,
}

/// What is asked of each directory.
#[derive(Default)]
struct Directories<'a> {
    all: Vec<(PathBuf, Vec<PathRequest<'a>>)>,
    numbers: HashMap<OsString, usize>,
    last: Option<usize>,
}

impl<'a> Directories<'a> {
    fn ask(&mut self, parent: PathBuf, asked: PathRequest<'a>) {
        let number = self.number(&parent);
        self.last = Some(number);
        match self.all.get_mut(number) {
            Some((_, all)) => all.push(asked),
            None => self.all.push((parent, vec![asked])),
        }
    }

    /// Paths of one directory mostly come one after the other.
    fn number(&mut self, parent: &Path) -> usize {
        if let Some(last) = self.last
            && let Some((path, _)) = self.all.get(last)
            && path.as_os_str() == parent.as_os_str()
        {
            return last;
        }
        let next = self.all.len();
        *self.numbers.entry(parent.into()).or_insert(next)
    }
}

pub(super) fn observe(target: &LocalTarget, queries: &[Query]) -> Vec<Answer> {
    let owners = Owners::read();
    // Each answer is put where it belongs as it comes: of a large batch there is never a second list.
    let answers: Vec<OnceLock<Answer>> = queries.iter().map(|_| OnceLock::new()).collect();
    let found = |number: usize, answer: Answer| {
        if let Some(place) = answers.get(number) {
            // Nothing is asked twice under one number.
            let _ = place.set(answer);
        }
    };
    let split: Vec<Option<Result<(PathBuf, OsString), Obstacle>>> = queries
        .par_iter()
        .map(|query| match query {
            Query::Path { path, .. } => Some(place::split(Path::new(path))),
            _ => None,
        })
        .collect();
    let mut directories = Directories::default();
    let mut others = Vec::new();
    let mut processes = Vec::new();
    for ((number, query), place) in queries.iter().enumerate().zip(split) {
        match query {
            Query::Path {
                text_unless,
                sealed,
                ..
            } => match place {
                Some(Ok((parent, name))) => {
                    let look = Look {
                        owners: &owners,
                        seal: sealed.then_some(&target.sealer),
                        text_unless: *text_unless,
                    };
                    let asked = PathRequest { number, name, look };
                    directories.ask(parent, asked);
                }
                Some(Err(obstacle)) => found(number, unreadable(obstacle.to_string())),
                None => {}
            },
            Query::Entries { path } => others.push((number, path, false)),
            Query::Installation { into } => others.push((number, into, true)),
            Query::Process { record, ready } => processes.push((number, record, ready)),
        }
    }
    directories
        .all
        .into_par_iter()
        .for_each(|(parent, asked)| in_directory(&parent, &asked, &found));
    others
        .into_par_iter()
        .for_each(|(number, path, installed)| {
            let answer = if installed {
                installation::observe(Path::new(path))
            } else {
                entries(Path::new(path))
            };
            found(number, answer);
        });
    for some in processes.chunks(ASKED_AT_ONCE) {
        std::thread::scope(|scope| {
            let asked: Vec<_> = some
                .iter()
                .map(|(number, record, ready)| {
                    (
                        *number,
                        scope.spawn(|| process::observe(Path::new(record), ready.as_ref())),
                    )
                })
                .collect();
            for (number, thread) in asked {
                let answer = thread.join();
                found(
                    number,
                    answer.unwrap_or_else(|_| unreadable("looking at it failed inside evenkeel")),
                );
            }
        });
    }
    answers
        .into_iter()
        .map(|place| {
            place
                .into_inner()
                .unwrap_or_else(|| unreadable("it was not looked at"))
        })
        .collect()
}

pub(super) fn unreadable(reason: impl Into<String>) -> Answer {
    Answer::Unreadable {
        reason: reason.into(),
    }
}

fn in_directory(parent: &Path, asked: &[PathRequest<'_>], found: &(dyn Fn(usize, Answer) + Sync)) {
    let directory = match place::open_directory(parent) {
        Ok(directory) => directory,
        Err(obstacle) => {
            let answer = match obstacle {
                Obstacle::Missing(_) => Answer::Path {
                    standing: PathState::Missing,
                    text: None,
                    changed: None,
                },
                obstacle => unreadable(obstacle.to_string()),
            };
            for each in asked {
                found(each.number, answer.clone());
            }
            return;
        }
    };
    let answer = |each: &PathRequest<'_>| match each.look.at(&directory, &each.name) {
        Ok(seen) => Answer::Path {
            standing: seen.standing,
            text: seen.text,
            changed: seen.changed,
        },
        Err(reason) => unreadable(format!("`{}`: {reason}", parent.join(&each.name).display())),
    };
    asked
        .par_iter()
        .for_each(|each| found(each.number, answer(each)));
}

fn entries(path: &Path) -> Answer {
    let opened = place::split(path).and_then(|_| place::open_directory(path));
    let directory = match opened {
        Ok(directory) => directory,
        Err(Obstacle::Missing(_)) => return Answer::Entries { entries: None },
        Err(obstacle) => return unreadable(obstacle.to_string()),
    };
    match list(&directory) {
        Ok(entries) => Answer::Entries {
            entries: Some(entries),
        },
        Err(errno) => unreadable(format!("`{}`: {}", path.display(), why(errno))),
    }
}

fn list(directory: &std::os::fd::OwnedFd) -> Result<Vec<Entry>, rustix::io::Errno> {
    let mut entries = Vec::new();
    for entry in Dir::read_from(place::reopen(directory)?)? {
        let entry = entry?;
        let name = OsStr::from_bytes(entry.file_name().to_bytes());
        if name == "." || name == ".." {
            continue;
        }
        let mut kind = entry.file_type();
        if kind == FileType::Unknown
            && let Ok(status) = rustix::fs::statat(directory, name, AtFlags::SYMLINK_NOFOLLOW)
        {
            kind = FileType::from_raw_mode(status.st_mode);
        }
        entries.push(Entry {
            name: name.to_string_lossy().into_owned(),
            kind: match kind {
                FileType::RegularFile => EntryKind::File,
                FileType::Directory => EntryKind::Directory,
                FileType::Symlink => EntryKind::Link,
                _ => EntryKind::Other,
            },
        });
    }
    entries.sort();
    Ok(entries)
}
