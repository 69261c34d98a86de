//! Search for a directory's repository and its checked-out commit.
//!
//! "In no repository" weakens later checks, so it is only returned if no `.git` exists above the directory. Any other
//! failure of git is an error: a repository of another owner, a damaged one, an unknown format, or no git.

use std::path::{Path, PathBuf};

use super::{Git, GitError, Repository, is_whole, start, words};
use crate::world::command::CommandStatus;

/// Found repository.
#[derive(Clone, Debug)]
pub struct Discovered {
    /// Repository.
    pub repository: Repository,
    /// Checked-out commit; `None` before the first commit.
    pub head: Option<String>,
}

impl Repository {
    /// Returns the repository of a directory; `None` if no `.git` exists in it or above it.
    ///
    /// # Errors
    ///
    /// When git cannot be started, refuses the repository, or cannot read it.
    pub fn discover(directory: &Path, git: &Git) -> Result<Option<Self>, GitError> {
        Ok(Self::discover_with_head(directory, git)?.map(|found| found.repository))
    }

    /// Returns the repository like [`Repository::discover`], with the checked-out commit. One query for both, since
    /// starting git takes longer than most answers.
    ///
    /// # Errors
    ///
    /// When git cannot be started, refuses the repository, or cannot read it.
    pub fn discover_with_head(directory: &Path, git: &Git) -> Result<Option<Discovered>, GitError> {
        let refused = |reason: String| GitError::Refused {
            root: directory.to_owned(),
            reason,
        };
        let real = directory
            .canonicalize()
            .map_err(|error| refused(error.to_string()))?;
        let Some(nearest) = nearest(&real) else {
            return Ok(None);
        };
        let question = [
            "rev-parse",
            "--show-toplevel",
            "--is-shallow-repository",
            "HEAD^{commit}",
        ];
        let answer = start(git, &real, &question, None).map_err(|error| GitError::NotStarted {
            root: real.clone(),
            reason: error.to_string(),
        })?;
        if answer.status == CommandStatus::Interrupted {
            return Err(GitError::Interrupted);
        }
        // Before the first commit it fails, but prints the root.
        let lines = String::from_utf8(answer.stdout.clone().into_bytes()).ok();
        let Some((root, shallow, commit)) = lines.as_deref().and_then(three) else {
            return Err(refused(format!("{}: {}", answer.status, words(&answer))));
        };
        if Path::new(root) != nearest {
            return Err(refused(format!(
                "the nearest .git is in {}, but git's root of the working tree is {root}",
                nearest.display()
            )));
        }
        let repository = Self {
            root: nearest,
            git: git.clone(),
            // Anything but a plain no counts as shallow.
            is_shallow: shallow != "false",
        };
        let head = if answer.status.is_success() && is_whole(commit) {
            Some(commit.to_owned())
        } else if repository.is_unborn()? {
            None
        } else {
            return Err(refused(format!("HEAD is not a commit: {}", words(&answer))));
        };
        Ok(Some(Discovered { repository, head }))
    }

    /// Whether there is no commit yet: HEAD names a branch, there is no readable or broken reference, and HEAD has no
    /// history. A damaged reference is not a missing one.
    fn is_unborn(&self) -> Result<bool, GitError> {
        let branch = self.run(&["symbolic-ref", "--quiet", "HEAD"], None)?;
        let references = self.run(&["for-each-ref", "--count=1"], None)?;
        let reflog = self.run(&["reflog", "exists", "HEAD"], None)?;
        let is_silent = references.stdout.clone().into_bytes().is_empty()
            && references.stderr.clone().into_bytes().is_empty();
        Ok(branch.status.is_success()
            && references.status.is_success()
            && is_silent
            && !reflog.status.is_success())
    }
}

/// Returns the last two lines of an answer, and everything before them.
fn three(answer: &str) -> Option<(&str, &str, &str)> {
    let (before, last) = answer.strip_suffix('\n')?.rsplit_once('\n')?;
    let (first, second) = before.rsplit_once('\n')?;
    Some((first, second, last))
}

/// Returns the nearest directory, from a real one upwards, that contains `.git` of any kind.
fn nearest(real: &Path) -> Option<PathBuf> {
    real.ancestors()
        .find(|directory| directory.join(".git").symlink_metadata().is_ok())
        .map(Path::to_owned)
}
