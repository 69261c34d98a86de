//! Documents that come from the code, and what all documents must hold to.
//!
//! `EVENKEEL_BLESS=1 cargo test --test program documents` rewrites the generated ones; an ordinary run compares them.

mod files;
mod generated;
mod steps;
mod words;
