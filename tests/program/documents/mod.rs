//! Documents that come from the code, and what all documents must hold to.
//!
//! `EVENKEEL_BLESS=1 cargo test --test program documents` rewrites the generated ones; an ordinary run compares them.

pub mod files;
mod generated;
mod steps;
pub mod words;
