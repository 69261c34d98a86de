//! Removes old releases, but never the current one.
//!
//! The previous release is kept first, since a rollback returns to it; then the newest.

use std::cmp::Reverse;
use std::ffi::OsStr;
use std::os::fd::BorrowedFd;

use rustix::fs::AtFlags;
use rustix::io::Errno;

use super::{names, release};
use crate::local::remove_tree;
use evenkeel_model::Digest;

/// Keeps `keep` releases, including `current`, and removes unfinished copies; returns the number of removed releases.
pub(super) fn prune(
    releases: BorrowedFd<'_>,
    current: &Digest,
    previous: &Digest,
    keep: u32,
) -> Result<usize, Errno> {
    let mut others = Vec::new();
    for (name, _) in names(releases)? {
        match release(&name) {
            Some(digest) if digest == *current => {}
            Some(digest) => {
                let status =
                    rustix::fs::statat(releases, name.as_str(), AtFlags::SYMLINK_NOFOLLOW)?;
                others.push((
                    digest == *previous,
                    status.st_ctime,
                    status.st_ctime_nsec,
                    name,
                ));
            }
            None if unfinished(&name) => remove_tree(releases, OsStr::new(&name))?,
            None => {}
        }
    }
    others.sort_by_key(|(previous, seconds, nanoseconds, _)| {
        Reverse((*previous, *seconds, *nanoseconds))
    });
    let keep = usize::try_from(keep)
        .unwrap_or(usize::MAX)
        .saturating_sub(1);
    let mut removed = 0;
    for (_, _, _, name) in others.iter().skip(keep) {
        remove_tree(releases, OsStr::new(name))?;
        removed += 1;
    }
    Ok(removed)
}

/// Returns whether this is the name of an unfinished copy or of a release that was moved away.
pub(super) fn unfinished(name: &str) -> bool {
    name.strip_prefix('.')
        .and_then(|rest| {
            rest.strip_suffix(".tmp")
                .or_else(|| rest.strip_suffix(".old"))
        })
        .is_some_and(|hex| release(hex).is_some())
}
