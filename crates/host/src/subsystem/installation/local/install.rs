//! Installs an artifact: copies it to `releases/<digest>`, verifies the copy, and switches `current` in one step.
//!
//! An intact existing release is reused; one that was changed outside evenkeel is replaced with a fresh copy.
//! [`super::prune`] removes old releases.

use std::ffi::OsStr;
use std::os::fd::{AsFd as _, OwnedFd};
use std::path::Path;

use rustix::fs::{Mode, RenameFlags};
use rustix::io::Errno;

use super::super::Install as Wanted;
use super::{
    Current, Pointer, actual, copy, current_target, held, open_inside, open_releases, pointer,
    prune,
};
use crate::local::owners::Owners;
use crate::local::reason::why;
use crate::local::sync::sync_directory;
use crate::local::tree::near::Near;
use crate::local::tree::{Survey, TreeError, digest_at, open_parent};
use crate::local::{Work, failed, remove_tree};
use crate::port::Outcome;
use crate::subsystem::path::local::placing::{Workshop, place};
use crate::subsystem::path::{Link, Placement};
use crate::{ActionError, PathState, Performed};
use evenkeel_model::Digest;

/// The arguments of one installation.
pub(super) struct Install<'a> {
    pub(super) wanted: &'a Wanted,
}

impl Install<'_> {
    fn failed(&self, operation: &str, reason: impl Into<String>) -> ActionError {
        failed(operation, &self.wanted.into, reason)
    }

    fn refused(&self, operation: &str) -> impl Fn(Errno) -> ActionError {
        move |errno| self.failed(operation, why(errno))
    }

    pub(super) fn perform(&self, work: &Work<'_>) -> Outcome {
        let wanted = self.wanted;
        if work.interruption.is_set() {
            return Err(ActionError::Interrupted);
        }
        let shown = Path::new(&self.wanted.into);
        let into = open(&self.wanted.into)?;
        let current = current(&into, &self.wanted.into)?;
        let releases = open_releases(&into).map_err(self.refused("open releases of"))?;
        if let (Some(current), Some(releases)) = (&current, &releases)
            && current.digest == self.wanted.artifact
        {
            let actual = actual(releases, &current.digest, current.file.as_deref(), shown)
                .map_err(|error| self.failed("verify", error.to_string()))?;
            if actual.is_some_and(|(actual, _)| actual == current.digest) {
                rustix::fs::syncfs(releases).map_err(self.refused("sync"))?;
                return Ok(self.finish(releases, current.digest, "already so"));
            }
        }
        let digest = current.as_ref().map(|current| current.digest);
        if digest.as_ref() != self.wanted.expected.as_ref() {
            return Err(changed(
                &self.wanted.into,
                self.wanted.expected.as_ref(),
                digest.as_ref(),
            ));
        }
        let unusable = |error: TreeError| self.failed("install", error.to_string());
        // A copy of a release that changes meanwhile has another digest, and is not used.
        let near = releases.as_ref().map(|releases| {
            let others = digest.iter().filter(|other| **other != wanted.artifact);
            Near::new(releases, [&wanted.artifact].into_iter().chain(others))
        });
        let source = match &near {
            Some(near) => work.materials.artifact_near(&wanted.artifact, near),
            None => work.materials.artifact(&wanted.artifact),
        };
        drop(near);
        let (releases, file, note) = match source {
            Some(source) => {
                let (parent, name) = open_parent(&source).map_err(unusable)?;
                let survey = Survey::of(&parent, &name, &source).map_err(unusable)?;
                let releases = match releases {
                    Some(releases) => releases,
                    None => make_releases(&into).map_err(self.refused("create releases of"))?,
                };
                let file = only_file(&survey);
                let note = self.release(&survey, file.as_deref(), &releases)?;
                (releases, file, note)
            }
            // A release that is kept here needs no source.
            None => {
                let held = match &releases {
                    Some(releases) => held(releases, &wanted.artifact, shown).map_err(unusable)?,
                    None => None,
                };
                let (Some(releases), Some(held)) = (releases, held) else {
                    return Err(self.failed(
                        "install",
                        "artifact unavailable: build it first, then plan again",
                    ));
                };
                // It may come from a run that was killed before the release was durable.
                rustix::fs::syncfs(&releases).map_err(self.refused("sync"))?;
                (releases, held.file, "the release already exists")
            }
        };
        sync_directory(&into).map_err(self.refused("sync"))?;
        let link = Link {
            path: shown.join("current").display().to_string(),
            to: current_target(&self.wanted.artifact, file.as_deref()),
            expected: current.map_or(PathState::Missing, |current| PathState::Link {
                to: current.link,
            }),
        };
        let workshop = Workshop {
            owners: &Owners::default(),
            launcher: &work.target.launcher,
            sealer: &work.target.sealer,
            materials: work.materials,
            interruption: work.interruption,
            few: true,
        };
        place(&workshop, &[(0, Placement::Link(&link))])
            .into_iter()
            .try_for_each(|(_, outcome)| outcome.map(|_| ()))?;
        Ok(self.finish(&releases, digest.unwrap_or(self.wanted.artifact), note))
    }

    /// Ensures that the release exists and is intact.
    pub(super) fn release(
        &self,
        survey: &Survey,
        file: Option<&str>,
        releases: &OwnedFd,
    ) -> Result<&'static str, ActionError> {
        let shown = Path::new(&self.wanted.into);
        let hex = self.wanted.artifact.hex();
        let actual = actual(releases, &self.wanted.artifact, file, shown)
            .map_err(|error| self.failed("verify", error.to_string()))?;
        let copied = format!(".{hex}.tmp");
        remove_tree(releases, OsStr::new(&copied))
            .map_err(self.refused("remove leftovers of an earlier run in"))?;
        if actual.is_some_and(|(actual, _)| actual == self.wanted.artifact) {
            // It may come from a run that was killed before the release was durable.
            rustix::fs::syncfs(releases).map_err(self.refused("sync"))?;
            return Ok("the release already exists");
        }
        let done = copy::copy(survey, releases, &copied)
            .map_err(|reason| self.failed("copy to", reason))
            .and_then(|()| self.verify(file, releases, &copied))
            .and_then(|()| exchange(releases, &copied, &hex).map_err(self.refused("rename in")));
        // After an exchange this is the old release; after a failure, the unfinished copy.
        let removed = remove_tree(releases, OsStr::new(&copied));
        let replaced = done?;
        removed.map_err(self.refused("remove the old release in"))?;
        sync_directory(releases).map_err(self.refused("sync"))?;
        Ok(if replaced {
            "replaced the release, which had changed outside evenkeel"
        } else {
            "copied"
        })
    }

    fn verify(
        &self,
        file: Option<&str>,
        releases: &OwnedFd,
        copied: &str,
    ) -> Result<(), ActionError> {
        let shown = Path::new(&self.wanted.into).join("releases").join(copied);
        let digest = match file {
            None => digest_at(releases, OsStr::new(copied), &shown),
            Some(file) => open_inside(releases, copied)
                .map_err(self.refused("open the copy in"))
                .map(|directory| digest_at(&directory, OsStr::new(file), &shown))?,
        };
        match digest {
            Ok(tree) if tree.digest == self.wanted.artifact => Ok(()),
            Ok(tree) => Err(self.failed(
                "copy to",
                format!(
                    "the copy differs from the artifact of the plan (expected {}, found {}): plan again",
                    self.wanted.artifact.short(),
                    tree.digest.short()
                ),
            )),
            Err(error) => Err(self.failed("verify the copy in", error.to_string())),
        }
    }

    fn finish(&self, releases: &OwnedFd, previous: Digest, note: &str) -> Performed {
        let pruned = prune::prune(
            releases.as_fd(),
            &self.wanted.artifact,
            &previous,
            self.wanted.keep,
        );
        Performed {
            note: Some(match pruned {
                Ok(0) => note.to_owned(),
                Ok(count) => format!(
                    "{note}; {} removed",
                    evenkeel_model::text::count(count, "old release")
                ),
                Err(errno) => format!("{note}; cannot remove an old release: {}", why(errno)),
            }),
        }
    }
}

