//! Commit that introduced each difference: walks back along a branch, commit by commit, while the difference exists.
//!
//! A [`History`] lists the commits and reads the contents of each one. A difference is identified by the digest of its
//! place and defect, so it has one key in all commits. A [`Budget`] limits the work.

use std::collections::{BTreeMap, BTreeSet};

use super::{CommitInfo, Commits};
use evenkeel_model::Digest;

/// Limits of a walk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Maximum number of commits.
    pub commits: usize,
    /// Maximum number of bytes of files; the commit that exceeds it is still read.
    pub bytes: u64,
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            commits: 64,
            bytes: 32 * 1024 * 1024,
        }
    }
}

/// Keys that exist in one commit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CommitContents {
    /// All keys, or those that were requested.
    pub keys: BTreeSet<Digest>,
    /// Number of bytes read.
    pub bytes: u64,
}

/// Start of the uninterrupted existence of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Since {
    /// This commit introduced it.
    Commit(CommitInfo),
    /// It existed in this commit, and earlier ones are unknown: the budget was used up, the clone is shallow, or an
    /// older commit was unreadable.
    AtLeast(CommitInfo),
    /// Not committed yet.
    WorkingTree,
}

/// Commits that touched something, newest first.
pub trait History {
    /// Returns the next older commit.
    fn older(&mut self) -> Option<CommitInfo>;

    /// Returns the keys in a returned commit; `None` if they are unknown.
    fn standing(&mut self, commit: &CommitInfo) -> Option<CommitContents>;

    /// Whether the history is complete, once there is no older commit.
    fn is_whole(&self) -> bool;

    /// Returns the commit before which the history is unknown, if it is incomplete.
    fn seen_back_to(&self) -> Option<CommitInfo>;
}

/// List of commits, with a function that reads the keys of each.
pub struct Listed<F> {
    commits: std::vec::IntoIter<CommitInfo>,
    whole: bool,
    standing: F,
}

impl<F: FnMut(&CommitInfo) -> Option<CommitContents>> Listed<F> {
    /// Creates a history from commits and a function that returns the keys of each.
    pub fn new(commits: Commits, standing: F) -> Self {
        Self {
            commits: commits.list.into_iter(),
            whole: commits.whole,
            standing,
        }
    }
}

impl<F: FnMut(&CommitInfo) -> Option<CommitContents>> History for Listed<F> {
    fn older(&mut self) -> Option<CommitInfo> {
        self.commits.next()
    }

    fn standing(&mut self, commit: &CommitInfo) -> Option<CommitContents> {
        (self.standing)(commit)
    }

    fn is_whole(&self) -> bool {
        self.whole
    }

    fn seen_back_to(&self) -> Option<CommitInfo> {
        None
    }
}

/// Returns the introduction of each current key, by the commits that touched its subject.
///
/// A key without an entry is unknown: even the newest commit was unreadable.
pub fn introductions(
    now: &BTreeSet<Digest>,
    budget: Budget,
    history: &mut dyn History,
) -> BTreeMap<Digest, Since> {
    let mut since = BTreeMap::new();
    let mut left = now.clone();
    let mut bytes = 0_u64;
    let mut newer: Option<CommitInfo> = None;
    let mut whole = true;
    let mut seen_back_to = None;
    for index in 0.. {
        if left.is_empty() {
            break;
        }
        let Some(commit) = history.older() else {
            whole = history.is_whole();
            seen_back_to = history.seen_back_to();
            break;
        };
        let spent = index >= budget.commits || (index > 0 && bytes >= budget.bytes);
        let Some(found) = (if spent {
            None
        } else {
            history.standing(&commit)
        }) else {
            whole = false;
            break;
        };
        bytes = bytes.saturating_add(found.bytes);
        left.retain(|key| {
            let exists = found.keys.contains(key);
            if !exists {
                let began = newer.clone().map_or(Since::WorkingTree, Since::Commit);
                since.insert(*key, began);
            }
            exists
        });
        newer = Some(commit);
    }
    for key in left {
        let began = match (newer.clone(), whole) {
            // It did not exist before the first commit that touched it.
            (Some(oldest), true) => Since::Commit(oldest),
            (Some(oldest), false) => Since::AtLeast(seen_back_to.clone().unwrap_or(oldest)),
            (None, true) => Since::WorkingTree,
            (None, false) => continue,
        };
        since.insert(key, began);
    }
    since
}

