//! The programs under test, which cargo builds together with the tests.

use std::process::Command;

/// Returns a command for the program with this name, without inherited settings.
pub fn example(name: &str) -> Command {
    let mut command = Command::new(match name {
        "guestbook" => env!("CARGO_BIN_EXE_guestbook"),
        "guestbook_checks" => env!("CARGO_BIN_EXE_guestbook_checks"),
        _ => panic!("unknown program {name}"),
    });
    command
        .env_remove("TARGET_URL")
        .env_remove("MODERATOR_TOKEN");
    command
}
