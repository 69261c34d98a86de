//! Directories and files of a commit, as a tree of documents.
//!
//! Nothing is checked out. Links are followed within the commit, name by name; a path outside of the repository is in
//! no commit.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Component, Path, PathBuf};

use super::renames::Renames;
use crate::world::git::{GitError, Objects, TreeEntry, TreeKind};
use evenkeel_core::documents::{Kind, Resolved, Tree, is_private};

/// Maximum number of links on one path: more are a cycle.
const MOST_LINKS: usize = 40;
/// Longest destination of a link.
const LONGEST_LINK: u64 = 4096;

/// Tree of a commit.
pub(super) struct AtCommit<'a> {
    objects: &'a mut Objects,
    commit: &'a str,
    project: &'a Path,
    renames: &'a Renames,
    passed: BTreeSet<PathBuf>,
}

impl<'a> AtCommit<'a> {
    /// Creates the tree of a commit (full hash) for the project's directory, relative to the root of the repository,
    /// with the renames since then.
    pub(super) fn new(
        objects: &'a mut Objects,
        commit: &'a str,
        project: &'a Path,
        renames: &'a Renames,
    ) -> Self {
        Self {
            objects,
            commit,
            project,
            renames,
            passed: BTreeSet::new(),
        }
    }

    /// Returns the followed links, by their real paths.
    pub(super) fn into_passed(self) -> BTreeSet<PathBuf> {
        self.passed
    }

    /// Returns the entry at a real path.
    pub(super) fn entry(&mut self, path: &Path) -> Result<Option<TreeEntry>, GitError> {
        match (path.parent(), path.file_name()) {
            (Some(parent), Some(name)) => self.named(parent, name),
            _ => Ok(None),
        }
    }

    /// Returns the entry of a directory, by the current name.
    fn named(&mut self, directory: &Path, name: &OsStr) -> Result<Option<TreeEntry>, GitError> {
        if self.renames.is_empty() {
            return self.objects.entry(self.commit, directory, name);
        }
        let path = directory.join(name);
        match self.renames.of(&path) {
            Some(then) => match (then.parent(), then.file_name()) {
                (Some(parent), Some(name)) => self.objects.entry(self.commit, parent, name),
                _ => Ok(None),
            },
            None if self.renames.is_gone(&path) => Ok(None),
            None => self.objects.entry(self.commit, directory, name),
        }
    }

    fn written(&mut self, entry: &TreeEntry) -> Result<PathBuf, String> {
        let bytes = self
            .objects
            .file(&entry.id, |size, reader| {
                let mut bytes = Vec::new();
                if size > LONGEST_LINK {
                    return Err("a link whose destination is longer than a path".to_owned());
                }
                match reader.read_to_end(&mut bytes) {
                    Ok(_) => Ok(bytes),
                    Err(error) => Err(error.to_string()),
                }
            })
            .map_err(|error| error.to_string())??;
        Ok(PathBuf::from(OsString::from_vec(bytes)))
    }
}

impl Tree for AtCommit<'_> {
    fn start(&self) -> PathBuf {
        self.project.to_owned()
    }

    fn resolve(&mut self, path: &Path) -> Result<Resolved, String> {
        let mut left = parts(path);
        let mut here = PathBuf::new();
        let mut kind = Kind::Directory;
        let mut links = 0;
        while let Some(part) = left.pop() {
            if part == OsStr::new("..") {
                if !here.pop() {
                    return Ok(Resolved::Outside);
                }
                kind = Kind::Directory;
                continue;
            }
            if kind != Kind::Directory {
                return Ok(Resolved::Absent);
            }
            if is_private(&part) {
                return Ok(Resolved::Private);
            }
            let entry = self
                .named(&here, &part)
                .map_err(|error| error.to_string())?;
            let Some(entry) = entry else {
                here.push(&part);
                if self.renames.reach(&here) {
                    kind = Kind::Directory;
                    continue;
                }
                return Ok(Resolved::Absent);
            };
            if entry.kind != TreeKind::Link {
                here.push(&part);
                kind = kind_of(entry.kind);
                continue;
            }
            self.passed.insert(here.join(&part));
            links += 1;
            if links > MOST_LINKS {
                return Err("cyclic links".into());
            }
            let written = self.written(&entry)?;
            if written.is_absolute() {
                return Ok(Resolved::Outside);
            }
            left.extend(parts(&written));
        }
        Ok(Resolved::At(here, kind))
    }

    fn children(&mut self, directory: &Path) -> Result<Vec<(OsString, Kind)>, String> {
        let tree = self
            .objects
            .directory(self.commit, directory)
            .map_err(|error| error.to_string())?;
        if tree.is_none() && !self.renames.reach(directory) {
            return Err("it is not a directory".to_owned());
        }
        let mut children: BTreeMap<OsString, Kind> = tree
            .iter()
            .flat_map(|tree| tree.iter())
            .filter(|(name, _)| !self.renames.is_gone(&directory.join(name)))
            .map(|(name, entry)| (name.clone(), kind_of(entry.kind)))
            .collect();
        for (name, is_file) in self.renames.below(directory) {
            if !is_file {
                children.entry(name).or_insert(Kind::Directory);
            } else if let Some(entry) = self
                .named(directory, &name)
                .map_err(|error| error.to_string())?
            {
                children.insert(name, kind_of(entry.kind));
            }
        }
        Ok(children.into_iter().collect())
    }

    fn link(&mut self, path: &Path) -> Result<PathBuf, String> {
        let entry = self.entry(path).map_err(|error| error.to_string())?;
        self.written(&entry.ok_or("it does not exist")?)
    }

    fn known_as(&self) -> String {
        let short: String = self.commit.chars().take(10).collect();
        format!(" in commit {short}")
    }
}

fn kind_of(kind: TreeKind) -> Kind {
    match kind {
        TreeKind::File => Kind::File,
        TreeKind::Link => Kind::Link,
        TreeKind::Directory => Kind::Directory,
        TreeKind::Submodule => {
            Kind::Other("a submodule, whose files are in no commit of this repository")
        }
    }
}

/// Returns the names of a relative path, the last first.
fn parts(path: &Path) -> Vec<OsString> {
    let mut parts: Vec<OsString> = path
        .components()
        .filter_map(|component| match component {
            Component::Normal(part) => Some(part.to_owned()),
            Component::ParentDir => Some(OsStr::from_bytes(b"..").to_owned()),
            _ => None,
        })
        .collect();
    parts.reverse();
    parts
}
