//! The one binary for tests of the whole library: one module a theme, listed here.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a test fails by panicking, and says what it saw"
)]

mod definitions;
mod discovered;
mod layers;
mod memory;
mod parity;
mod reading;
mod schemas;

use std::collections::BTreeSet;
use std::path::Path;

/// A file that stands in this folder and not in the list above is never run.
#[test]
fn every_file_of_this_folder_is_listed() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/suite");
    let listed: BTreeSet<String> = std::fs::read_to_string(folder.join("main.rs"))
        .unwrap()
        .lines()
        .filter_map(|line| Some(line.strip_prefix("mod ")?.strip_suffix(';')?.to_owned()))
        .collect();
    let there: BTreeSet<String> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.extension().is_some_and(|extension| extension == "rs")
                || path.join("mod.rs").is_file()
        })
        .filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned()))
        .filter(|name| name != "main")
        .collect();
    let forgotten: Vec<&String> = there.difference(&listed).collect();
    assert!(
        forgotten.is_empty(),
        "add to tests/suite/main.rs: {forgotten:?}"
    );
}
