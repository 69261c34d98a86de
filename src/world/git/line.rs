//! Entries of the commits of a line, derived from the changes between them.
//!
//! A commit's entry is the one before the nearest newer change of its path, or the newest commit's. So no directory of
//! older commits has to be read. Of a directory above the queried paths, git reports the changes only while it is one.

use std::collections::HashMap;
use std::path::{Component, Path, PathBuf};

use super::history::Changes;
use super::tree::TreeEntry;
use evenkeel_core::history::CommitInfo;

/// Known entries of a line of commits, each the first parent of the one before.
#[derive(Debug)]
pub struct Line {
    newest: String,
    /// Number of commits from the newest.
    depths: HashMap<String, usize>,
    /// Changes of each path, with the depth of the commit, the newest first.
    before: HashMap<PathBuf, Vec<(usize, Option<TreeEntry>)>>,
    within: Vec<String>,
}

/// Entry of a commit.
pub(super) enum Known<'a> {
    /// This entry; `None` if it is missing.
    Entry(Option<TreeEntry>),
    /// The same entry as in this commit.
    As(&'a str),
    /// The same entry as in this commit if that is a directory; otherwise unknown.
    AsDirectory(&'a str),
}

/// Extent of the known changes of a path.
enum Coverage {
    /// All.
    Whole,
    /// Those from and to directories.
    Directory,
}

impl Line {
    /// Derives the entries of `commits`, newest first, from their changes; `None` without a commit.
    #[must_use]
    pub fn new(commits: &[CommitInfo], changes: &Changes) -> Option<Self> {
        let newest = commits.first()?.commit.clone();
        let mut depths = HashMap::with_capacity(commits.len());
        let mut before: HashMap<PathBuf, Vec<(usize, Option<TreeEntry>)>> = HashMap::new();
        let mut expected = None;
        for (depth, commit) in commits.iter().enumerate() {
            if expected.is_some_and(|expected| expected != Some(commit.commit.as_str())) {
                break;
            }
            expected = Some(commit.parents.first().map(String::as_str));
            depths.insert(commit.commit.clone(), depth);
            for change in changes.by_commit.get(&commit.commit).into_iter().flatten() {
                let own = before.entry(change.path.clone()).or_default();
                match own.last_mut() {
                    // A directory that became a file, or the other way round.
                    Some((same, entry)) if *same == depth => *entry = entry.or(change.before),
                    _ => own.push((depth, change.before)),
                }
            }
        }
        Some(Self {
            newest,
            depths,
            before,
            within: changes.within.clone(),
        })
    }

    /// Returns the entry of a commit at a path; `None` if it is unknown.
    pub(super) fn at(&self, commit: &str, path: &Path) -> Option<Known<'_>> {
        let depth = self.depths.get(commit).filter(|depth| **depth > 0)?;
        let coverage = self.coverage(path)?;
        let changes = self.before.get(path).map_or(&[][..], Vec::as_slice);
        let newer = changes.partition_point(|(changed, _)| changed < depth);
        let nearest = newer.checked_sub(1).and_then(|last| changes.get(last));
        match (nearest, coverage) {
            (Some((_, entry)), Coverage::Whole) => Some(Known::Entry(*entry)),
            (Some((_, Some(entry))), Coverage::Directory) => Some(Known::Entry(Some(*entry))),
            // Perhaps it was a file.
            (Some((_, None)), Coverage::Directory) => None,
            (None, Coverage::Whole) => Some(Known::As(&self.newest)),
            (None, Coverage::Directory) => Some(Known::AsDirectory(&self.newest)),
        }
    }

    fn coverage(&self, path: &Path) -> Option<Coverage> {
        let mut components = path.components();
        let is_plain = components.all(|component| matches!(component, Component::Normal(_)));
        if !is_plain || path.file_name().is_none() {
            return None;
        }
        let within = || self.within.iter().map(Path::new);
        if within().any(|place| place == Path::new(".") || path.starts_with(place)) {
            return Some(Coverage::Whole);
        }
        let is_above = within().any(|place| place.starts_with(path));
        is_above.then_some(Coverage::Directory)
    }
}
