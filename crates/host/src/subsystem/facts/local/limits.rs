//! Limits of processes: those of sessions, and systemd's default.

use std::collections::BTreeMap;

use super::Group;

pub(super) fn read(group: &mut Group) {
    let mut files = vec!["/etc/security/limits.conf".into()];
    files.extend(group.files("/etc/security/limits.d", ".conf"));
    let mut limits: BTreeMap<String, String> = BTreeMap::new();
    for path in files {
        if let Some(text) = group.file(path) {
            limits.extend(sessions(&text));
        }
    }
    for (name, value) in limits {
        group.add(&[&name], &value);
    }
    let mut files = vec!["/etc/systemd/system.conf".into()];
    files.extend(group.files("/etc/systemd/system.conf.d", ".conf"));
    let texts: Vec<String> = files.iter().filter_map(|path| group.file(path)).collect();
    let lines = texts.iter().flat_map(|text| text.lines());
    if let Some(value) = lines
        .filter_map(|line| line.trim().strip_prefix("DefaultLimitNOFILE="))
        .next_back()
    {
        group.add(&["DefaultLimitNOFILE"], value);
    }
}

/// Returns the limits of a file: a later line replaces an earlier one with the same subject.
pub(super) fn sessions(text: &str) -> Vec<(String, String)> {
    text.lines()
        .map(|line| line.split('#').next().unwrap_or_default())
        .filter_map(|line| {
            let words: Vec<&str> = line.split_whitespace().collect();
            let [domain, kind, item, value] = words.as_slice() else {
                return None;
            };
            Some((format!("{domain} {kind} {item}"), (*value).to_owned()))
        })
        .collect()
}
