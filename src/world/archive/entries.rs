//! The entries of an archive, and which of them an artifact may contain.
//!
//! Names are checked here, whatever the format. Directories come into being before their entries, links after all files,
//! and no link is ever on the way to an entry.

use std::collections::{BTreeMap, HashSet};
use std::fmt::Write as _;
use std::io::{self, Read, Write as _};

use super::meter::Meter;
use super::{Limits, damaged};
use evenkeel_host::links::{self, Leads};
use evenkeel_host::reason::why_io;
use evenkeel_host::{TreeDigest, TreeHasher, TreeWriter};
use evenkeel_model::Digest;
use evenkeel_model::text::inert;

/// The number of problems that are listed.
const LISTED: usize = 20;

/// A problem after which the rest of an archive cannot be read.
#[derive(Debug)]
pub(super) struct Fatal(pub(super) String);

/// One entry of the artifact.
enum Entry {
    Directory,
    File {
        executable: bool,
        content: Digest,
        size: u64,
    },
    Link {
        to: String,
    },
}

/// The place of an entry in the artifact.
enum Place {
    /// The artifact itself, or a directory that is dropped from all paths.
    Root,
    /// A path below it.
    At(String),
}

/// Collects the entries of one archive.
pub(super) struct Collector<'a> {
    limits: &'a Limits,
    strip: usize,
    output: Option<&'a TreeWriter>,
    meter: &'a Meter,
    entries: BTreeMap<String, Entry>,
    /// All paths in lower case.
    folded: HashSet<String>,
    /// Directories that only the paths of others name.
    implied: HashSet<String>,
    /// The directories that are dropped from all paths.
    stripped: Option<Vec<String>>,
    problems: Vec<String>,
    more: usize,
}

impl<'a> Collector<'a> {
    pub(super) fn new(
        limits: &'a Limits,
        strip: usize,
        output: Option<&'a TreeWriter>,
        meter: &'a Meter,
    ) -> Self {
        Self {
            limits,
            strip,
            output,
            meter,
            entries: BTreeMap::new(),
            folded: HashSet::new(),
            implied: HashSet::new(),
            stripped: None,
            problems: Vec::new(),
            more: 0,
        }
    }

    /// Returns the largest number of entries.
    pub(super) fn most(&self) -> usize {
        self.limits.entries
    }

    /// Adds a problem, as what follows the archive's name.
    pub(super) fn problem(&mut self, problem: String) {
        // An archive with problems is not unpacked.
        self.output = None;
        if self.problems.len() < LISTED {
            self.problems.push(problem);
        } else {
            self.more += 1;
        }
    }

    /// Refuses an entry.
    pub(super) fn refuse(&mut self, name: &[u8], reason: &str) {
        let problem = format!("is refused: the entry {} {reason}", shown(name));
        self.problem(problem);
    }

    /// Adds a directory.
    pub(super) fn directory(&mut self, name: &[u8]) -> Result<(), Fatal> {
        if let Some(Place::At(path)) = self.place(name, true)? {
            self.add(name, path, Entry::Directory)?;
        }
        Ok(())
    }

    /// Adds a file, and reads all of its content, also if it is refused.
    pub(super) fn file(
        &mut self,
        name: &[u8],
        executable: bool,
        size: u64,
        content: &mut dyn Read,
    ) -> Result<(), Fatal> {
        let path = match self.place(name, false)? {
            Some(Place::At(path)) if self.is_free(name, &path) => Some(path),
            _ => None,
        };
        let mut output = match (&path, self.output) {
            (Some(path), Some(output)) => Some(
                output
                    .file(path, executable)
                    .map_err(|error| unwritten(name, &error))?,
            ),
            _ => None,
        };
        let mut hasher = blake3::Hasher::new();
        let mut buffer = vec![0; 64 * 1024];
        let mut total = 0_u64;
        loop {
            let read = match content.read(&mut buffer) {
                Ok(0) => break,
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(damaged(&format!("{}: {error}", shown(name)))),
            };
            let bytes = buffer.get(..read).unwrap_or_default();
            hasher.update(bytes);
            if let Some(output) = &mut output {
                output
                    .write_all(bytes)
                    .map_err(|error| unwritten(name, &error))?;
            }
            total += read as u64;
        }
        if total != size {
            return Err(damaged(&format!(
                "{} has {total} of {size} bytes",
                shown(name)
            )));
        }
        if let Some(path) = path {
            let content = Digest::from_bytes(*hasher.finalize().as_bytes());
            self.insert(
                path,
                Entry::File {
                    executable,
                    content,
                    size,
                },
            )?;
        }
        Ok(())
    }

    /// Adds a symbolic link. Its target is checked when all entries are known.
    pub(super) fn link(&mut self, name: &[u8], to: &[u8]) -> Result<(), Fatal> {
        let Some(Place::At(path)) = self.place(name, false)? else {
            return Ok(());
        };
        match std::str::from_utf8(to) {
            Ok(to) => self.add(name, path, Entry::Link { to: to.to_owned() }),
            Err(_) => {
                self.refuse(
                    name,
                    "is a link to a name that is not UTF-8: rename its target",
                );
                Ok(())
            }
        }
    }

