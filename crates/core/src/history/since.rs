//! The commit that each difference came with: walks back along a branch, commit by commit, while the difference is there.
//!
//! A [`History`] gives the commits and reads the contents of each one. A difference is identified by the digest of its
//! place and what is wrong there, so it is the same difference in each commit. The work is bounded by a [`Budget`].

use std::collections::{BTreeMap, BTreeSet};

use super::{CommitInfo, Commits};
use evenkeel_model::Digest;

/// How much may be looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Most commits.
    pub commits: usize,
    /// Most bytes of files; the commit in which they run out is still looked at.
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

/// What stands in one commit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CommitContents {
    /// All of it, or of what was asked for.
    pub keys: BTreeSet<Digest>,
    /// How many bytes had to be read to tell.
    pub bytes: u64,
}

/// Since when something stands without a break.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Since {
    /// It came with this commit.
    Commit(CommitInfo),
    /// It was there in this commit; what was before is not known: the budget was used up, the clone is shallow, or an
    /// older commit could not be understood.
    AtLeast(CommitInfo),
    /// It is in no commit yet.
    WorkingTree,
}

/// The commits that touched something, newest first.
pub trait History {
    /// The next older commit.
    fn older(&mut self) -> Option<CommitInfo>;

    /// What stands in a commit that was given; `None` when that cannot be told.
    fn standing(&mut self, commit: &CommitInfo) -> Option<CommitContents>;

    /// Whether all commits that there are were given, once there is no older one.
    fn is_whole(&self) -> bool;

    /// Where not all were given: a commit before which nobody looked. What was touched since is known.
    fn seen_back_to(&self) -> Option<CommitInfo>;
}

/// Commits that were listed, each told apart by a function.
pub struct Listed<F> {
    commits: std::vec::IntoIter<CommitInfo>,
    whole: bool,
    standing: F,
}

impl<F: FnMut(&CommitInfo) -> Option<CommitContents>> Listed<F> {
    /// What stands in each of some commits.
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

/// Says of each thing that stands now since when, by the commits that touched what it is about.
///
/// A key that is not in the answer is one of which nothing can be said: not even the newest commit could be understood.
pub fn stands_since(
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
            let stands = found.keys.contains(key);
            if !stands {
                let began = newer.clone().map_or(Since::WorkingTree, Since::Commit);
                since.insert(*key, began);
            }
            stands
        });
        newer = Some(commit);
    }
    for key in left {
        let began = match (newer.clone(), whole) {
            // Before the first commit that touched it, it was not there.
            (Some(oldest), true) => Since::Commit(oldest),
            (Some(oldest), false) => Since::AtLeast(seen_back_to.clone().unwrap_or(oldest)),
            (None, true) => Since::WorkingTree,
            (None, false) => continue,
        };
        since.insert(key, began);
    }
    since
}

/// What stands now and did not stand in a revision.
#[must_use]
pub fn since_revision(now: &BTreeSet<Digest>, then: &BTreeSet<Digest>) -> BTreeSet<Digest> {
    now.difference(then).copied().collect()
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::{Budget, CommitContents, Listed, Since, since_revision, stands_since};
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

    /// What was said of each key: `c3` for a commit, `>c3` for at least, `w` for the working tree. In `history`, the
    /// newest first, each text is what stands in a commit, and `?` one that cannot be understood.
    fn told(now: &str, history: &[&str], whole: bool, budget: Budget) -> BTreeMap<String, String> {
        let mut listed = Listed::new(commits(history.len(), whole), |commit: &CommitInfo| {
            let text = history[commit.short.parse::<usize>().unwrap()];
            (text != "?").then(|| CommitContents {
                keys: keys(text),
                bytes: 10,
            })
        });
        let since = stands_since(&keys(now), budget, &mut listed);
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
        let told = told(now, history, true, Budget::default());
        let words: Vec<String> = told
            .iter()
            .map(|(name, since)| format!("{name}:{since}"))
            .collect();
        words.join(" ")
    }

    #[test]
    fn each_thing_is_dated_to_the_commit_it_came_with() {
        assert_eq!(all("a b c", &["a b", "a b", "a", ""]), "a:c2 b:c1 c:w");
        assert_eq!(all("a", &["a", "a"]), "a:c1");
        assert_eq!(all("a", &[""]), "a:w");
    }

    #[test]
    fn only_the_unbroken_run_up_to_now_counts() {
        assert_eq!(all("a", &["a", "", "a", "a"]), "a:c0");
    }

    #[test]
    fn what_is_in_no_commit_stands_in_the_working_tree() {
        assert_eq!(all("a", &[]), "a:w");
        assert_eq!(all("", &["a"]), "");
    }

    #[test]
    fn where_history_ends_early_nothing_more_is_claimed() {
        let small = Budget {
            commits: 2,
            bytes: 1000,
        };
        assert_eq!(told("a", &["a", "a", "a"], true, small)["a"], ">c1");
        // What is dated before the budget ends is dated for good.
        assert_eq!(told("a", &["a", "", "a"], true, small)["a"], "c0");
        let few_bytes = Budget {
            commits: 64,
            bytes: 20,
        };
        assert_eq!(told("a", &["a", "a", "a"], true, few_bytes)["a"], ">c1");
        // A budget that is just enough is not used up.
        assert_eq!(told("a", &["a", "a"], true, few_bytes)["a"], "c1");
        assert_eq!(told("a", &["a", "a"], false, Budget::default())["a"], ">c1");
        assert_eq!(
            told("a b", &["a b", "a", "?"], true, Budget::default())["a"],
            ">c1"
        );
        assert_eq!(
            told("a b", &["a b", "a", "?"], true, Budget::default())["b"],
            "c0"
        );
    }

    #[test]
    fn nothing_is_said_where_not_even_the_newest_commit_can_be_understood() {
        assert!(told("a", &["?"], true, Budget::default()).is_empty());
        assert!(told("a", &[], false, Budget::default()).is_empty());
    }

    #[test]
    fn no_more_commits_are_looked_at_than_are_needed() {
        let mut asked = 0;
        let mut listed = Listed::new(commits(9, true), |_: &CommitInfo| {
            asked += 1;
            Some(CommitContents {
                keys: if asked < 3 { keys("a") } else { keys("") },
                bytes: 0,
            })
        });
        let _ = stands_since(&keys("a"), Budget::default(), &mut listed);
        assert_eq!(asked, 3);
        let one_byte = Budget {
            commits: 64,
            bytes: 0,
        };
        assert_eq!(told("a", &["a", "a"], true, one_byte)["a"], ">c0");
    }

    #[test]
    fn what_is_new_is_what_was_not_there() {
        assert_eq!(since_revision(&keys("a b c"), &keys("b d")), keys("a c"));
    }
}
