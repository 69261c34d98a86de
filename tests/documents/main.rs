//! Documents that come from the code, and what all documents must hold to.
//!
//! `EVENKEEL_BLESS=1 cargo test --test documents` writes the generated ones anew; an ordinary run compares them.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "tests stop at the first surprise and say what they saw"
)]

mod files;
mod generated;
mod words;
