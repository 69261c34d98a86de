//! Finds the repository that a directory is in, and what is checked out there.
//!
//! "In no repository" weakens what counts later, so it is only said where no `.git` lies above the directory. Everything
//! else that keeps git from answering is an error: a repository of another owner, one that is damaged or of a format
//! that this git does not know, a git that is not installed.

use std::path::{Path, PathBuf};

use super::{Git, GitError, Repository, is_whole, start, words};
use crate::world::command::CommandStatus;

/// A repository that was found.
#[derive(Clone, Debug)]
pub struct Discovered {
    /// The repository.
    pub repository: Repository,
    /// The commit that is checked out; `None` before the first commit.
    pub head: Option<String>,
}

impl Repository {
    /// The repository a directory is in; `None` when no `.git` lies in it or above it.
    ///
    /// # Errors
    ///
    /// When git cannot be started, refuses the repository, or cannot read it.
    pub fn discover(directory: &Path, git: &Git) -> Result<Option<Self>, GitError> {
        Ok(Self::discover_with_head(directory, git)?.map(|found| found.repository))
    }

    /// As [`Repository::discover`], with the commit that is checked out. Both are one question, since starting git takes
    /// longer than most of its answers.
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
        // Before the first commit it fails, and names the root all the same.
        let lines = String::from_utf8(answer.stdout.clone().into_bytes()).ok();
        let Some((root, shallow, commit)) = lines.as_deref().and_then(three) else {
            return Err(refused(format!("{}: {}", answer.status, words(&answer))));
        };
        if Path::new(root) != nearest {
            return Err(refused(format!(
                "the nearest .git is in {}, and git takes {root} for the root of the working tree",
                nearest.display()
            )));
        }
        let repository = Self {
            root: nearest,
            git: git.clone(),
            // Anything but a plain no is a yes: then nothing is promised.
            is_shallow: shallow != "false",
        };
        let head = if answer.status.is_success() && is_whole(commit) {
            Some(commit.to_owned())
        } else if repository.is_unborn()? {
            None
        } else {
            return Err(refused(format!("HEAD is no commit: {}", words(&answer))));
        };
        Ok(Some(Discovered { repository, head }))
    }

    /// Whether nothing was committed yet: HEAD names a branch, there is no reference that git can read or complains of,
    /// and HEAD never was at a commit. A reference that is damaged is not the same as none.
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

/// The two last lines of an answer, and everything before them.
fn three(answer: &str) -> Option<(&str, &str, &str)> {
    let (before, last) = answer.strip_suffix('\n')?.rsplit_once('\n')?;
    let (first, second) = before.rsplit_once('\n')?;
    Some((first, second, last))
}

/// The directory nearest to a real one, itself included, that has anything of the name `.git`.
fn nearest(real: &Path) -> Option<PathBuf> {
    real.ancestors()
        .find(|directory| directory.join(".git").symlink_metadata().is_ok())
        .map(Path::to_owned)
}
