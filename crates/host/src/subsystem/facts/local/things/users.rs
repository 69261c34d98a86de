//! Accounts of people: those with a number from 1000, and those with a shell.

use super::super::Group;

/// The first number of an account of a person.
const FIRST: u32 = 1000;
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

/// Whether an account is one of a person. `root` and `nobody` are part of every system; a second account with the number
/// 0 is not.
pub(super) fn is_listed(name: &str, uid: &str, written: &str) -> bool {
    if name == "root" && uid == "0" || name == "nobody" {
        return false;
    }
    let number: Option<u32> = uid.parse().ok();
    let program = shell(written).rsplit('/').next().unwrap_or_default();
    number.is_none_or(|number| number >= FIRST || number == 0) || !CLOSED.contains(&program)
}
