//! The agent stays lean: it is sent to every host, so it excludes dependencies that only evenkeel needs.

use std::collections::BTreeSet;
use std::process::Command;

/// Crates that the agent must not depend on.
const BANNED: &[&str] = &[
    "clap",
    "evenkeel-core",
    "evenkeel-document",
    "evenkeel-ledger",
    "flate2",
    "hyper",
    "jsonschema",
    "libsqlite3-sys",
    "miette",
    "minijinja",
    "reqwest",
    "rusqlite",
    "ruzstd",
    "schemars",
    "similar",
    "tar",
    "tokio",
    "toml",
    "zip",
];

/// Returns the names of all crates that `cargo tree` lists for a package.
fn crates(arguments: &[&str]) -> BTreeSet<String> {
    let output = Command::new(env!("CARGO"))
        .args([
            "tree",
            "--offline",
            "--locked",
            "-e",
            "normal",
            "--prefix",
            "none",
        ])
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .filter_map(|line| line.split(' ').next().map(str::to_owned))
        .collect()
}

#[test]
fn the_agent_has_no_dependency_that_only_evenkeel_needs() {
    let agent = crates(&["-p", "evenkeel-agent"]);
    assert!(agent.contains("evenkeel-host"));
    let banned: Vec<_> = BANNED
        .iter()
        .filter(|name| agent.contains(**name))
        .collect();
    assert!(banned.is_empty(), "{banned:?}");
    // The last ones keep descriptors out of processes started on the host, match lines of files, and cut files into chunks.
    assert!(agent.len() <= 60, "{} crates: {agent:?}", agent.len());
}

#[test]
fn judging_code_has_no_dependency_that_touches_a_machine() {
    let core = crates(&["-p", "evenkeel-core", "-f", "{p}"]);
    assert!(core.contains("evenkeel-host"));
    for name in ["ureq", "rustls"] {
        assert!(!core.contains(name), "{name}");
    }
}
