//! Answers a batch of questions: each directory is opened once, and everything is looked at on all cores.
//!
//! What each answer means is left to the kinds.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use rayon::iter::{
    IntoParallelIterator as _, IntoParallelRefIterator as _, ParallelExtend as _,
    ParallelIterator as _,
};
use rustix::fs::{AtFlags, Dir, FileType};

use super::look::Look;
use super::owners::Owners;
use super::{LocalTarget, installation, process};
use crate::target::place::{self, Obstacle};
use crate::target::reason::why;
use crate::target::{Answer, Entry, EntryKind, Query, Standing};

/// How many processes are asked at once whether they are ready.
const ASKED_AT_ONCE: usize = 64;

/// A question about a path, and its number in the batch.
struct Asked<'a> {
    number: usize,
    name: OsString,
    look: Look<'a>,
}

pub(super) fn observe(target: &LocalTarget, queries: &[Query]) -> Vec<Answer> {
    let owners = Owners::read();
    let mut answers: Vec<Answer> = queries
        .iter()
        .map(|_| unreadable("it was not looked at"))
        .collect();
    let mut found: Vec<(usize, Answer)> = Vec::new();
    let mut directories: BTreeMap<PathBuf, Vec<Asked<'_>>> = BTreeMap::new();
    let mut others = Vec::new();
    let mut processes = Vec::new();
    for (number, query) in queries.iter().enumerate() {
        match query {
            Query::Path {
                path,
                text_unless,
                sealed,
            } => match place::split(Path::new(path)) {
                Ok((parent, name)) => directories.entry(parent).or_default().push(Asked {
                    number,
                    name,
                    look: Look {
                        owners: &owners,
                        seal: sealed.then_some(&target.sealer),
                        text_unless: *text_unless,
                    },
                }),
                Err(obstacle) => found.push((number, unreadable(obstacle.to_string()))),
            },
            Query::Entries { path } => others.push((number, path, false)),
            Query::Installation { into } => others.push((number, into, true)),
            Query::Process { record, ready } => processes.push((number, record, ready)),
        }
    }
    found.par_extend(
        directories
            .into_par_iter()
            .flat_map(|(parent, asked)| in_directory(&parent, &asked)),
    );
    found.par_extend(others.into_par_iter().map(|(number, path, installed)| {
        let answer = if installed {
            installation::observe(Path::new(path))
        } else {
            entries(Path::new(path))
        };
        (number, answer)
    }));
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
            found.extend(asked.into_iter().map(|(number, thread)| {
                (
                    number,
                    thread
                        .join()
                        .unwrap_or_else(|_| unreadable("looking at it failed inside evenkeel")),
                )
            }));
        });
    }
    for (number, answer) in found {
        if let Some(place) = answers.get_mut(number) {
            *place = answer;
        }
    }
    answers
}

pub(super) fn unreadable(reason: impl Into<String>) -> Answer {
    Answer::Unreadable {
        reason: reason.into(),
    }
}

fn in_directory(parent: &Path, asked: &[Asked<'_>]) -> Vec<(usize, Answer)> {
    let directory = match place::open_directory(parent) {
        Ok(directory) => directory,
        Err(obstacle) => {
            let answer = match obstacle {
                Obstacle::Missing(_) => Answer::Path {
                    standing: Standing::Missing,
                    text: None,
                    changed: None,
                },
                obstacle => unreadable(obstacle.to_string()),
            };
            return asked
                .iter()
                .map(|each| (each.number, answer.clone()))
                .collect();
        }
    };
    let answer = |each: &Asked<'_>| match each.look.at(&directory, &each.name) {
        Ok(seen) => Answer::Path {
            standing: seen.standing,
            text: seen.text,
            changed: seen.changed,
        },
        Err(reason) => unreadable(format!("`{}`: {reason}", parent.join(&each.name).display())),
    };
    asked
        .par_iter()
        .map(|each| (each.number, answer(each)))
        .collect()
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
