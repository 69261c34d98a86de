//! Users and groups of the host's own files. Hashes of passwords are in a file that is not read.

use std::collections::BTreeMap;

use super::Group;

pub(super) fn read(group: &mut Group) {
    let (Some(users), Some(groups)) = (group.file("/etc/passwd"), group.file("/etc/group")) else {
        group.miss("`/etc/passwd` or `/etc/group` is missing");
        return;
    };
    parse(&users, &groups, group);
}

pub(super) fn parse(users: &str, groups: &str, group: &mut Group) {
    let mut names: BTreeMap<&str, &str> = BTreeMap::new();
    let mut of_user: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for line in groups.lines() {
        let parts: Vec<&str> = line.split(':').collect();
        let [name, _, number, members] = parts.as_slice() else {
            continue;
        };
        names.insert(number, name);
        for member in members.split(',').filter(|member| !member.is_empty()) {
            of_user.entry(member).or_default().push(name);
        }
    }
    for line in users.lines() {
        let parts: Vec<&str> = line.split(':').collect();
        let [name, _, number, own, _, home, shell] = parts.as_slice() else {
            continue;
        };
        group.add(&[name, "uid"], number);
        group.add(&[name, "home"], home);
        group.add(&[name, "shell"], shell);
        let mut all = of_user.remove(name).unwrap_or_default();
        all.push(names.get(own).unwrap_or(own));
        all.sort_unstable();
        all.dedup();
        group.add(&[name, "groups"], &all.join(", "));
    }
}
