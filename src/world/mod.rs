//! Adapters to the world outside of targets: git, commands, HTTP, files, stores and sources of secrets.
//!
//! Each implements a port of a crate below, or does one thing for the layers above, which interpret the answers.

pub mod account;
pub mod archive;
pub mod bundle;
pub mod checks;
pub mod command;
pub mod documents;
pub mod files;
pub mod git;
pub mod http;
pub mod inventories;
pub mod metrics;
pub mod noted;
pub mod patient;
pub mod place;
pub mod processes;
pub mod redacted_target;
pub mod redaction;
pub mod report_file;
pub mod scratch;
pub mod secrets;
pub mod signing;
pub mod ssh;
pub mod stores;
pub mod survey;
pub mod unwritten;
pub mod waiting;
