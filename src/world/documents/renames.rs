//! Names of files in an older commit that differ from the current ones.
//!
//! A commit is read through this map, so that each file has its current name.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Current names with the older ones. All are relative to the root of the repository.
#[derive(Clone, Debug, Default)]
pub struct Renames {
    then: BTreeMap<PathBuf, PathBuf>,
    old: BTreeSet<PathBuf>,
}

impl Renames {
    /// Adds an older rename: `new` in these names was `old` before.
    pub fn follow(&mut self, new: &Path, old: PathBuf) {
        let now = self.then.iter().find(|(_, then)| *then == new);
        let now = now.map_or_else(|| new.to_owned(), |(now, _)| now.clone());
        self.then.insert(now, old);
        self.old = self.then.values().cloned().collect();
    }

    /// Whether no name differs.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.then.is_empty()
    }

    /// Returns the older names of files whose current names match.
    pub fn within(&self, is_meant: impl Fn(&Path) -> bool) -> impl Iterator<Item = PathBuf> {
        let meant = self.then.iter().filter(move |(now, _)| is_meant(now));
        meant.map(|(_, then)| then.clone())
    }

    /// Returns the older name of a file.
    pub(super) fn of(&self, now: &Path) -> Option<&Path> {
        self.then.get(now).map(PathBuf::as_path)
    }

    /// Whether an older name is not the current one.
    pub(super) fn is_gone(&self, then: &Path) -> bool {
        self.old.contains(then) && !self.then.contains_key(then)
    }

    /// Whether a file was renamed to a name below this directory.
    pub(super) fn reach(&self, directory: &Path) -> bool {
        self.below(directory).next().is_some()
    }

    /// Returns the entries of a directory that are there by renaming only: each name, and whether it is a file.
    pub(super) fn below<'a>(
        &'a self,
        directory: &'a Path,
    ) -> impl Iterator<Item = (OsString, bool)> + 'a {
        self.then.keys().filter_map(move |now| {
            let mut rest = now.strip_prefix(directory).ok()?.components();
            let name = rest.next()?.as_os_str().to_owned();
            Some((name, rest.next().is_none()))
        })
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::Renames;

    #[test]
    fn names_are_followed_back_over_several_renames() {
        let mut renames = Renames::default();
        renames.follow(Path::new("config/c"), "b".into());
        renames.follow(Path::new("b"), "old/a".into());
        assert_eq!(renames.of(Path::new("config/c")), Some(Path::new("old/a")));
        assert!(renames.is_gone(Path::new("old/a")) && !renames.is_gone(Path::new("b")));
        assert!(renames.reach(Path::new("config")) && renames.reach(Path::new("")));
        assert!(!renames.reach(Path::new("old")));
        let below: Vec<_> = renames.below(Path::new("")).collect();
        assert_eq!(below, [("config".into(), false)]);
    }

    #[test]
    fn swapped_names_both_exist() {
        let mut renames = Renames::default();
        renames.follow(Path::new("a"), "b".into());
        renames.follow(Path::new("b"), "c".into());
        // `a` was `b`, and `c` before that.
        assert_eq!(renames.of(Path::new("a")), Some(Path::new("c")));
        assert_eq!(renames.of(Path::new("b")), None);
    }
}
