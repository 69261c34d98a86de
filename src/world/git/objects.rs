//! Objects of a repository, read in sequence from one open process.
//!
//! Directories are cached, so that an unchanged one is queried once. Files are delivered with their size first, so that
//! a large one need not be read. An object that is missing in a partial clone is reported and never fetched.

use std::collections::{BTreeSet, HashMap};
use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Component, Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};
use std::sync::Arc;

use super::line::{Known, Line};
use super::tree::{ObjectId, Tree, TreeEntry, TreeKind, parse};
use super::{GitError, PATIENCE, Repository};
use crate::world::patient::Patient;
use evenkeel_host::{Interruption, program};

/// Longest header of an answer.
const LONGEST_HEADING: u64 = 4096;
/// Maximum number of bytes of one directory.
const LARGEST_TREE: u64 = 64 * 1024 * 1024;
/// The unread rest of an object is skipped up to this size; for more, the process is ended.
const PASSED_OVER: u64 = 1024 * 1024;
/// Largest file that is read ahead.
const SMALL: u64 = 64 * 1024;
/// Maximum number of bytes of all files that are read ahead.
const MOST_AHEAD: usize = 16 * 1024 * 1024;
/// Maximum number of objects in one query: their names fit into the smallest pipe, 4096 bytes, so that neither side
/// waits for the other.
const AT_ONCE: usize = 60;

