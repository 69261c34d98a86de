//! Places files, directories and links as one batch: prepare all beside their final names, sync, move all into place,
//! sync.
//!
//! A batch of any size needs two syncs, and a reader sees either the old or the new state of each path.
//! [`super::stage`] prepares one, [`super::commit`] moves it into place.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use rayon::iter::{IntoParallelRefIterator as _, ParallelIterator as _};
use rustix::io::Errno;

use super::super::Placement;
use super::commit::{self, Committed};
use super::stage::{self, Staged};
use crate::local::failed;
use crate::local::owners::Owners;
use crate::local::reason::why;
use crate::local::sync::{FEW, FileSystems, sync_directory};
use crate::port::Outcome;
use crate::{ActionError, Interruption, Materials, Performed, place};
use evenkeel_model::Sealer;

/// The number of directories held open at once.
const OPEN_AT_ONCE: usize = 256;

/// The values that all placements of a batch share.
pub(crate) struct Workshop<'a> {
    pub(crate) owners: &'a Owners,
    /// An evenkeel binary, see [`crate::launch`].
    pub(crate) launcher: &'a Path,
    pub(crate) sealer: &'a Sealer,
    pub(crate) materials: &'a dyn Materials,
    pub(crate) interruption: &'a Interruption,
    /// Whether each file is synced individually.
    pub(crate) few: bool,
}

/// One action and its location.
pub(super) struct Job<'a> {
    pub(super) number: usize,
    pub(super) action: Placement<'a>,
    pub(super) path: &'a str,
    pub(super) parent: &'a OwnedFd,
    pub(super) name: OsString,
    pub(super) device: u64,
}

impl Job<'_> {
    pub(super) fn failed(&self, operation: &str, reason: impl Into<String>) -> ActionError {
        failed(operation, self.path, reason)
    }

    pub(super) fn refused(&self, operation: &str, errno: Errno) -> ActionError {
        self.failed(operation, why(errno))
    }
}

