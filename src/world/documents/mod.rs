//! Reading of documents: from the working tree, from a commit, from the output of a command, or from two named paths.
//!
//! These are the adapters of [`evenkeel_core::documents`], which decides which files a declaration names and what they
//! are compared as.

mod commit;
mod committed;
mod pair;
mod renames;
mod render;
mod working;
mod working_tree;

pub use committed::CommittedDocuments;
pub use pair::{PairError, gather_pair};
pub use renames::Renames;
pub use render::Rendering;
pub use working::WorkingDocuments;

#[cfg(test)]
mod tests;
