//! The local target and its primitives on a real machine, on its bad days.
//!
//! One binary, one file per subject. What needs root or a mount says loudly when it is skipped.

mod commands;
mod files;
mod installations;
mod processes;
mod races;
mod repositories;
mod speed;
mod support;
