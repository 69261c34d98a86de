//! The size of the agent, built small and stripped.

use std::path::Path;
use std::process::Command;

/// The largest permitted size in bytes.
const WANTED: u64 = 3_000_000;

/// Builds the agent with its own profile and prints its size.
pub(crate) fn size() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let built = Command::new(env!("CARGO"))
        .args([
            "build",
            "--quiet",
            "--profile",
            "agent",
            "--package",
            "evenkeel-agent",
        ])
        .current_dir(root)
        .status();
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), Into::into);
    let size = std::fs::metadata(target.join("agent/evenkeel-agent")).map(|file| file.len());
    match (built, size) {
        (Ok(status), Ok(size)) if status.success() => println!(
            "{:<34} {:>9.2} MB {}",
            "evenkeel-agent, stripped",
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
