//! Git repositories, read through the `git` program: commits, their content, and uncommitted changes.
//!
//! Nothing here changes a repository, runs a program that it names, asks for a password, or interprets a revision as an
//! option. If git refuses or fails, its message is the error: only a directory without `.git` above it is in no
//! repository.

mod closed;
mod discover;
mod export;
mod history;
mod line;
mod objects;
mod shared;
mod tree;

use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use super::command::{CommandError, CommandOutcome, CommandRun, CommandStatus, run};
pub use closed::Git;
pub(super) use closed::absolute_only;
pub use discover::Discovered;
use evenkeel_model::text::inert;
pub use history::{ChangedPath, Changes, Snapshot};
pub use line::Line;
pub use objects::Objects;
pub use shared::SharedGit;
pub use tree::{ObjectId, Tree, TreeEntry, TreeKind};

/// Time limit of one query.
const PATIENCE: Duration = Duration::from_mins(1);
/// Maximum number of bytes of one answer.
const MOST: usize = 256 * 1024 * 1024;

/// Repository with a working tree.
#[derive(Clone, Debug)]
pub struct Repository {
    root: PathBuf,
    git: Git,
    /// Whether the clone is shallow.
    is_shallow: bool,
}

/// Reason why git gave no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GitError {
    /// There is no such revision.
    #[error("commit `{revision}` not found in `{}`: fetch it first, or name another", .root.display())]
    NoCommit {
        /// Revision.
        revision: String,
        /// Repository.
        root: PathBuf,
    },
    /// A path that cannot be in a commit.
    #[error("`{}` cannot be a path in a commit: write it relative to the repository, without `..`", .path.display())]
    Path {
        /// Path.
        path: PathBuf,
    },
    /// git cannot be started.
    #[error("`{}` is in a git repository, and git cannot be started: {reason}", .root.display())]
    NotStarted {
        /// Directory.
        root: PathBuf,
        /// Reason.
        reason: String,
    },
    /// git refuses to read the repository, or cannot.
    #[error("git does not read the repository that `{}` is in: {reason}", .root.display())]
    Refused {
        /// Directory.
        root: PathBuf,
        /// Message of git.
        reason: String,
    },
    /// Interrupted while git ran.
    #[error("interrupted")]
    Interrupted,
    /// git failed.
    #[error("git {operation} in `{}`: {reason}", .root.display())]
    Failed {
        /// Operation.
        operation: String,
        /// Repository.
        root: PathBuf,
        /// Reason.
        reason: String,
    },
}

impl Repository {
    /// Returns the root of its working tree.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Returns the full hash of a revision's commit (a branch, a tag, `HEAD~2`).
    ///
    /// # Errors
    ///
    /// When there is no such commit.
    pub fn resolve(&self, revision: &str) -> Result<String, GitError> {
        let none = || self.no_commit(revision);
        if revision.is_empty() || revision.contains('\0') {
            return Err(none());
        }
        let commit = format!("{revision}^{{commit}}");
        let answer = self.run(
            &[
                "rev-parse",
                "--verify",
                "--quiet",
                "--end-of-options",
                &commit,
            ],
            None,
        )?;
        let hex = String::from_utf8_lossy(&answer.stdout.clone().into_bytes())
            .trim()
            .to_owned();
        if answer.status.is_success() && is_whole(&hex) {
            Ok(hex)
        } else {
            Err(none())
        }
    }

    /// Returns a setting of git, of the repository, the user or the machine; `None` if it is not set.
    ///
    /// # Errors
    ///
    /// When git fails.
    pub fn setting(&self, name: &str) -> Result<Option<String>, GitError> {
        let answer = self.run(&["config", "--get", name], None)?;
        let text = String::from_utf8(answer.stdout.clone().into_bytes()).unwrap_or_default();
        let text = text.trim_end_matches('\n');
        Ok((answer.status.is_success() && !text.is_empty()).then(|| text.to_owned()))
    }

    /// Returns the full hash of a revision's commit; a full hash needs no query.
    fn whole(&self, revision: &str) -> Result<String, GitError> {
        if is_whole(revision) {
            Ok(revision.to_owned())
        } else {
            self.resolve(revision)
        }
    }

