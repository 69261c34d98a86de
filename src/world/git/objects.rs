//! Objects of a repository, read in sequence from one open process.
//!
//! Directories are cached, so that an unchanged one is queried once. Files are delivered with their size first, so that
//! a large one need not be read. An object that is missing in a partial clone is reported and never fetched.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Component, Path};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;

use super::tree::{ObjectId, Tree, TreeEntry, TreeKind, parse};
use super::{GitError, PATIENCE, Repository};
use crate::world::patient::Patient;
use evenkeel_host::Interruption;

/// Longest header of an answer.
const LONGEST_HEADING: u64 = 4096;
/// Maximum number of bytes of one directory.
const LARGEST_TREE: u64 = 64 * 1024 * 1024;
/// The unread rest of an object is skipped up to this size; for more, the process is ended.
const PASSED_OVER: u64 = 1024 * 1024;

/// Reader of a repository's objects.
pub struct Objects {
    repository: Repository,
    interruption: Interruption,
    process: Option<Process>,
    roots: HashMap<String, Arc<Tree>>,
    trees: HashMap<ObjectId, Arc<Tree>>,
    /// Number of bytes read so far, which proves in tests that queries of sizes read no contents.
    #[cfg(test)]
    read: u64,
}

/// Process of `git cat-file --batch`.
struct Process {
    child: Child,
    questions: ChildStdin,
    answers: BufReader<Patient<ChildStdout>>,
}

