//! Generated documents, and requirements for all documents.
//!
//! `EVENKEEL_BLESS=1 cargo test --test program documents` rewrites the generated ones; an ordinary run compares them.

pub mod files;
mod generated;
mod steps;
pub mod words;
