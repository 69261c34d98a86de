//! Things of this machine that a definition may own exclusively: one file per class.
//!
//! The path of each fact identifies the thing; its value describes it. Only names are read: no arguments of commands, which
//! may contain secrets.

pub(super) mod cron;
pub(super) mod keys;
pub(super) mod packages;
pub(super) mod ports;
pub(super) mod units;
pub(super) mod users;

use super::Group;

/// Digits of a digest in the name of a thing.
const DIGITS: usize = 12;

/// Returns the start of a text's digest: it tells texts apart and reveals neither.
fn mark(text: &str) -> String {
    let digest = evenkeel_model::Digest::of(text.as_bytes()).short();
    digest.chars().take(DIGITS).collect()
}

/// One account of the machine's own file.
struct Account {
    name: String,
    uid: String,
    home: String,
    shell: String,
}

/// Returns the accounts of `/etc/passwd`; `None` where it is unreadable, which is recorded.
fn accounts(group: &mut Group) -> Option<Vec<Account>> {
    const FILE: &str = "/etc/passwd";
    let before = group.unread.len();
    let Some(text) = group.file(FILE) else {
        if group.unread.len() == before {
            group.miss(format!("`{FILE}` is missing"));
        }
        return None;
    };
    let mut accounts = Vec::new();
    for line in text.lines() {
        if line.starts_with(['+', '-']) {
            group.miss(format!(
                "`{FILE}` includes accounts of NIS, which are not read"
            ));
            continue;
        }
        let parts: Vec<&str> = line.split(':').collect();
        let [name, _, uid, _, _, home, shell] = parts.as_slice() else {
            if !line.trim().is_empty() {
                group.miss(format!("`{FILE}` has a malformed line"));
            }
            continue;
        };
        accounts.push(Account {
            name: (*name).to_owned(),
            uid: (*uid).to_owned(),
            home: (*home).to_owned(),
            shell: (*shell).to_owned(),
        });
    }
    Some(accounts)
}

#[cfg(test)]
mod tests;
