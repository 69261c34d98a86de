//! The book in `docs/`: its links, and every command that its pages show.
//!
//! Each page is followed in an empty directory: its files are written, its commands run in a shell, and the shown output is
//! compared with the printed one. `CONTRIBUTING.md` describes how a page is written. `EVENKEEL_BLESS=1 cargo test --test
//! program book` rewrites shown outputs.

mod links;
mod names;
mod output;
mod page;
mod pages;
mod shell;