impl Drop for Process {
    fn drop(&mut self) {
        // It only reads, so it may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Header of an answer.
struct Heading {
    id: ObjectId,
    kind: String,
    size: u64,
}

impl Objects {
    /// Creates a reader. The process starts with the first query.
    #[must_use]
    pub fn new(repository: &Repository, interruption: &Interruption) -> Self {
        Self {
            repository: repository.clone(),
            interruption: interruption.clone(),
            process: None,
            roots: HashMap::new(),
            trees: HashMap::new(),
            #[cfg(test)]
            read: 0,
        }
    }

    /// Returns the number of object bytes read so far.
    #[cfg(test)]
    pub(in crate::world) fn bytes_read(&self) -> u64 {
        self.read
    }

    /// Returns a directory of a commit (full hash, see [`Repository::resolve`]), by its path relative to the root;
    /// `None` if it is missing or something else. No link is followed.
    ///
    /// # Errors
    ///
    /// When git fails, or an object is missing from this clone.
    pub fn directory(&mut self, commit: &str, path: &Path) -> Result<Option<Arc<Tree>>, GitError> {
        let mut tree = self.root(commit)?;
        for component in path.components() {
            let name = match component {
                Component::CurDir => continue,
                Component::Normal(name) => name,
                _ => return Err(GitError::Path { path: path.into() }),
            };
            let id = match tree.get(name) {
                Some(entry) if entry.kind == TreeKind::Directory => entry.id,
                _ => return Ok(None),
            };
            tree = self.tree(&id)?;
        }
        Ok(Some(tree))
    }

    /// Returns the entry of a directory of a commit; `None` if it is missing.
    ///
    /// # Errors
    ///
    /// When git fails, or an object is missing from this clone.
    pub fn entry(
        &mut self,
        commit: &str,
        directory: &Path,
        name: &OsStr,
    ) -> Result<Option<TreeEntry>, GitError> {
        let tree = self.directory(commit, directory)?;
        Ok(tree.and_then(|tree| tree.get(name).cloned()))
    }

    /// Delivers a file with its size first; its unread part costs nothing.
    ///
    /// # Errors
    ///
    /// When git fails, or the object is missing from this clone.
    pub fn file<T>(
        &mut self,
        id: &ObjectId,
        take: impl FnOnce(u64, &mut dyn Read) -> T,
    ) -> Result<T, GitError> {
        let heading = self.ask(&id.to_string())?;
        if heading.kind != "blob" {
            self.process = None;
            return Err(self.unclear(&format!("`{id}` is not a file")));
        }
        self.contents(heading.size, take)
    }

    fn root(&mut self, commit: &str) -> Result<Arc<Tree>, GitError> {
        if let Some(tree) = self.roots.get(commit) {
            return Ok(Arc::clone(tree));
        }
        // Only digits are written to the process, so that no foreign line can be injected.
        let clean = ObjectId::new(commit).ok_or_else(|| GitError::NoCommit {
            revision: evenkeel_model::text::inert(commit).into_owned(),
            root: self.repository.root.clone(),
        })?;
        let tree = self.asked_tree(&format!("{clean}^{{tree}}"))?;
        self.roots.insert(commit.to_owned(), Arc::clone(&tree));
        Ok(tree)
    }

    fn tree(&mut self, id: &ObjectId) -> Result<Arc<Tree>, GitError> {
        match self.trees.get(id) {
            Some(tree) => Ok(Arc::clone(tree)),
            None => self.asked_tree(&id.to_string()),
        }
    }

    fn asked_tree(&mut self, name: &str) -> Result<Arc<Tree>, GitError> {
        let heading = self.ask(name)?;
        if heading.kind != "tree" || heading.size > LARGEST_TREE {
            self.process = None;
            let reason = format!("`{name}` is not a directory, or exceeds the limit");
            return Err(self.unclear(&reason));
        }
        let bytes = self.contents(heading.size, |_, reader| {
            let mut bytes = Vec::new();
            reader.read_to_end(&mut bytes).map(|_| bytes)
        })?;
        let id_length = heading.id.length();
        let tree = bytes
            .ok()
            .and_then(|bytes| parse(&bytes, id_length))
            .map(Arc::new)
            .ok_or_else(|| self.unclear(&format!("the directory `{name}` is invalid")))?;
        self.trees.insert(heading.id, Arc::clone(&tree));
        Ok(tree)
    }

    /// Queries an object, and reads the header of the answer.
    fn ask(&mut self, name: &str) -> Result<Heading, GitError> {
        let mut process = match self.process.take() {
            Some(process) => process,
            None => self.start()?,
        };
        let answer = process.heading(name);
        let line = answer.map_err(|error| self.unclear(&error.to_string()))?;
        let mut words = line.trim_end_matches('\n').rsplit(' ');
        let last = words.next().unwrap_or_default();
        if last == "missing" {
            self.process = Some(process);
            return Err(self.unclear(&format!(
                "the object `{name}` is missing from this clone: fetch it, or use a full clone"
            )));
        }
        let heading = (|| {
            let size = last.parse().ok()?;
            let kind = words.next()?.to_owned();
            let id = ObjectId::new(words.next()?)?;
            words.next().is_none().then_some(Heading { id, kind, size })
        })();
        let heading =
            heading.ok_or_else(|| self.unclear(&format!("unexpected answer for `{name}`")))?;
        self.process = Some(process);
        Ok(heading)
    }

    /// Reads the content after a header.
    fn contents<T>(
        &mut self,
        size: u64,
        take: impl FnOnce(u64, &mut dyn Read) -> T,
    ) -> Result<T, GitError> {
        let Some(mut process) = self.process.take() else {
            return Err(self.unclear("it has ended"));
        };
        let mut rest = (&mut process.answers).take(size);
        let taken = take(size, &mut rest);
        let left = rest.limit();
        #[cfg(test)]
        {
            self.read += size - left;
        }
        if left > PASSED_OVER {
            // Dropped: the next query starts another process.
            return Ok(taken);
        }
        // The rest, and the line feed after it.
        let mut end = (&mut process.answers).take(left + 1);
        let passed = std::io::copy(&mut end, &mut std::io::sink());
        if !passed.is_ok_and(|passed| passed == left + 1) {
            return Err(self.unclear("it ended within an answer, or timed out"));
        }
        self.process = Some(process);
        Ok(taken)
    }

    fn start(&self) -> Result<Process, GitError> {
        let failed = |reason: String| self.unclear(&reason);
        let call = self
            .repository
            .git
            .call(&self.repository.root, &["cat-file", "--batch"]);
        let (program, arguments) = call
            .command
            .split_first()
            .ok_or_else(|| failed("there is no command to run".into()))?;
        let mut child = Command::new(program)
            .args(arguments)
            .env_clear()
            .envs(&call.environment)
            .current_dir(&call.directory)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .map_err(|error| failed(format!("it cannot be started: {error}")))?;
        match (child.stdin.take(), child.stdout.take()) {
            (Some(questions), Some(answers)) => Ok(Process {
                child,
                questions,
                answers: BufReader::with_capacity(
                    64 * 1024,
                    Patient::new(answers, Some(PATIENCE), &self.interruption),
                ),
            }),
            _ => Err(failed("it has no pipes".into())),
        }
    }

    fn unclear(&self, reason: &str) -> GitError {
        self.repository.failed("cat-file", reason)
    }
}

impl Process {
    fn heading(&mut self, name: &str) -> std::io::Result<String> {
        self.questions.write_all(format!("{name}\n").as_bytes())?;
        self.questions.flush()?;
        let mut line = String::new();
        let length = (&mut self.answers)
            .take(LONGEST_HEADING)
            .read_line(&mut line)?;
        if length == 0 || !line.ends_with('\n') {
            return Err(std::io::Error::other("it ended before it answered"));
        }
        Ok(line)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::process::Command;

    use super::Objects;
    use crate::world::git::Repository;
    use evenkeel_host::Interruption;

    #[test]
    fn a_content_is_read_only_by_a_reader_that_wants_it() {
        let home = tempfile::tempdir().unwrap();
        let git = |arguments: &[&str]| {
            let ran = Command::new("git")
                .args(["-c", "user.name=t", "-c", "user.email=t@example.org"])
                .args(arguments)
                .current_dir(home.path())
                .status();
            assert!(ran.unwrap().success(), "{arguments:?}");
        };
        std::fs::write(home.path().join("large"), vec![b'x'; 5 << 20]).unwrap();
        git(&["init", "-q"]);
        git(&["add", "-A"]);
        git(&["commit", "-qm", "large"]);
        let ours = std::env::vars().collect();
        let git = super::super::Git::new(&ours, &Interruption::default());
        let repository = Repository::discover(home.path(), &git).unwrap().unwrap();
        let head = repository.resolve("HEAD").unwrap();
        let mut objects = Objects::new(&repository, &Interruption::default());
        let large = objects
            .entry(&head, Path::new(""), "large".as_ref())
            .unwrap()
            .unwrap()
            .id;
        for _ in 0..3 {
            assert_eq!(objects.file(&large, |size, _| size).unwrap(), 5 << 20);
            let copied = objects.file(&large, |_, reader| {
                std::io::copy(reader, &mut std::io::sink())
            });
            assert_eq!(copied.unwrap().unwrap(), 5 << 20);
        }
        assert!(objects.bytes_read() < 16 << 20);
    }
}
