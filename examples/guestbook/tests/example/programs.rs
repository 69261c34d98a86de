//! The programs under test, which cargo builds together with the tests.

use std::process::Command;

/// A command for the program of this name, without what this process's environment might tell it.
pub fn example(name: &str) -> Command {
    let mut command = Command::new(match name {
        "guestbook" => env!("CARGO_BIN_EXE_guestbook"),
        "guestbook_checks" => env!("CARGO_BIN_EXE_guestbook_checks"),
        _ => panic!("{name} is no program of this package"),
    });
    command
        .env_remove("TARGET_URL")
        .env_remove("MODERATOR_TOKEN");
    command
}
