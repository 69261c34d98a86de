//! Accounts of people: those with a number from 1000, and those with a shell.

use super::super::Group;

/// The first number of an account of a person.
const FIRST: u32 = 1000;
/// The number of the account without rights.
const WITHOUT_RIGHTS: u32 = 65_534;
/// Shells that end at once.
const CLOSED: [&str; 6] = ["nologin", "false", "true", "sync", "halt", "shutdown"];

pub(in super::super) fn read(group: &mut Group) {
    for account in super::accounts(group).unwrap_or_default() {
        if is_listed(&account.name, &account.uid, &account.shell) {
            group.add(
                &[&account.name],
                &format!("uid {}, shell {}", account.uid, shell(&account.shell)),
            );
        }
    }
}

/// An empty field means the default shell.
fn shell(written: &str) -> &str {
    if written.is_empty() {
        "/bin/sh"
    } else {
        written
    }
}

/// Whether an account is one of a person. `root` and the account without rights are part of every system; a second account
/// with the number 0 is not.
pub(super) fn is_listed(name: &str, uid: &str, written: &str) -> bool {
    let program = shell(written).rsplit('/').next().unwrap_or_default();
    let has_shell = !CLOSED.contains(&program);
    match uid.parse::<u32>() {
        Ok(0) => name != "root",
        Ok(WITHOUT_RIGHTS) => has_shell,
        Ok(number) => number >= FIRST || has_shell,
        Err(_) => true,
    }
}
