//! The whole program: bad input, failures of the machine, crashes at any point, and laws.
//!
//! One binary, one file per subject. A skipped test that needs root, a mount or strace prints a note.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a test fails by panicking, and says what it skipped"
)]

#[allow(
    dead_code,
    clippy::print_stdout,
    reason = "servers that the tests of the ledger start in more ways"
)]
#[path = "../../crates/ledger/tests/ledger/pooler.rs"]
mod pooler;
#[allow(
    dead_code,
    clippy::print_stdout,
    reason = "servers that the tests of the ledger start in more ways"
)]
#[path = "../../crates/ledger/tests/ledger/server.rs"]
mod server;

mod adapters;
mod adopted;
mod alike;
mod bad_days;
mod bad_input;
mod baseline;
mod book;
mod bounds;
mod break_glass;
mod canaries;
mod checkpoints;
mod completeness;
mod crash;
mod decisions;
mod declared;
mod definitions;
mod documents;
mod dora;
mod doubts;
mod drilled;
mod earlier;
mod estate;
mod exports;
mod first_day;
mod forged_snapshots;
mod formats;
mod gate;
mod handover;
mod history;
mod hostile;
mod hosts;
mod injected;
mod inputs;
mod inside;
mod laws;
mod layers;
mod library;
mod live_adopted;
mod locks;
mod lost;
mod matching;
mod notified;
mod objects;
mod origins;
mod pairs;
mod people;
mod printed;
mod proposed;
mod redacted;
mod refusals;
mod released;
mod rendering;
mod repeated;
mod replays;
mod reports;
mod repositories;
mod rollbacks;
mod roundtrip;
mod runners;
mod running;
mod seals;
mod secrets;
mod sections;
mod services;
mod shared;
mod shut;
mod sightings;
mod signals;
mod skewed;
mod sources;
mod spellings;
mod started;
mod suites;
mod tampering;
mod unblocked;
mod unfinished;
mod untrusted;
mod watched;
mod world;

/// A file that its folder's list omits would never be compiled or run.
#[test]
fn every_file_is_listed() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/program");
    let mut folders = vec![std::path::PathBuf::from(root)];
    while let Some(folder) = folders.pop() {
        let list = ["main.rs", "mod.rs"]
            .iter()
            .find_map(|name| std::fs::read_to_string(folder.join(name)).ok())
            .unwrap();
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let module = path.file_stem().unwrap().to_str().unwrap();
            if ["main", "mod", "snapshots"].contains(&module) {
                continue;
            }
            let line = format!("mod {module};");
            assert!(
                list.lines()
                    .any(|each| each.trim_start_matches("pub ") == line),
                "{} is not listed",
                path.display()
            );
            if path.is_dir() {
                folders.push(path);
            }
        }
    }
}
