//! Where the example programs are: beside the tests that cargo built with them. A whole `cargo test` builds both, but
//! `cargo test --test example` builds the tests alone, and a stale program would prove nothing, so it is refused.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

/// A command for the example of this name, without what this process's environment might tell it.
pub fn example(name: &str) -> Command {
    let program = path(name);
    let hint = "build it with `cargo build --examples`, or run the whole `cargo test`";
    let built = modified(&program);
    let built = built.unwrap_or_else(|| panic!("{} is not built: {hint}", program.display()));
    let sources = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("examples")
        .join(name);
    let changed = walkdir::WalkDir::new(sources)
        .into_iter()
        .filter_map(Result::ok)
        .filter(|file| file.file_type().is_file())
        .filter(|file| {
            file.path()
                .extension()
                .is_none_or(|extension| extension != "md")
        })
        .filter_map(|file| modified(file.path()))
        .max();
    assert!(
        changed.is_none_or(|changed| changed <= built),
        "{} is older than its sources: {hint}",
        program.display()
    );
    let mut command = Command::new(program);
    command
        .env_remove("TARGET_URL")
        .env_remove("MODERATOR_TOKEN");
    command
}

fn modified(path: &Path) -> Option<SystemTime> {
    path.metadata().and_then(|about| about.modified()).ok()
}

fn path(name: &str) -> PathBuf {
    // This test is target/<profile>/deps/example-<hash>.
    let test = std::env::current_exe().expect("a running test has a file");
    let profile = test
        .ancestors()
        .nth(2)
        .expect("tests are two folders below the profile's");
    let file = format!("{name}{}", std::env::consts::EXE_SUFFIX);
    profile.join("examples").join(file)
}
