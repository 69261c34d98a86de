//! Where the example programs are: beside the tests that cargo built with them.

use std::path::PathBuf;
use std::process::Command;

/// A command for the example of this name, without what this process's environment might tell it.
pub fn example(name: &str) -> Command {
    let path = path(name);
    assert!(
        path.is_file(),
        "{} is not built; `cargo test` builds it",
        path.display()
    );
    let mut command = Command::new(path);
    command
        .env_remove("TARGET_URL")
        .env_remove("MODERATOR_TOKEN");
    command
}

fn path(name: &str) -> PathBuf {
    // This test is target/<profile>/deps/example-<hash>.
    let test = std::env::current_exe().expect("a running test has a file");
    let profile = test
        .ancestors()
        .nth(2)
        .expect("tests are two folders below the profile's");
    profile
        .join("examples")
        .join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
}
