//! Documents that come from the code, and what all documents must hold to.
//!
//! `EVENKEEL_BLESS=1 cargo test --test documents` writes the generated ones anew; an ordinary run compares them.

mod files;
mod generated;
mod words;
