//! History of differences: the commit that introduced each one, and the new ones since a revision.
//!
//! Documents of older commits are compared by today's declarations, since the question is when the files diverged.
//! Adapters read commits and their documents.

mod age;
mod commits;
mod new;
mod since;

pub use age::{date, places_of};
pub use commits::{CommitInfo, Commits};
pub use new::{EarlierDifferences, fingerprints, only_new};
pub use since::{Budget, CommitContents, History, Listed, Since, introductions, since_revision};
