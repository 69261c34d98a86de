//! History of differences: the commit that each one came with, and which are new since a revision.
//!
//! Documents of older commits are compared by today's declarations: the question is since when the files differ.
//! Commits and the documents in them are read by adapters.

mod age;
mod commits;
mod new;
mod since;

pub use age::{date, places_of};
pub use commits::{CommitInfo, Commits};
pub use new::{EarlierDifferences, fingerprints, only_new};
pub use since::{Budget, CommitContents, History, Listed, Since, since_revision, stands_since};