/// Opens the directory of an installation.
pub(super) fn open(into: &str) -> Result<OwnedFd, ActionError> {
    let path = Path::new(into);
    crate::place::split(path)
        .and_then(|_| crate::place::open_directory(path))
        .map_err(|obstacle| failed("open", into, obstacle.to_string()))
}

/// Reads which release is current.
pub(super) fn current(directory: &OwnedFd, into: &str) -> Result<Option<Current>, ActionError> {
    match pointer(directory) {
        Ok(Pointer::Nothing) => Ok(None),
        Ok(Pointer::Release(current)) => Ok(Some(current)),
        Ok(Pointer::Foreign(words)) => Err(failed("switch", into, format!("`current` {words}"))),
        Err(errno) => Err(failed("read `current` in", into, why(errno))),
    }
}

/// Returns the error for an unexpected current release.
pub(super) fn changed(
    into: &str,
    expected: Option<&Digest>,
    found: Option<&Digest>,
) -> ActionError {
    let words = |digest: Option<&Digest>| {
        digest.map_or("no release".to_owned(), |digest| {
            format!("release {}", digest.short())
        })
    };
    ActionError::Changed {
        path: into.to_owned(),
        expected: words(expected),
        found: words(found),
    }
}

/// Returns the name of the file, if an artifact is one file.
pub(super) fn only_file(survey: &Survey) -> Option<String> {
    let first = survey.items.first().filter(|_| survey.single);
    first.map(|item| item.path.clone())
}

pub(super) fn make_releases(into: &OwnedFd) -> Result<OwnedFd, Errno> {
    rustix::fs::mkdirat(into, "releases", Mode::from_raw_mode(0o755))?;
    let releases = open_releases(into)?.ok_or(Errno::NOENT)?;
    rustix::fs::fchmod(&releases, Mode::from_raw_mode(0o755))?;
    Ok(releases)
}

/// Renames the copy to the release; returns whether one existed, which then has the copy's name.
fn exchange(releases: &OwnedFd, copied: &str, hex: &str) -> Result<bool, Errno> {
    let rename = |flags| rustix::fs::renameat_with(releases, copied, releases, hex, flags);
    match rename(RenameFlags::EXCHANGE) {
        Ok(()) => Ok(true),
        Err(Errno::NOENT) => rename(RenameFlags::NOREPLACE).map(|()| false),
        Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => {
            let away = format!(".{hex}.old");
            remove_tree(releases, OsStr::new(&away))?;
            let moved = match rustix::fs::renameat(releases, hex, releases, &away) {
                Ok(()) => true,
                Err(Errno::NOENT) => false,
                Err(errno) => return Err(errno),
            };
            rustix::fs::renameat(releases, copied, releases, hex)?;
            remove_tree(releases, OsStr::new(&away))?;
            Ok(moved)
        }
        Err(errno) => Err(errno),
    }
}