    /// Adds another name of a file that came before, as a copy.
    pub(super) fn hard_link(&mut self, name: &[u8], to: &[u8]) -> Result<(), Fatal> {
        let Some(Place::At(path)) = self.place(name, false)? else {
            return Ok(());
        };
        let Some(Place::At(source)) = self.place(to, false)? else {
            return Ok(());
        };
        let Some(Entry::File {
            executable,
            content,
            size,
        }) = self.entries.get(&source)
        else {
            let reason = format!(
                "is a hard link to {}, which is no file before it: archive it without hard links",
                shown(to)
            );
            self.refuse(name, &reason);
            return Ok(());
        };
        let (executable, content, size) = (*executable, *content, *size);
        if !self.is_free(name, &path) {
            return Ok(());
        }
        self.meter
            .add(size)
            .map_err(|error| damaged(&error.to_string()))?;
        if let Some(output) = self.output {
            let copied = output.reopen(&source).and_then(|mut from| {
                let mut to = output.file(&path, executable)?;
                io::copy(&mut from, &mut to)
            });
            copied.map_err(|error| unwritten(name, &error))?;
        }
        self.insert(
            path,
            Entry::File {
                executable,
                content,
                size,
            },
        )
    }

    /// Writes a directory, or keeps a link for later, and inserts it.
    fn add(&mut self, name: &[u8], path: String, entry: Entry) -> Result<(), Fatal> {
        if matches!(entry, Entry::Directory) && self.implied.remove(&path) {
            return Ok(());
        }
        if !self.is_free(name, &path) {
            return Ok(());
        }
        if let (Entry::Directory, Some(output)) = (&entry, self.output) {
            output
                .directory(&path)
                .map_err(|error| unwritten(name, &error))?;
        }
        self.insert(path, entry)
    }

    fn insert(&mut self, path: String, entry: Entry) -> Result<(), Fatal> {
        if self.entries.len() >= self.limits.entries {
            return Err(Fatal(format!(
                "contains more than {} entries: split the artifact",
                self.limits.entries
            )));
        }
        self.folded.insert(path.to_lowercase());
        self.entries.insert(path, entry);
        Ok(())
    }

    /// Whether no other entry has this path, also where upper and lower case are the same.
    fn is_free(&mut self, name: &[u8], path: &str) -> bool {
        if self.entries.contains_key(path) {
            self.refuse(name, "comes twice: each name must be there once");
            return false;
        }
        let folded = path.to_lowercase();
        if self.folded.contains(&folded) {
            let other = self
                .entries
                .keys()
                .find(|other| other.to_lowercase() == folded)
                .map(|other| shown(other.as_bytes()))
                .unwrap_or_default();
            let reason = format!("differs from {other} only in upper and lower case: rename one");
            self.refuse(name, &reason);
            return false;
        }
        true
    }

    /// Checks a name, and makes the directories above it.
    fn place(&mut self, name: &[u8], is_directory: bool) -> Result<Option<Place>, Fatal> {
        let parts = match self.parts(name, is_directory) {
            Ok(parts) => parts,
            Err(reason) => {
                self.refuse(name, &reason);
                return Ok(None);
            }
        };
        let Some(parts) = self.strip(name, &parts, is_directory) else {
            return Ok(None);
        };
        if parts.is_empty() {
            return Ok(Some(Place::Root));
        }
        let path = parts.join("/");
        for (end, _) in path.match_indices('/') {
            let above = path.get(..end).unwrap_or_default();
            match self.entries.get(above) {
                Some(Entry::Directory) => {}
                Some(Entry::File { .. }) => {
                    let reason = format!("is below {}, which is a file", shown(above.as_bytes()));
                    self.refuse(name, &reason);
                    return Ok(None);
                }
                Some(Entry::Link { .. }) => {
                    let reason = format!(
                        "is below {}, which is a symbolic link: no entry may be reached through a link",
                        shown(above.as_bytes())
                    );
                    self.refuse(name, &reason);
                    return Ok(None);
                }
                None => {
                    let above = above.to_owned();
                    if !self.is_free(name, &above) {
                        return Ok(None);
                    }
                    if let Some(output) = self.output {
                        output
                            .directory(&above)
                            .map_err(|error| unwritten(name, &error))?;
                    }
                    self.implied.insert(above.clone());
                    self.insert(above, Entry::Directory)?;
                }
            }
        }
        Ok(Some(Place::At(path)))
    }

