//! The whole program: on bad input, on bad days, killed anywhere, and held against its laws.
//!
//! One binary, one file per subject. What needs root, a mount or strace says loudly when it is skipped.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a test fails by panicking, and says what it skipped"
)]

mod bad_days;
mod bad_input;
mod baseline;
mod canaries;
mod checkpoints;
mod crash;
mod declared;
mod definitions;
mod estate;
mod first_day;
mod formats;
mod gate;
mod history;
mod hostile;
mod injected;
mod inside;
mod laws;
mod locks;
mod lost;
mod matching;
mod origins;
mod refusals;
mod repeated;
mod running;
mod secrets;
mod shut;
mod sources;
mod tampering;
mod unfinished;
mod world;

/// A file of this folder that is not in the list above would never be compiled, and never run.
#[test]
fn every_file_is_listed() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/program");
    let list = include_str!("main.rs");
    for entry in std::fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if name == "snapshots" {
            continue;
        }
        let module = name.strip_suffix(".rs").unwrap();
        assert!(
            module == "main" || list.contains(&format!("\nmod {module};\n")),
            "{name} is not listed"
        );
    }
}
