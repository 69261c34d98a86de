//! What files are called in an older commit, where that is not what they are called now.
//!
//! A commit is looked at through it: each file stands under the name that it has now.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Names of now, each with the name of then. All are relative to the root of the repository.
#[derive(Clone, Debug, Default)]
pub struct Renames {
    then: BTreeMap<PathBuf, PathBuf>,
    old: BTreeSet<PathBuf>,
}

impl Renames {
    /// Goes further back: what is called `new` where these names hold is called `old` before.
    pub fn follow(&mut self, new: &Path, old: PathBuf) {
        let now = self.then.iter().find(|(_, then)| *then == new);
        let now = now.map_or_else(|| new.to_owned(), |(now, _)| now.clone());
        self.then.insert(now, old);
        self.old = self.then.values().cloned().collect();
    }

    /// Whether nothing has another name.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.then.is_empty()
    }

    /// What the files were called then whose names of now are of a kind.
    pub fn within(&self, is_meant: impl Fn(&Path) -> bool) -> impl Iterator<Item = PathBuf> {
        let meant = self.then.iter().filter(move |(now, _)| is_meant(now));
        meant.map(|(_, then)| then.clone())
    }

    /// What a file that is called so now was called then.
    pub(super) fn of(&self, now: &Path) -> Option<&Path> {
        self.then.get(now).map(PathBuf::as_path)
    }

    /// Whether what was called so then is called otherwise now.
    pub(super) fn is_gone(&self, then: &Path) -> bool {
        self.old.contains(then) && !self.then.contains_key(then)
    }

    /// Whether a file was renamed to a name below this directory.
    pub(super) fn reach(&self, directory: &Path) -> bool {
        self.below(directory).next().is_some()
    }

    /// What stands in a directory by renaming alone: each name, and whether it is a file and not another directory.
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
    fn names_that_were_exchanged_are_both_there() {
        let mut renames = Renames::default();
        renames.follow(Path::new("a"), "b".into());
        renames.follow(Path::new("b"), "c".into());
        // What is `a` now was `b`, and `c` before that.
        assert_eq!(renames.of(Path::new("a")), Some(Path::new("c")));
        assert_eq!(renames.of(Path::new("b")), None);
    }
}