    /// Returns the parts of a name, without the `./` before it.
    fn parts<'n>(&self, name: &'n [u8], is_directory: bool) -> Result<Vec<&'n str>, String> {
        let text = std::str::from_utf8(name)
            .map_err(|_| "has a name that is not UTF-8: rename it".to_owned())?;
        if text.is_empty() {
            return Err("has no name".to_owned());
        }
        if text.starts_with('/') {
            return Err("has an absolute path: archive it with relative paths".to_owned());
        }
        if text.chars().any(char::is_control) {
            return Err("has a control character in its name: rename it".to_owned());
        }
        let mut rest = text;
        while let Some(after) = rest.strip_prefix("./") {
            rest = after;
        }
        if is_directory {
            rest = rest.strip_suffix('/').unwrap_or(rest);
        }
        if rest.is_empty() || rest == "." {
            return if is_directory {
                Ok(Vec::new())
            } else {
                Err("has no name".to_owned())
            };
        }
        if rest.len() > self.limits.path {
            return Err(format!(
                "has a path of more than {} bytes",
                self.limits.path
            ));
        }
        let parts: Vec<&str> = rest.split('/').collect();
        if parts.contains(&"..") {
            return Err("has `..` in its path: archive it with plain paths".to_owned());
        }
        if parts.iter().any(|part| part.is_empty() || *part == ".") {
            return Err(
                "has an empty name or `.` in its path: archive it with plain paths".to_owned(),
            );
        }
        if parts.iter().any(|part| part.len() > self.limits.name) {
            return Err(format!(
                "has a name of more than {} bytes",
                self.limits.name
            ));
        }
        if parts.len() > self.limits.depth {
            return Err(format!(
                "is nested more than {} directories deep",
                self.limits.depth
            ));
        }
        Ok(parts)
    }

    /// Drops the first directories, which must be the same for all entries.
    fn strip<'n>(
        &mut self,
        name: &[u8],
        parts: &[&'n str],
        is_directory: bool,
    ) -> Option<Vec<&'n str>> {
        let (dropped, kept) = parts.split_at(parts.len().min(self.strip));
        if kept.is_empty() && !is_directory {
            let reason = format!(
                "is not inside of a directory that `strip = {}` drops: lower `strip`",
                self.strip
            );
            self.refuse(name, &reason);
            return None;
        }
        let known = self.stripped.get_or_insert_default();
        let is_same = known.iter().zip(dropped).all(|(known, part)| known == part);
        if !is_same {
            let reason = format!(
                "is not inside of `{}`, which `strip = {}` drops: lower `strip`",
                inert(&known.join("/")),
                self.strip
            );
            self.refuse(name, &reason);
            return None;
        }
        for part in dropped.iter().skip(known.len()) {
            known.push((*part).to_owned());
        }
        Some(kept.to_vec())
    }

    /// Checks all links, writes them, and returns the digest.
    pub(super) fn finish(mut self) -> Result<TreeDigest, Vec<String>> {
        if self.problems.is_empty() && self.entries.is_empty() {
            self.problem("contains no files".to_owned());
        }
        // Which links dangle is unknown if entries are missing.
        if self.problems.is_empty() {
            self.check_links();
        }
        let mut hasher = TreeHasher::new();
        for (path, entry) in &self.entries {
            match entry {
                Entry::Directory => hasher.directory(path),
                Entry::File {
                    executable,
                    content,
                    size,
                } => hasher.file(path, *executable, content, *size),
                Entry::Link { to } => {
                    hasher.link(path, to);
                    let written = self.output.map_or(Ok(()), |output| output.link(path, to));
                    if let Err(error) = written {
                        let Fatal(problem) = unwritten(path.as_bytes(), &error);
                        return Err(vec![problem]);
                    }
                }
            }
        }
        if self.problems.is_empty() {
            return Ok(hasher.finish());
        }
        if self.more > 0 {
            let mut last = String::from("is refused: ");
            let _ = write!(last, "{} more entries are refused", self.more);
            self.problems.push(last);
        }
        Err(self.problems)
    }

    fn check_links(&mut self) {
        let find = |path: &str| {
            self.entries.get(path).map(|entry| match entry {
                Entry::Directory => Leads::Directory,
                Entry::File { .. } => Leads::File,
                Entry::Link { to } => Leads::Link(to),
            })
        };
        let mut wrong = Vec::new();
        for (path, entry) in &self.entries {
            if let Entry::Link { to } = entry
                && let Err(fault) = links::check(path, to, &find)
            {
                let reason = format!(
                    "is a symbolic link to {}, {fault}: artifacts contain only links to their own files",
                    shown(to.as_bytes())
                );
                wrong.push((path.clone(), reason));
            }
        }
        for (path, reason) in wrong {
            self.refuse(path.as_bytes(), &reason);
        }
    }
}

/// Returns a name from an archive for display, in one line.
pub(super) fn shown(name: &[u8]) -> String {
    /// The number of characters that are shown.
    const SHOWN: usize = 120;
    let text = String::from_utf8_lossy(name);
    let mut short: String = text.chars().take(SHOWN).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    let safe = inert(&short).replace('\n', "\\n").replace('\t', "\\t");
    format!("`{safe}`")
}

fn unwritten(name: &[u8], error: &io::Error) -> Fatal {
    Fatal(format!(
        "cannot be unpacked: {}: {} (`TMPDIR` names the directory for it)",
        shown(name),
        why_io(error)
    ))
}