    /// Returns a committed file; `None` if it is missing.
    ///
    /// # Errors
    ///
    /// When the commit or the path cannot be read.
    pub fn read(&self, commit: &str, path: &Path) -> Result<Option<Vec<u8>>, GitError> {
        Ok(self.read_many(commit, &[path])?.pop().flatten())
    }

    /// Returns committed files, in the same order; `None` for missing ones. One process reads all.
    ///
    /// # Errors
    ///
    /// When the commit or a path cannot be read.
    pub fn read_many(
        &self,
        commit: &str,
        paths: &[&Path],
    ) -> Result<Vec<Option<Vec<u8>>>, GitError> {
        let commit = self.whole(commit)?;
        // The same process checks whether the commit exists.
        let mut asked = format!("{commit}^{{commit}}\n");
        for path in paths {
            let clean = clean(path)?;
            if clean.contains('\n') {
                return Err(GitError::Path {
                    path: (*path).into(),
                });
            }
            asked.push_str(&format!("{commit}:{clean}\n"));
        }
        let answer = self.ask(&["cat-file", "--batch"], Some(asked.into_bytes()))?;
        let mut rest = answer.as_slice();
        if self.object(&mut rest, Path::new(&commit))?.is_none() {
            return Err(self.no_commit(&commit));
        }
        paths
            .iter()
            .map(|path| {
                let object = self.object(&mut rest, path)?;
                // A directory or a submodule is not a file.
                Ok(object
                    .filter(|(kind, _)| kind == "blob")
                    .map(|(_, bytes)| bytes.to_vec()))
            })
            .collect()
    }

    /// Takes one object from the answer of `cat-file --batch`: its kind and its bytes, or `None` if it is missing.
    fn object<'a>(
        &self,
        rest: &mut &'a [u8],
        path: &Path,
    ) -> Result<Option<(String, &'a [u8])>, GitError> {
        let unclear = || {
            self.failed(
                "cat-file",
                format!("unexpected answer for `{}`", path.display()),
            )
        };
        let end = rest
            .iter()
            .position(|byte| *byte == b'\n')
            .ok_or_else(unclear)?;
        let (heading, after) = rest.split_at(end);
        let after = after.get(1..).unwrap_or_default();
        let heading = String::from_utf8_lossy(heading).into_owned();
        if heading.ends_with(" missing") {
            *rest = after;
            return Ok(None);
        }
        let mut words = heading.rsplit(' ');
        let size: usize = words
            .next()
            .and_then(|size| size.parse().ok())
            .ok_or_else(unclear)?;
        let kind = words.next().unwrap_or_default().to_owned();
        let bytes = after.get(..size).ok_or_else(unclear)?;
        *rest = after.get(size + 1..).ok_or_else(unclear)?;
        Ok(Some((kind, bytes)))
    }

    /// Returns all files below a directory (the whole commit if it is empty), relative to the root, sorted.
    ///
    /// # Errors
    ///
    /// When the commit cannot be read.
    pub fn list(&self, commit: &str, directory: &Path) -> Result<Vec<PathBuf>, GitError> {
        let commit = self.resolve(commit)?;
        let below = if directory.as_os_str().is_empty() || directory == Path::new(".") {
            None
        } else {
            Some(format!("{}/", clean(directory)?))
        };
        let mut arguments = vec!["ls-tree", "-r", "-z", "--name-only", "--full-tree", &commit];
        if let Some(below) = &below {
            arguments.extend(["--", below]);
        }
        let mut paths = paths(&self.ask(&arguments, None)?);
        paths.sort();
        Ok(paths)
    }

    /// Returns the files below a directory (relative to the root) that git tracks or would add, without ignored ones.
    /// Relative to the root, sorted; some may be deleted in the working tree.
    ///
    /// # Errors
    ///
    /// When git fails.
    pub fn present(&self, directory: &Path) -> Result<Vec<PathBuf>, GitError> {
        let mut arguments = vec![
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
            "--deduplicate",
        ];
        let below;
        if !directory.as_os_str().is_empty() {
            below = clean(directory)?;
            arguments.extend(["--", &below]);
        }
        let mut paths = paths(&self.ask(&arguments, None)?);
        paths.sort();
        Ok(paths)
    }

    /// Returns the paths (relative to the root) that git tracks or would add, without ignored ones.
    ///
    /// # Errors
    ///
    /// When git fails.
    pub fn known(&self, among: &[PathBuf]) -> Result<Vec<PathBuf>, GitError> {
        if among.is_empty() {
            return Ok(Vec::new());
        }
        let clean: Vec<String> = among
            .iter()
            .map(|path| clean(path))
            .collect::<Result<_, _>>()?;
        let mut arguments = vec![
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
            "--deduplicate",
            "--",
        ];
        arguments.extend(clean.iter().map(String::as_str));
        Ok(paths(&self.ask(&arguments, None)?))
    }

    /// Returns git's answer.
    fn ask(&self, arguments: &[&str], stdin: Option<Vec<u8>>) -> Result<Vec<u8>, GitError> {
        let answer = self.run(arguments, stdin)?;
        let operation = arguments.first().copied().unwrap_or_default();
        if !answer.status.is_success() {
            let said = words(&answer);
            return Err(self.failed(operation, format!("it {}: {said}", answer.status)));
        }
        if answer.stdout.is_cut() {
            return Err(self.failed(operation, "its answer is longer than 256 MiB"));
        }
        Ok(answer.stdout.into_bytes())
    }

    fn run(&self, arguments: &[&str], stdin: Option<Vec<u8>>) -> Result<CommandOutcome, GitError> {
        let operation = arguments.first().copied().unwrap_or_default();
        let answer = start(&self.git, &self.root, arguments, stdin)
            .map_err(|error| self.failed(operation, error.to_string()))?;
        match answer.status {
            CommandStatus::Interrupted => Err(GitError::Interrupted),
            _ => Ok(answer),
        }
    }

    fn no_commit(&self, revision: &str) -> GitError {
        GitError::NoCommit {
            revision: inert(revision).into_owned(),
            root: self.root.clone(),
        }
    }

    fn failed(&self, operation: &str, reason: impl Into<String>) -> GitError {
        GitError::Failed {
            operation: operation.to_owned(),
            root: self.root.clone(),
            reason: reason.into(),
        }
    }
}