/// Reader of a repository's objects.
pub struct Objects {
    repository: Repository,
    interruption: Interruption,
    process: Option<Process>,
    roots: HashMap<String, Arc<Tree>>,
    trees: HashMap<ObjectId, Arc<Tree>>,
    /// Small files that were read ahead.
    files: HashMap<ObjectId, Vec<u8>>,
    /// Their number of bytes.
    ahead: usize,
    line: Option<Line>,
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
            files: HashMap::new(),
            ahead: 0,
            line: None,
            #[cfg(test)]
            read: 0,
        }
    }

    /// Returns the number of object bytes read so far.
    #[cfg(test)]
    pub(in crate::world) fn bytes_read(&self) -> u64 {
        self.read
    }

    /// Uses the known entries of a line from now on, so that directories of its commits need not be read.
    pub fn learn(&mut self, line: Line) {
        self.line = Some(line);
    }

    /// Returns a directory of a commit (full hash, see [`Repository::resolve`]), by its path relative to the root;
    /// `None` if it is missing or something else. No link is followed.
    ///
    /// # Errors
    ///
    /// When git fails, or an object is missing from this clone.
    pub fn directory(&mut self, commit: &str, path: &Path) -> Result<Option<Arc<Tree>>, GitError> {
        match self.line.as_ref().and_then(|line| line.at(commit, path)) {
            Some(Known::Entry(Some(entry))) if entry.kind == TreeKind::Directory => {
                return self.tree(&entry.id).map(Some);
            }
            Some(Known::Entry(_)) => return Ok(None),
            Some(Known::As(newest)) => {
                let newest = newest.to_owned();
                return self.directory(&newest, path);
            }
            Some(Known::AsDirectory(newest)) => {
                let newest = newest.to_owned();
                if let Some(tree) = self.directory(&newest, path)? {
                    return Ok(Some(tree));
                }
            }
            None => {}
        }
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
        let path = directory.join(name);
        match self.line.as_ref().and_then(|line| line.at(commit, &path)) {
            Some(Known::Entry(entry)) => return Ok(entry),
            Some(Known::As(newest)) => {
                let newest = newest.to_owned();
                return self.entry(&newest, directory, name);
            }
            Some(Known::AsDirectory(newest)) => {
                let newest = newest.to_owned();
                let entry = self.entry(&newest, directory, name)?;
                if entry.is_some_and(|entry| entry.kind == TreeKind::Directory) {
                    return Ok(entry);
                }
            }
            None => {}
        }
        let tree = self.directory(commit, directory)?;
        Ok(tree.and_then(|tree| tree.get(name).copied()))
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
        if let Some(bytes) = self.files.get(id) {
            let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
            return Ok(take(size, &mut bytes.as_slice()));
        }
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
        self.answered_tree(&heading, name)
    }

    /// Reads a directory after its header.
    fn answered_tree(&mut self, heading: &Heading, name: &str) -> Result<Arc<Tree>, GitError> {
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

    /// Reads the directories of a commit on the way to these paths, one query for all of the same depth. Failures are
    /// left to the later query of each directory.
    pub fn read_directories(&mut self, commit: &str, paths: &[PathBuf]) {
        let Ok(root) = self.root(commit) else { return };
        let mut names: Vec<_> = paths
            .iter()
            .map(|path| (path.components(), Arc::clone(&root)))
            .collect();
        while !names.is_empty() {
            let mut next = Vec::with_capacity(names.len());
            for (mut path, tree) in names {
                let Some(Component::Normal(name)) = path.next() else {
                    continue;
                };
                let entry = tree.get(name);
                if let Some(entry) = entry.filter(|entry| entry.kind == TreeKind::Directory) {
                    next.push((path, entry.id));
                }
            }
            let missing = next.iter().map(|(_, id)| *id);
            let missing: BTreeSet<ObjectId> =
                missing.filter(|id| !self.trees.contains_key(id)).collect();
            self.read_ahead(&missing, |own, heading| {
                own.answered_tree(heading, &heading.id.to_string()).is_ok()
            });
            names = next
                .into_iter()
                .filter_map(|(path, id)| Some((path, Arc::clone(self.trees.get(&id)?))))
                .collect();
        }
    }

    /// Reads small files with one query, which costs less than one for each. Failures are left to the later query of
    /// each file.
    pub fn read_small_files(&mut self, ids: &BTreeSet<ObjectId>) {
        let missing = ids.iter().filter(|id| !self.files.contains_key(id));
        let missing = missing.copied().collect();
        self.read_ahead(&missing, |own, heading| {
            let is_small = heading.kind == "blob" && heading.size <= SMALL;
            let read = own.contents(heading.size, |size, reader| {
                let mut bytes = Vec::new();
                let is_read = is_small && reader.read_to_end(&mut bytes).is_ok();
                (is_read && u64::try_from(bytes.len()) == Ok(size)).then_some(bytes)
            });
            if let Ok(Some(bytes)) = read {
                own.ahead += bytes.len();
                own.files.insert(heading.id, bytes);
            }
            own.process.is_some() && own.ahead < MOST_AHEAD
        });
    }

    /// Queries objects at once, and passes each header to `take`, which reads the content, and whether to continue.
    fn read_ahead(
        &mut self,
        ids: &BTreeSet<ObjectId>,
        mut take: impl FnMut(&mut Self, &Heading) -> bool,
    ) {
        let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
        for names in ids.chunks(AT_ONCE) {
            let lines: String = names.iter().flat_map(|name| [name, "\n"]).collect();
            if self.send(&lines).is_err() {
                return;
            }
            for name in names {
                match self.heading(name) {
                    Ok(Some(heading)) if take(self, &heading) => {}
                    Ok(None) => {}
                    _ => {
                        self.process = None;
                        return;
                    }
                }
            }
        }
    }

    /// Queries an object, and reads the header of the answer.
    fn ask(&mut self, name: &str) -> Result<Heading, GitError> {
        self.send(&format!("{name}\n"))?;
        self.heading(name)?.ok_or_else(|| {
            self.unclear(&format!(
                "the object `{name}` is missing from this clone: fetch it, or use a full clone"
            ))
        })
    }

    fn send(&mut self, lines: &str) -> Result<(), GitError> {
        let mut process = match self.process.take() {
            Some(process) => process,
            None => self.start()?,
        };
        let sent = process.questions.write_all(lines.as_bytes());
        sent.and_then(|()| process.questions.flush())
            .map_err(|error| self.unclear(&error.to_string()))?;
        self.process = Some(process);
        Ok(())
    }

    /// Reads the header of an answer; `None` if the object is missing.
    fn heading(&mut self, name: &str) -> Result<Option<Heading>, GitError> {
        let Some(mut process) = self.process.take() else {
            return Err(self.unclear("it has ended"));
        };
        let answer = process.heading();
        let line = answer.map_err(|error| self.unclear(&error.to_string()))?;
        let mut words = line.trim_end_matches('\n').rsplit(' ');
        let last = words.next().unwrap_or_default();
        if last == "missing" {
            self.process = Some(process);
            return Ok(None);
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
        Ok(Some(heading))
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
        let search = call.environment.get("PATH").map(String::as_str);
        let mut child = program::command(program, search)
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
    fn heading(&mut self) -> std::io::Result<String> {
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
