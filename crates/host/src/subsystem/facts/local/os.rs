//! The release of the operating system.

use super::Group;

/// Where the release is described, in the order of preference.
const FILES: &[&str] = &["/etc/os-release", "/usr/lib/os-release"];
/// The keys that are facts.
const KEYS: &[(&str, &str)] = &[
    ("ID", "id"),
    ("VERSION_ID", "version"),
    ("VERSION_CODENAME", "codename"),
];

pub(super) fn read(group: &mut Group) {
    let text = FILES.iter().find_map(|path| group.file(path));
    match text {
        Some(text) => parse(&text, group),
        None if group.unread.is_empty() => group.miss("the host has no `/etc/os-release`"),
        None => {}
    }
}

pub(super) fn parse(text: &str, group: &mut Group) {
    for line in text.lines() {
        let Some((key, value)) = line.split_once('=') else {
            continue;
        };
        if let Some((_, name)) = KEYS.iter().find(|(known, _)| *known == key.trim()) {
            group.add(&[name], value.trim().trim_matches(['"', '\'']));
        }
    }
    // Debian has the minor version in another file only.
    if let Some(version) = group.file("/etc/debian_version") {
        group.add(&["debian-version"], &version);
    }
}
