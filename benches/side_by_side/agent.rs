//! The size of the agent as hosts get it.

use std::path::Path;
use std::process::Command;

/// The largest permitted size in bytes.
const WANTED: u64 = 3_000_000;

/// Builds the agent as it is packaged and prints its size.
pub(crate) fn size() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let built = Command::new(root.join("packaging/agent")).status();
    let size =
        std::fs::metadata(root.join("target/packaging/evenkeel-agent")).map(|file| file.len());
    match (built, size) {
        (Ok(status), Ok(size)) if status.success() => println!(
            "{:<34} {:>9.2} MB {}",
            "evenkeel-agent, as packaged",
            size as f64 / 1e6,
            if size < WANTED {
                "✔ under 3 MB"
            } else {
                "✘ under 3 MB"
            },
        ),
        _ => println!("{:<34} was not built", "evenkeel-agent"),
    }
}
