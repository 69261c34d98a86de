//! The adapters to commands and to git, against real ones.

mod commands;
mod repositories;
