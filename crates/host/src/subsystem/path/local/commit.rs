//! Moves a prepared placement into place without overwriting anything unseen.
//!
//! If the name exists, new and old change places in one step. Only then is the old one, which no other process can
//! replace any more, compared with the expectation, and restored if it differs. There is no gap between check and
//! change.

use std::ffi::OsStr;

use rustix::fs::{AtFlags, Mode, OFlags, RenameFlags};
use rustix::io::Errno;

use super::super::PathState;
use super::super::compare::describe;
use super::look::fingerprint;
use super::placing::{Job, Workshop};
use super::stage::{self, How, Staged, dress, look, verify};
use crate::ActionError;

/// A placement that is in place.
pub(super) struct Committed {
    pub(super) note: Option<String>,
}

pub(super) fn commit(
    workshop: &Workshop<'_>,
    job: &Job<'_>,
    staged: &Staged,
) -> Result<Committed, ActionError> {
    if workshop.interruption.is_set() {
        stage::discard(job, staged);
        return Err(ActionError::Interrupted);
    }
    let done = match &staged.how {
        How::AlreadySo => {
            return Ok(Committed {
                note: Some("already so".to_owned()),
            });
        }
        How::Adjust => adjust(workshop, job),
        How::Remove(beside) => remove(workshop, job, beside, &staged.found),
        How::Rename(beside) if staged.found == PathState::Missing => create(workshop, job, beside),
        How::Rename(beside) => replace(workshop, job, beside),
    };
    match done {
        Ok(()) => Ok(Committed { note: None }),
        Err(error) => {
            stage::discard(job, staged);
            Err(error)
        }
    }
}

fn create(workshop: &Workshop<'_>, job: &Job<'_>, beside: &OsStr) -> Result<(), ActionError> {
    match rustix::fs::renameat_with(
        job.parent,
        beside,
        job.parent,
        &job.name,
        RenameFlags::NOREPLACE,
    ) {
        Ok(()) => Ok(()),
        Err(Errno::EXIST) => Err(changed(workshop, job)?),
        Err(errno) if unsupported(errno) => {
            check(workshop, job)?;
            rename(job, beside)
        }
        Err(errno) => Err(job.refused("rename", errno)),
    }
}

fn replace(workshop: &Workshop<'_>, job: &Job<'_>, beside: &OsStr) -> Result<(), ActionError> {
    // A cheap check that spares readers an exchange and its reversal, except in the closest races.
    check(workshop, job)?;
    let exchange = || {
        rustix::fs::renameat_with(
            job.parent,
            beside,
            job.parent,
            &job.name,
            RenameFlags::EXCHANGE,
        )
    };
    let ours = fingerprint(job.parent, beside).map_err(|errno| job.refused("check", errno))?;
    match exchange() {
        Ok(()) => {}
        Err(Errno::NOENT) => return Err(changed(workshop, job)?),
        Err(errno) if unsupported(errno) => {
            check(workshop, job)?;
            return rename(job, beside);
        }
        Err(errno) => return Err(job.refused("rename", errno)),
    }
    let verified = look(workshop, job, beside).and_then(|old| verify(workshop, job, beside, &old));
    if let Err(error) = verified {
        exchange().map_err(|errno| job.refused("restore", errno))?;
        let back =
            fingerprint(job.parent, beside).map_err(|errno| job.refused("restore", errno))?;
        if !back.same_file(&ours) {
            // Another process replaced the new file at once: that one is newer and stays.
            exchange().map_err(|errno| job.refused("restore", errno))?;
        }
        return Err(error);
    }
    // The old file was moved aside. It may hold an old secret, so leaving it behind is a failure.
    stage::remove_old(job, beside)
}

fn remove(
    workshop: &Workshop<'_>,
    job: &Job<'_>,
    beside: &OsStr,
    found: &PathState,
) -> Result<(), ActionError> {
    check(workshop, job)?;
    if matches!(found, PathState::Directory { .. }) {
        // The kernel itself refuses to remove a non-empty directory.
        return match rustix::fs::unlinkat(job.parent, &job.name, AtFlags::REMOVEDIR) {
            Err(Errno::NOTEMPTY | Errno::EXIST) => {
                Err(job.failed("remove", "the directory is not empty: empty it first"))
            }
            other => other.map_err(|errno| job.refused("remove", errno)),
        };
    }
    match rustix::fs::renameat_with(
        job.parent,
        &job.name,
        job.parent,
        beside,
        RenameFlags::NOREPLACE,
    ) {
        Ok(()) => {}
        Err(Errno::NOENT) => return Ok(()),
        Err(errno) if unsupported(errno) => {
            return rustix::fs::unlinkat(job.parent, &job.name, AtFlags::empty())
                .map_err(|errno| job.refused("remove", errno));
        }
        Err(errno) => return Err(job.refused("remove", errno)),
    }
    let verified = look(workshop, job, beside).and_then(|old| verify(workshop, job, beside, &old));
    if let Err(error) = verified {
        let back = rustix::fs::renameat_with(
            job.parent,
            beside,
            job.parent,
            &job.name,
            RenameFlags::NOREPLACE,
        );
        return Err(match back {
            Ok(()) => error,
            Err(errno) => job.failed(
                "restore",
                format!(
                    "the previous one is kept as `{}`: {}",
                    beside.display(),
                    crate::local::reason::why(errno)
                ),
            ),
        });
    }
    rustix::fs::unlinkat(job.parent, beside, AtFlags::empty())
        .map_err(|errno| job.refused("remove", errno))
}

fn adjust(workshop: &Workshop<'_>, job: &Job<'_>) -> Result<(), ActionError> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let directory = rustix::fs::openat(job.parent, &job.name, flags, Mode::empty())
        .map_err(|errno| job.refused("open", errno))?;
    // Check and change the open descriptor, regardless of changes to its name.
    let found = look(
        workshop,
        &Job {
            parent: &directory,
            name: ".".into(),
            ..*job
        },
        OsStr::new("."),
    )?;
    verify(workshop, job, OsStr::new("."), &found)?;
    dress(workshop, job, &directory, None)?;
    if workshop.few {
        rustix::fs::fsync(&directory).map_err(|errno| job.refused("sync", errno))?;
    }
    Ok(())
}

/// Checks that the found state is still the expected one.
fn check(workshop: &Workshop<'_>, job: &Job<'_>) -> Result<(), ActionError> {
    let found = look(workshop, job, &job.name)?;
    verify(workshop, job, &job.name, &found)
}

/// Returns the error for an unexpected state.
fn changed(workshop: &Workshop<'_>, job: &Job<'_>) -> Result<ActionError, ActionError> {
    let found = look(workshop, job, &job.name)?;
    Ok(match verify(workshop, job, &job.name, &found) {
        Err(error) => error,
        // It existed and then disappeared.
        Ok(()) => ActionError::Changed {
            path: job.path.to_owned(),
            expected: describe(job.action.expected()),
            found: "a path that appears and disappears".to_owned(),
        },
    })
}

fn rename(job: &Job<'_>, beside: &OsStr) -> Result<(), ActionError> {
    rustix::fs::renameat(job.parent, beside, job.parent, &job.name)
        .map_err(|errno| job.refused("rename", errno))
}

/// Returns whether a file system does not support this kind of rename.
fn unsupported(errno: Errno) -> bool {
    matches!(errno, Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP)
}
