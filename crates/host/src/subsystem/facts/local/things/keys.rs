//! Keys with which accounts may log in over SSH, in the files that sshd reads.
//!
//! Files that the configuration of sshd names for some users only count for all: a key too many is reported, not one too few.
//! Keys that a command prints (`AuthorizedKeysCommand`) are not in any file.

use std::collections::BTreeSet;
use std::path::Path;

use ring::digest::{SHA256, digest};

use super::super::Group;
use super::{Account, mark};
use crate::lines::key;
use evenkeel_model::Digest;

/// The files without a configuration, relative to the home directory.
const FILES: [&str; 2] = [".ssh/authorized_keys", ".ssh/authorized_keys2"];
/// Configuration of sshd.
const CONFIGURATION: &str = "/etc/ssh/sshd_config";
/// Directory of further configuration.
const FURTHER: &str = "/etc/ssh/sshd_config.d";

pub(in super::super) fn read(group: &mut Group) {
    let mut configuration = vec![CONFIGURATION.into()];
    configuration.extend(group.files(FURTHER, ".conf"));
    let mut patterns: BTreeSet<String> = FILES.iter().map(|file| (*file).to_owned()).collect();
    for path in configuration {
        if let Some(text) = group.file(path) {
            patterns.extend(files_in(&text));
        }
    }
    for account in super::accounts(group).unwrap_or_default() {
        for pattern in &patterns {
            let Some(path) = place(pattern, &account) else {
                group.miss(format!("sshd's file of keys `{pattern}` is not known"));
                continue;
            };
            if let Some(text) = group.file_of_user(Path::new(&path)) {
                keys(&account.name, &path, &text, group);
            }
        }
    }
}

/// Returns the files that a configuration names.
pub(super) fn files_in(text: &str) -> Vec<String> {
    text.lines()
        .filter_map(|line| {
            let line = line.trim();
            let end = line.find(|each: char| each.is_whitespace() || each == '=')?;
            let (word, rest) = line.split_at_checked(end)?;
            let is_it = word.eq_ignore_ascii_case("AuthorizedKeysFile");
            is_it.then(|| rest.trim_start_matches(|each: char| each.is_whitespace() || each == '='))
        })
        .flat_map(|rest| {
            rest.split('#')
                .next()
                .unwrap_or_default()
                .split_whitespace()
        })
        .map(|word| word.trim_matches('"').to_owned())
        .filter(|word| !word.is_empty() && word != "none")
        .collect()
}

/// Returns the path of an account's file; `None` for a pattern with an unknown part.
pub(super) fn place(pattern: &str, account: &Account) -> Option<String> {
    let mut path = String::new();
    let mut letters = pattern.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '%' => match letters.next()? {
                '%' => path.push('%'),
                'h' => path.push_str(&account.home),
                'u' => path.push_str(&account.name),
                'U' => path.push_str(&account.uid),
                _ => return None,
            },
            other => path.push(other),
        }
    }
    if !path.starts_with('/') {
        path = format!("{}/{path}", account.home.trim_end_matches('/'));
    }
    Some(path)
}

/// Adds the keys of a file: user, file, type, the digest that a declared key has, and the fingerprint of OpenSSH.
pub(super) fn keys(user: &str, path: &str, text: &str, group: &mut Group) {
    for line in text.lines().map(str::trim) {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        match key::parse(line) {
            Some(found) => {
                let own = Digest::of(found.blob.as_bytes()).short();
                let print = match key::decode(found.blob) {
                    Some(bytes) => fingerprint(&bytes),
                    None => format!("damaged {own}"),
                };
                group.add(&[user, path, found.sort, &own, &print], found.comment);
            }
            // It may be a key of a type that only this host's sshd knows.
            None => group.add(&[user, path, "", "", &format!("line {}", mark(line))], ""),
        }
    }
}

/// Returns the fingerprint of a key as `ssh-keygen -l` prints it.
fn fingerprint(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digest = digest(&SHA256, bytes);
    let mut text = String::from("SHA256:");
    for part in digest.as_ref().chunks(3) {
        let mut bits: u32 = 0;
        for place in 0..3 {
            bits = bits << 8 | u32::from(part.get(place).copied().unwrap_or_default());
        }
        for letter in 0..=part.len() {
            let index = bits >> (18 - 6 * letter) & 63;
            let index = usize::try_from(index).unwrap_or_default();
            text.push(LETTERS.get(index).copied().unwrap_or(b'?').into());
        }
    }
    text
}
