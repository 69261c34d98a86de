//! A git repository, read through the `git` program: which commit, what is in it, what was not committed.
//!
//! Nothing here changes a repository, runs its hooks, asks for a password, or takes a revision for an option.

mod history;
mod objects;
mod tree;

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use super::command::{CommandOutcome, CommandRun, inherited, run};
use evenkeel_host::Interruption;
use evenkeel_model::text::inert;
pub use objects::Objects;
pub use tree::{ObjectId, Tree, TreeEntry, TreeKind};

/// How long one question may take.
const PATIENCE: Duration = Duration::from_mins(1);
/// Most bytes of one answer.
const MOST: usize = 256 * 1024 * 1024;

/// How git is called: no pager, and no program that a repository's settings name.
const SAFELY: [&str; 6] = [
    "git",
    "--no-pager",
    "-c",
    "core.fsmonitor=false",
    "-c",
    "core.hooksPath=/dev/null",
];

/// The environment git gets: nothing of ours that would change its answers, nobody to ask, paths as they are.
fn environment() -> BTreeMap<String, String> {
    let mut environment = inherited(&["PATH", "HOME", "XDG_CONFIG_HOME"]);
    for (name, value) in [
        ("LC_ALL", "C"),
        ("GIT_OPTIONAL_LOCKS", "0"),
        ("GIT_TERMINAL_PROMPT", "0"),
        ("GIT_LITERAL_PATHSPECS", "1"),
        ("GIT_NO_REPLACE_OBJECTS", "1"),
    ] {
        environment.insert(name.to_owned(), value.to_owned());
    }
    environment
}

/// A repository with a working tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repository {
    root: PathBuf,
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
    /// The repository a directory is in; `None` when it is in none, or there is no git.
    #[must_use]
    pub fn discover(directory: &Path) -> Option<Self> {
        Some(Self::discover_with_head(directory)?.0)
    }

    /// As [`Repository::discover`], with the commit that is checked out, if there is one. Both are one question, since starting git takes
    /// longer than most of its answers.
    #[must_use]
    pub fn discover_with_head(directory: &Path) -> Option<(Self, Option<String>)> {
        let here = Self {
            root: directory.canonicalize().ok()?,
        };
        // Before the first commit it fails, and tells where it is all the same.
        let answer = here
            .run(&["rev-parse", "--show-toplevel", "HEAD^{commit}"], None)
            .ok()?;
        let succeeded = answer.status.is_success();
        let answer = String::from_utf8(answer.stdout.into_bytes()).ok()?;
        let (root, commit) = answer.strip_suffix('\n')?.rsplit_once('\n')?;
        let root = PathBuf::from(root);
        let commit = (succeeded && is_whole(commit)).then(|| commit.to_owned());
        root.is_absolute().then_some((Self { root }, commit))
    }

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
        let commit = if is_whole(commit) {
            commit.to_owned()
        } else {
            self.resolve(commit)?
        };
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
            let said = answer.stderr.into_bytes();
            let said = String::from_utf8_lossy(&said);
            let said = said.trim();
            return Err(self.failed(operation, format!("it {}: {}", answer.status, inert(said))));
        }
        if answer.stdout.is_cut() {
            return Err(self.failed(operation, "its answer is longer than 256 MiB"));
        }
        Ok(answer.stdout.into_bytes())
    }

    fn run(&self, arguments: &[&str], stdin: Option<Vec<u8>>) -> Result<CommandOutcome, GitError> {
        let git = CommandRun {
            environment: environment(),
            directory: Some(self.root.clone()),
            stdin,
            timeout: PATIENCE,
            output_limit: MOST * 2,
            ..CommandRun::new(SAFELY.iter().chain(arguments).copied())
        };
        let operation = arguments.first().copied().unwrap_or_default();
        run(&git, &Interruption::default())
            .map_err(|error| self.failed(operation, error.to_string()))
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
    use std::os::unix::ffi::OsStrExt as _;
    bytes
        .split(|byte| *byte == 0)
        .filter(|path| !path.is_empty())
        .map(|path| PathBuf::from(std::ffi::OsStr::from_bytes(path)))
        .collect()
}
