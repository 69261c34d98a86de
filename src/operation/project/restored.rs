//! Project as of an earlier release: its definitions at the release's commit, with the release's artifacts.
//!
//! The store, secrets and the place of the project are those of today. Which release that is, is left to the caller.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::{Failure, Project, ProjectLocation};
use crate::world::git::{GitError, Repository};
use evenkeel_model::{Digest, Moment};

/// Inputs of an earlier release that its commit does not contain.
#[derive(Clone, Debug)]
pub(in crate::operation) struct RestoredInputs {
    /// The release.
    pub(in crate::operation) release: String,
    /// Directory of the definitions, relative to the project; `None` if it is not recorded.
    pub(in crate::operation) place: Option<String>,
    /// Digests of its artifacts, by name.
    pub(in crate::operation) artifacts: BTreeMap<String, Digest>,
    /// Time of its verdict. Differences that were declared then count, also if they expired since.
    pub(in crate::operation) at: Moment,
}

/// Returns the directory of the definitions in a commit if it is another one: the only one of its name with a
/// `system.toml`.
fn moved(
    repository: &Repository,
    commit: &str,
    directory: &Path,
) -> Result<Option<PathBuf>, Failure> {
    const SYSTEM: &str = "system.toml";
    let Some(name) = directory.file_name() else {
        return Ok(None);
    };
    if let Ok(below) = directory.strip_prefix(repository.root())
        && repository.read(commit, &below.join(SYSTEM))?.is_some()
    {
        return Ok(None);
    }
    let files = repository.list(commit, Path::new(""))?;
    let mut candidates = files.iter().filter_map(|file| {
        let parent = file.parent()?;
        let is_system = file.file_name()? == SYSTEM && parent.file_name()? == name;
        is_system.then_some(parent)
    });
    Ok(match (candidates.next(), candidates.next()) {
        (Some(only), None) => Some(repository.root().join(only)),
        // None is an error of the definitions, and several are not guessed at.
        _ => None,
    })
}

impl Project<'_> {
    /// Returns the project as of a release of `commit`.
    pub(in crate::operation) fn as_of_release(
        &self,
        commit: &str,
        inputs: RestoredInputs,
    ) -> Result<Self, Failure> {
        let short = commit.get(..10).unwrap_or(commit);
        let release = &inputs.release;
        let Some(repository) = &self.repository else {
            return Err(Failure::Other {
                reason: format!(
                    "{release} was released from commit {short}, and the project is in no git repository"
                ),
                help: Some("run this in a clone of the repository".into()),
            });
        };
        match repository.resolve(commit) {
            Ok(_) => {}
            Err(GitError::NoCommit { .. }) => {
                return Err(Failure::Other {
                    reason: format!("commit {short} of {release} is not in this clone"),
                    help: Some("run `git fetch`, then run this again".into()),
                });
            }
            Err(error) => return Err(error.into()),
        }
        let directory = match &inputs.place {
            Some(place) => self.root.join(place),
            None => self.directory.clone(),
        };
        let committed = moved(repository, commit, &directory)?;
        let location = ProjectLocation {
            environments: None,
            revision: Some(commit.to_owned()),
        };
        let shown = directory
            .strip_prefix(&self.root)
            .unwrap_or(&directory)
            .display()
            .to_string();
        let store = std::sync::Arc::clone(&self.store);
        match Self::open_in(directory, committed, Some(store), self.world, &location) {
            Ok(mut project) => {
                project.restored = Some(inputs);
                Ok(project)
            }
            Err(Failure::Definitions(defects)) => Err(Failure::Other {
                reason: format!(
                    "the definitions of {release} in {shown} at commit {short} cannot be read: {}",
                    defects.first().map_or("unknown", |defect| &*defect.message)
                ),
                help: Some(format!(
                    "run `evenkeel --at {short} validate`; if the definitions were elsewhere then, revert the changes in a new commit and deliver it"
                )),
            }),
            Err(failure) => Err(failure),
        }
    }

    /// Returns the time that declared differences are judged at.
    pub(in crate::operation) fn parity_at(&self) -> Moment {
        let restored = self.restored.as_ref();
        restored.map_or_else(|| self.world.clock.now(), |inputs| inputs.at)
    }
}
