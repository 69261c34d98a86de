//! Accounts of people: those with a number from 1000, and those with a shell.

use super::super::Group;
use crate::local::accounts::is_of_person;

/// The first number of an account of a person.
const FIRST: u32 = 1000;

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

/// Whether an account is one of a person. One with an unreadable number counts as one.
pub(super) fn is_listed(name: &str, uid: &str, shell: &str) -> bool {
    uid.parse()
        .map_or(true, |uid| is_of_person(name, uid, shell, FIRST))
}
