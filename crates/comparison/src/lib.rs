//! Comparison of two documents as trees: equal and different values, and the meaning of each difference.
//!
//! Pure. From parsed documents and facts about the two environments, it returns disagreements with a path and places on
//! both sides. Declared differences and presentation are left to `drift`.

#![forbid(unsafe_code)]

pub mod discovery;

mod disagreement;
mod files;
mod hashed_files;
mod hunks;
mod identity;
mod index;
mod layers;
mod likeness;
mod lines;
mod list;
pub mod meaning;
pub mod path;
pub mod pattern;
mod raw;
mod rules;
mod said;
mod section;
mod shown;
mod things;
mod tokens;
mod walk;
mod words;

pub use disagreement::{Disagreement, Matter, Side, Surroundings};
pub use files::{FileContent, Files, FilesComparison, Located, compare_files};
pub use identity::{Identities, Identity, Which};
pub use index::Index;
pub use layers::{Merge, Shape};
pub use path::{Path, Step};
pub use pattern::{Pattern, PatternProblem};
pub use raw::raw_differences;
pub use rules::Rules;
pub use said::Said;
pub use things::Thing;
pub use walk::{Compared, Equal, Why, compare};

#[cfg(test)]
mod tests;
