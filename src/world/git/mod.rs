//! A git repository, read through the `git` program: which commit, what is in it, what was not committed.
//!
//! Nothing here changes a repository, runs a program that it names, asks for a password, or takes a revision for an
//! option. Where git refuses or fails, its own words are the error: only a directory without `.git` above it is in no
//! repository.

mod closed;
mod discover;
mod history;
mod objects;
mod tree;

use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use super::command::{CommandError, CommandOutcome, CommandRun, CommandStatus, run};
pub use closed::Git;
pub use discover::Discovered;
use evenkeel_model::text::inert;
pub use history::{ChangedPath, Snapshot};
pub use objects::Objects;
pub use tree::{ObjectId, Tree, TreeEntry, TreeKind};

/// How long one question may take.
const PATIENCE: Duration = Duration::from_mins(1);
/// Most bytes of one answer.
const MOST: usize = 256 * 1024 * 1024;

/// A repository with a working tree.
#[derive(Clone, Debug)]
pub struct Repository {
    root: PathBuf,
    git: Git,
    /// Whether history was cut off when this was cloned.
    is_shallow: bool,
}

/// Why git gave no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GitError {
    /// There is no such revision.
    #[error("there is no commit `{revision}` in `{}`: fetch it first, or write another", .root.display())]
    NoCommit {
        /// What was asked for.
        revision: String,
        /// The repository.
        root: PathBuf,
    },
    /// A path that cannot be in a commit.
    #[error("`{}` cannot be a path in a commit: write it relative to the repository, without `..`", .path.display())]
    Path {
        /// The path.
        path: PathBuf,
    },
    /// git cannot be started.
    #[error("`{}` is in a git repository, and git cannot be started: {reason}", .root.display())]
    NotStarted {
        /// The directory.
        root: PathBuf,
        /// Why.
        reason: String,
    },
    /// git refuses to read the repository, or cannot.
    #[error("git does not read the repository that `{}` is in: {reason}", .root.display())]
    Refused {
        /// The directory.
        root: PathBuf,
        /// The words of git.
        reason: String,
    },
    /// The work was interrupted while git was asked.
    #[error("interrupted")]
    Interrupted,
    /// git failed.
    #[error("git {operation} in `{}`: {reason}", .root.display())]
    Failed {
        /// Which operation.
        operation: String,
        /// The repository.
        root: PathBuf,
        /// Why.
        reason: String,
    },
}

impl Repository {
    /// The root of its working tree.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The commit that a revision (a branch, a tag, `HEAD~2`) means, in full.
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

    /// The commit that a revision means, in full; one that is in full is not asked for.
    fn whole(&self, revision: &str) -> Result<String, GitError> {
        if is_whole(revision) {
            Ok(revision.to_owned())
        } else {
            self.resolve(revision)
        }
    }

    /// A file as it was committed; `None` when there was none.
    ///
    /// # Errors
    ///
    /// When the commit or the path cannot be read.
    pub fn read(&self, commit: &str, path: &Path) -> Result<Option<Vec<u8>>, GitError> {
        Ok(self.read_many(commit, &[path])?.pop().flatten())
    }

    /// Files as they were committed, in the same order; `None` for those there were not. One process reads them all.
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
        // Whether there is such a commit is found out by the same process.
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
                // What is a directory or a submodule is no file.
                Ok(object
                    .filter(|(kind, _)| kind == "blob")
                    .map(|(_, bytes)| bytes.to_vec()))
            })
            .collect()
    }

    /// Takes one object off the answer of `cat-file --batch`: its kind and its bytes, or nothing when it is missing.
    fn object<'a>(
        &self,
        rest: &mut &'a [u8],
        path: &Path,
    ) -> Result<Option<(String, &'a [u8])>, GitError> {
        let unclear = || {
            self.failed(
                "cat-file",
                format!("its answer for `{}` is not understood", path.display()),
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

    /// All files below a directory (the whole commit when it is empty), relative to the root, sorted.
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

    /// The files below a directory (relative to the root) that git knows, or would add: ignored ones are left out.
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

    /// Those of some paths (relative to the root) that git knows or would add: ignored ones are left out.
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

    /// What git answers, if it does not fail.
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
    /// What to do about it.
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
                "repair the repository; this shows what git says: git -C {} status",
                root.display()
            )),
            Self::NoCommit { .. } | Self::Path { .. } | Self::Interrupted | Self::Failed { .. } => {
                None
            }
        }
    }
}

/// The words of git on its standard error, fit for a terminal, on one line.
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

/// Whether this is the name of an object in full.
fn is_whole(name: &str) -> bool {
    matches!(name.len(), 40 | 64) && name.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// A path as commits have it.
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