/// Runs git to its end.
fn start(
    git: &Git,
    directory: &Path,
    arguments: &[&str],
    stdin: Option<Vec<u8>>,
) -> Result<CommandOutcome, CommandError> {
    let call = git.call(directory, arguments);
    let command = CommandRun {
        environment: call.environment,
        directory: Some(call.directory),
        stdin,
        timeout: PATIENCE,
        output_limit: MOST * 2,
        ..CommandRun::new(call.command)
    };
    run(&command, git.interruption())
}

impl GitError {
    /// Returns the help.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        match self {
            Self::NotStarted { .. } => Some("install git, and put it in PATH".to_owned()),
            Self::Refused { root, reason } if reason.contains("dubious ownership") => {
                Some(format!(
                    "if you trust the owner of the repository: git config --global --add safe.directory {}",
                    root.display()
                ))
            }
            Self::Refused { root, .. } => Some(format!(
                "repair the repository; run `git -C {} status` for details",
                root.display()
            )),
            Self::NoCommit { .. } | Self::Path { .. } | Self::Interrupted | Self::Failed { .. } => {
                None
            }
        }
    }
}

/// Returns git's messages on standard error, escaped and on one line.
fn words(answer: &CommandOutcome) -> String {
    let bytes = answer.stderr.clone().into_bytes();
    let said = String::from_utf8_lossy(&bytes);
    let lines: Vec<&str> = said
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    inert(&lines.join("; ")).into_owned()
}

/// Whether this is a full object hash.
fn is_whole(name: &str) -> bool {
    matches!(name.len(), 40 | 64) && name.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Returns a path in the form of commits.
fn clean(path: &Path) -> Result<String, GitError> {
    let error = || GitError::Path { path: path.into() };
    let mut parts = Vec::new();
    for component in path.components() {
        match component {
            Component::Normal(part) => parts.push(part.to_str().ok_or_else(error)?),
            Component::CurDir => {}
            _ => return Err(error()),
        }
    }
    if parts.is_empty() {
        Err(error())
    } else {
        Ok(parts.join("/"))
    }
}

fn paths(bytes: &[u8]) -> Vec<PathBuf> {
    bytes
        .split(|byte| *byte == 0)
        .filter(|path| !path.is_empty())
        .map(path_of)
        .collect()
}

fn path_of(bytes: &[u8]) -> PathBuf {
    use std::os::unix::ffi::OsStrExt as _;
    PathBuf::from(std::ffi::OsStr::from_bytes(bytes))
}
