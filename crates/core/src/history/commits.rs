//! Commits of a branch, as listed by an adapter of version control.

use evenkeel_model::Moment;

/// Commit, for display.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommitInfo {
    /// Full hash.
    pub commit: String,
    /// First ten digits.
    pub short: String,
    /// Time of the commit on this branch, not of its first version.
    pub time: Moment,
    /// Author, escaped for terminals.
    pub author: String,
    /// First line of its message, escaped for terminals.
    pub subject: String,
    /// Full hashes of its parents; several for a merge, the branch itself first.
    pub parents: Vec<String>,
}

impl CommitInfo {
    /// Returns the merged branches.
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
    /// Whether the list is complete: there were not more than requested, and the clone is not shallow.
    pub whole: bool,
}
