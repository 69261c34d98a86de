//! Objects of a repository, read one after the other from one process that is kept open.
//!
//! Directories are kept, so that one that did not change from a commit to the next is asked for once. Files are handed
//! on as they come, with their size first: who does not want a huge one does not read it. An object that is known
//! and not here (a partial clone) is said to be missing and never fetched.

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

/// Longest heading of an answer.
const LONGEST_HEADING: u64 = 4096;
/// Most bytes of one directory.
const LARGEST_TREE: u64 = 64 * 1024 * 1024;
/// What is left of an object that nobody read to its end is passed over up to here; beyond, the process is ended.
const PASSED_OVER: u64 = 1024 * 1024;

/// Objects of a repository.
pub struct Objects {
    repository: Repository,
    interruption: Interruption,
    process: Option<Process>,
    roots: HashMap<String, Arc<Tree>>,
    trees: HashMap<ObjectId, Arc<Tree>>,
    /// How many bytes were read so far: tests prove by it that contents are not read when only sizes are asked for.
    #[cfg(test)]
    read: u64,
}

/// `git cat-file --batch`.
struct Process {
    child: Child,
    questions: ChildStdin,
    answers: BufReader<Patient<ChildStdout>>,
}

impl Drop for Process {
    fn drop(&mut self) {
        // It only reads; that it has ended already is fine.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What an answer begins with.
struct Heading {
    id: ObjectId,
    kind: String,
    size: u64,
}

impl Objects {
    /// Those of a repository. Nothing is started before something is asked.
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

    /// How many bytes of objects were read so far.
    #[cfg(test)]
    pub(in crate::world) fn bytes_read(&self) -> u64 {
        self.read
    }

    /// The directory of a commit (in full, see [`Repository::resolve`]) with a path relative to the root; `None` when
    /// there is none, or something else. No link is followed.
    ///
    /// # Errors
    ///
    /// When git does not answer, or an object is missing from this clone.
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

    /// The entry of a directory of a commit; `None` when there is none.
    ///
    /// # Errors
    ///
    /// When git does not answer, or an object is missing from this clone.
    pub fn entry(
        &mut self,
        commit: &str,
        directory: &Path,
        name: &OsStr,
    ) -> Result<Option<TreeEntry>, GitError> {
        let tree = self.directory(commit, directory)?;
        Ok(tree.and_then(|tree| tree.get(name).cloned()))
    }

    /// Hands a file on, with its size first; what is not read of it costs nothing.
    ///
    /// # Errors
    ///
    /// When git does not answer, or the object is missing from this clone.
    pub fn file<T>(
        &mut self,
        id: &ObjectId,
        take: impl FnOnce(u64, &mut dyn Read) -> T,
    ) -> Result<T, GitError> {
        let heading = self.ask(&id.to_string())?;
        if heading.kind != "blob" {
            self.process = None;
            return Err(self.unclear(&format!("`{id}` is no file")));
        }
        self.contents(heading.size, take)
    }

    fn root(&mut self, commit: &str) -> Result<Arc<Tree>, GitError> {
        if let Some(tree) = self.roots.get(commit) {
            return Ok(Arc::clone(tree));
        }
        // Nothing but digits is ever written to the process: no line of somebody else's can be among them.
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
            let reason = format!("`{name}` is no directory, or one beyond all measure");
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
            .ok_or_else(|| self.unclear(&format!("the directory `{name}` is not understood")))?;
        self.trees.insert(heading.id, Arc::clone(&tree));
        Ok(tree)
    }

    /// Asks for an object, and reads the answer's heading.
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
                "the object `{name}` is not in this clone: fetch it, or use a clone that has everything"
            )));
        }
        let heading = (|| {
            let size = last.parse().ok()?;
            let kind = words.next()?.to_owned();
            let id = ObjectId::new(words.next()?)?;
            words.next().is_none().then_some(Heading { id, kind, size })
        })();
        let heading = heading
            .ok_or_else(|| self.unclear(&format!("its answer for `{name}` is not understood")))?;
        self.process = Some(process);
        Ok(heading)
    }

    /// Reads what follows a heading.
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
            // Dropped: the next question starts another.
            return Ok(taken);
        }
        // What was left, and the line feed after it.
        let mut end = (&mut process.answers).take(left + 1);
        let passed = std::io::copy(&mut end, &mut std::io::sink());
        if !passed.is_ok_and(|passed| passed == left + 1) {
            return Err(self.unclear("it ended within an answer, or was silent for too long"));
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
