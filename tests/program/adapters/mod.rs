//! Adapters to commands and to git, tested with real ones.

mod commands;
mod repositories;