/// Returns the current keys that did not exist in a revision.
#[must_use]
pub fn since_revision(now: &BTreeSet<Digest>, then: &BTreeSet<Digest>) -> BTreeSet<Digest> {
    now.difference(then).copied().collect()
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::{Budget, CommitContents, Listed, Since, introductions, since_revision};
    use super::{CommitInfo, Commits};
    use evenkeel_model::{Digest, Moment};

    fn key(name: &str) -> Digest {
        Digest::of(name.as_bytes())
    }

    fn keys(names: &str) -> BTreeSet<Digest> {
        names.split_whitespace().map(key).collect()
    }

    fn commits(count: usize, whole: bool) -> Commits {
        let list = (0..count).map(|index| CommitInfo {
            commit: format!("{index:040}"),
            short: format!("{index}"),
            time: Moment::from_millisecond(0),
            author: "T".into(),
            subject: "s".into(),
            parents: Vec::new(),
        });
        Commits {
            list: list.collect(),
            whole,
        }
    }

    /// Returns the result for each key: `c3` for a commit, `>c3` for at least, `w` for the working tree. In `history`,
    /// the newest first, each text lists the keys of a commit, and `?` is an unreadable one.
    fn reported(
        now: &str,
        history: &[&str],
        whole: bool,
        budget: Budget,
    ) -> BTreeMap<String, String> {
        let mut listed = Listed::new(commits(history.len(), whole), |commit: &CommitInfo| {
            let text = history[commit.short.parse::<usize>().unwrap()];
            (text != "?").then(|| CommitContents {
                keys: keys(text),
                bytes: 10,
            })
        });
        let since = introductions(&keys(now), budget, &mut listed);
        now.split_whitespace()
            .filter_map(|name| {
                let said = match since.get(&key(name))? {
                    Since::Commit(info) => format!("c{}", info.short),
                    Since::AtLeast(info) => format!(">c{}", info.short),
                    Since::WorkingTree => "w".into(),
                };
                Some((name.to_owned(), said))
            })
            .collect()
    }

    fn all(now: &str, history: &[&str]) -> String {
        let reported = reported(now, history, true, Budget::default());
        let words: Vec<String> = reported
            .iter()
            .map(|(name, since)| format!("{name}:{since}"))
            .collect();
        words.join(" ")
    }

    #[test]
    fn each_difference_is_dated_to_its_commit() {
        assert_eq!(all("a b c", &["a b", "a b", "a", ""]), "a:c2 b:c1 c:w");
        assert_eq!(all("a", &["a", "a"]), "a:c1");
        assert_eq!(all("a", &[""]), "a:w");
    }

    #[test]
    fn only_the_unbroken_run_up_to_now_counts() {
        assert_eq!(all("a", &["a", "", "a", "a"]), "a:c0");
    }

    #[test]
    fn uncommitted_differences_are_in_the_working_tree() {
        assert_eq!(all("a", &[]), "a:w");
        assert_eq!(all("", &["a"]), "");
    }

    #[test]
    fn where_history_ends_early_nothing_more_is_claimed() {
        let small = Budget {
            commits: 2,
            bytes: 1000,
        };
        assert_eq!(reported("a", &["a", "a", "a"], true, small)["a"], ">c1");
        // A date found before the budget ends is final.
        assert_eq!(reported("a", &["a", "", "a"], true, small)["a"], "c0");
        let few_bytes = Budget {
            commits: 64,
            bytes: 20,
        };
        assert_eq!(reported("a", &["a", "a", "a"], true, few_bytes)["a"], ">c1");
        // An exactly sufficient budget is not exceeded.
        assert_eq!(reported("a", &["a", "a"], true, few_bytes)["a"], "c1");
        assert_eq!(
            reported("a", &["a", "a"], false, Budget::default())["a"],
            ">c1"
        );
        assert_eq!(
            reported("a b", &["a b", "a", "?"], true, Budget::default())["a"],
            ">c1"
        );
        assert_eq!(
            reported("a b", &["a b", "a", "?"], true, Budget::default())["b"],
            "c0"
        );
    }

    #[test]
    fn an_unreadable_newest_commit_leaves_everything_unknown() {
        assert!(reported("a", &["?"], true, Budget::default()).is_empty());
        assert!(reported("a", &[], false, Budget::default()).is_empty());
    }

    #[test]
    fn no_more_commits_are_read_than_needed() {
        let mut asked = 0;
        let mut listed = Listed::new(commits(9, true), |_: &CommitInfo| {
            asked += 1;
            Some(CommitContents {
                keys: if asked < 3 { keys("a") } else { keys("") },
                bytes: 0,
            })
        });
        let _ = introductions(&keys("a"), Budget::default(), &mut listed);
        assert_eq!(asked, 3);
        let one_byte = Budget {
            commits: 64,
            bytes: 0,
        };
        assert_eq!(reported("a", &["a", "a"], true, one_byte)["a"], ">c0");
    }

    #[test]
    fn new_differences_did_not_exist_before() {
        assert_eq!(since_revision(&keys("a b c"), &keys("b d")), keys("a c"));
    }
}
