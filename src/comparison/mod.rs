//! Compares two documents as trees: what is the same, what differs, and what each difference means.
//!
//! Pure. Takes documents that were read and what is known of the two environments, gives disagreements with a path and
//! places on both sides. What of that is declared, and what it is called when it is shown, is left to `drift`.

pub mod meaning;
pub mod path;
pub mod pattern;

pub use path::{Path, Step};
pub use pattern::{Pattern, PatternProblem};
