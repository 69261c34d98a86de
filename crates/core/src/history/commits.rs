//! Commits of a branch, as an adapter of version control lists them.

use evenkeel_model::Moment;

/// A commit, as people know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommitInfo {
    /// Its name in full.
    pub commit: String,
    /// Its first ten digits.
    pub short: String,
    /// When it was committed: when it came to this branch, not when it was first written.
    pub time: Moment,
    /// Who wrote it, harmless for terminals.
    pub author: String,
    /// Its first line, harmless for terminals.
    pub subject: String,
    /// What it was made on, in full; several for a merge, the branch itself first.
    pub parents: Vec<String>,
}

impl CommitInfo {
    /// The other branches of a merge.
    #[must_use]
    pub fn merged(&self) -> &[String] {
        self.parents.get(1..).unwrap_or_default()
    }
}

/// Commits of a branch, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Commits {
    /// The commits.
    pub list: Vec<CommitInfo>,
    /// Whether these are all: there were not more than asked for, and the clone is not shallow.
    pub whole: bool,
}
