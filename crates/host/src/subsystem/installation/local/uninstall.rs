//! Removes an installation: first `current`, then its releases, then `releases` itself.
//!
//! Entries that evenkeel did not create are kept and reported.

use std::ffi::OsStr;

use rustix::fs::AtFlags;
use rustix::io::Errno;

use super::super::Uninstall;
use super::install::{changed, current, open};
use super::prune::unfinished;
use super::{names, open_releases, release};
use crate::local::reason::why;
use crate::local::sync::sync_directory;
use crate::local::{failed, remove_tree};
use crate::port::Outcome;
use crate::{ActionError, Interruption, Performed};

pub(super) fn uninstall(wanted: &Uninstall, interruption: &Interruption) -> Outcome {
    let (into, expected) = (wanted.into.as_str(), wanted.expected.as_ref());
    if interruption.is_set() {
        return Err(ActionError::Interrupted);
    }
    let directory = open(into)?;
    let refused = |errno: Errno| failed("uninstall", into, why(errno));
    let found = current(&directory, into)?.map(|current| current.digest);
    // Without `current`, this completes the removal of a run that was killed.
    if found.is_some() && found.as_ref() != expected {
        return Err(changed(into, expected, found.as_ref()));
    }
    if found.is_some() {
        rustix::fs::unlinkat(&directory, "current", AtFlags::empty()).map_err(refused)?;
        sync_directory(&directory).map_err(refused)?;
    }
    let Some(releases) = open_releases(&directory).map_err(refused)? else {
        return Ok(Performed {
            note: found.is_none().then(|| "already so".to_owned()),
        });
    };
    for (name, _) in names(&releases).map_err(refused)? {
        if release(&name).is_none() && !unfinished(&name) {
            let reason = format!(
                "evenkeel did not create `releases/{name}`: move it away, then run this again"
            );
            return Err(failed("uninstall", into, reason));
        }
        remove_tree(&releases, OsStr::new(&name)).map_err(refused)?;
    }
    rustix::fs::unlinkat(&directory, "releases", AtFlags::REMOVEDIR).map_err(refused)?;
    sync_directory(&directory).map_err(refused)?;
    Ok(Performed::default())
}