/// Performs the numbered actions, all of which are placements.
pub(crate) fn place(
    workshop: &Workshop<'_>,
    actions: &[(usize, Placement<'_>)],
) -> Vec<(usize, Outcome)> {
    let mut outcomes = Vec::with_capacity(actions.len());
    let mut directories: BTreeMap<PathBuf, Vec<Placed<'_>>> = BTreeMap::new();
    for (number, action) in actions {
        let path = action.path();
        match place::split(Path::new(path)) {
            Ok((parent, name)) => directories
                .entry(parent)
                .or_default()
                .push((*number, *action, path, name)),
            Err(obstacle) => {
                outcomes.push((*number, Err(failed("reach", path, obstacle.to_string()))));
            }
        }
    }
    let directories: Vec<_> = directories.into_iter().collect();
    for some in directories.chunks(OPEN_AT_ONCE) {
        wave(workshop, some, &mut outcomes);
    }
    outcomes
}

/// Opens the directory of a placement. For a directory resource, missing parents are created, so a path such as
/// `/srv/guestbook/data` needs one declaration instead of three.
fn open(parent: &Path, here: &[Placed<'_>]) -> Result<OwnedFd, place::Obstacle> {
    let wanted = here
        .iter()
        .any(|(_, action, _, _)| matches!(action, Placement::Directory(_)));
    match place::open_directory(parent) {
        Err(place::Obstacle::Missing(_)) if wanted => {
            place::make_directories(parent, 0o755)?;
            place::open_directory(parent)
        }
        opened => opened,
    }
}

/// A placement with its number, its path, and its name in the directory.
type Placed<'a> = (usize, Placement<'a>, &'a str, OsString);

type Directory<'a> = (PathBuf, Vec<Placed<'a>>);

fn wave(
    workshop: &Workshop<'_>,
    directories: &[Directory<'_>],
    outcomes: &mut Vec<(usize, Outcome)>,
) {
    let mut systems = FileSystems::default();
    let mut opened = Vec::new();
    for (parent, here) in directories {
        let directory = open(parent, here).map_err(|obstacle| obstacle.to_string());
        let directory = directory.and_then(|directory| {
            let device = systems
                .add(&directory)
                .map_err(|errno| format!("`{}`: {}", parent.display(), why(errno)))?;
            Ok((directory, device))
        });
        match directory {
            Ok(directory) => opened.push((directory, here)),
            Err(reason) => {
                outcomes.extend(
                    here.iter().map(|(number, _, path, _)| {
                        (*number, Err(failed("reach", path, &*reason)))
                    }),
                );
            }
        }
    }
    let jobs: Vec<Job<'_>> = opened
        .iter()
        .flat_map(|((parent, device), here)| {
            here.iter().map(|(number, action, path, name)| Job {
                number: *number,
                action: *action,
                path,
                parent,
                name: name.clone(),
                device: *device,
            })
        })
        .collect();
    let workshop = Workshop {
        few: jobs.len() <= FEW,
        ..*workshop
    };
    outcomes.extend(strides(&workshop, &systems, &jobs));
}

fn strides(
    workshop: &Workshop<'_>,
    systems: &FileSystems,
    jobs: &[Job<'_>],
) -> Vec<(usize, Outcome)> {
    let staged: Vec<(&Job<'_>, Result<Staged, ActionError>)> = jobs
        .par_iter()
        .map(|job| (job, stage::stage(workshop, job)))
        .collect();

    let devices: BTreeSet<u64> = staged
        .iter()
        .filter(|(_, staged)| staged.is_ok())
        .map(|(job, _)| job.device)
        .collect();
    let unsynced: BTreeMap<u64, Errno> = if workshop.few {
        BTreeMap::new()
    } else {
        devices
            .iter()
            .filter_map(|device| systems.sync(*device).err().map(|errno| (*device, errno)))
            .collect()
    };

    let committed: Vec<(&Job<'_>, Result<Committed, ActionError>)> = staged
        .par_iter()
        .map(|(job, staged)| {
            let committed = match (staged, unsynced.get(&job.device)) {
                (Err(error), _) => Err(error.clone()),
                (Ok(staged), Some(errno)) => {
                    stage::discard(job, staged);
                    Err(job.refused("sync", *errno))
                }
                (Ok(staged), None) => commit::commit(workshop, job, staged),
            };
            (*job, committed)
        })
        .collect();

    let last = last_sync(systems, &committed);
    committed
        .into_iter()
        .map(|(job, committed)| {
            let outcome = committed.and_then(|Committed { note }| match last.get(&key(job)) {
                Some(errno) => Err(job.failed(
                    "sync",
                    format!("in place, but may not survive a power cut: {}", why(*errno)),
                )),
                None => Ok(Performed { note }),
            });
            (job.number, outcome)
        })
        .collect()
}

/// A directory of the batch, identified by the address of its handle.
fn key(job: &Job<'_>) -> usize {
    std::ptr::from_ref(job.parent).addr()
}

/// Syncs the directories in which names changed; returns those for which this failed.
fn last_sync(
    systems: &FileSystems,
    committed: &[(&Job<'_>, Result<Committed, ActionError>)],
) -> BTreeMap<usize, Errno> {
    let touched: BTreeMap<usize, &Job<'_>> = committed
        .iter()
        .filter(|(_, done)| done.is_ok())
        .map(|(job, _)| (key(job), *job))
        .collect();
    let mut failed = BTreeMap::new();
    if touched.len() <= FEW {
        for (key, job) in &touched {
            if let Err(errno) = sync_directory(job.parent) {
                failed.insert(*key, errno);
            }
        }
        return failed;
    }
    let devices: BTreeSet<u64> = touched.values().map(|job| job.device).collect();
    for device in devices {
        if let Err(errno) = systems.sync(device) {
            failed.extend(
                touched
                    .iter()
                    .filter(|(_, job)| job.device == device)
                    .map(|(key, _)| (*key, errno)),
            );
        }
    }
    failed
}
