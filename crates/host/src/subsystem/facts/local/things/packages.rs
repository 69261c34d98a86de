//! Packages that were installed by request, not as dependencies of others: dpkg's with the marks of apt, or dnf's.

use std::collections::BTreeSet;

use super::super::Group;
use crate::local::tool::{NotRun, Ran, Tool};
use crate::package::System;
use crate::package::local::{requested_of_rpm, system};

const DPKG: &str = "${Package}\\t${Architecture}\\t${Version}\\t${db:Status-Status}\\n";
/// Where apt marks the packages that it installed as dependencies.
const MARKS: &str = "/var/lib/apt/extended_states";

pub(in super::super) fn read(group: &mut Group) {
    match system() {
        Some(System::Dpkg) => of_dpkg(group),
        Some(System::Rpm) => of_rpm(group),
        None => group.miss("the host has neither dpkg nor rpm"),
    }
}

fn of_dpkg(group: &mut Group) {
    match printed(Tool::new("dpkg-query").args(["-W", "-f", DPKG]).run()) {
        Ok(text) => {
            // Without marks, as after debootstrap, every package counts as requested.
            let before = group.unread.len();
            let marks = group.file(MARKS).unwrap_or_default();
            if group.unread.len() == before {
                parse(&text, &marks, group);
            }
        }
        Err(reason) => group.miss(reason),
    }
}

fn printed(ran: Result<Ran, NotRun>) -> Result<String, String> {
    ran.map_err(|not| not.to_string()).and_then(Ran::succeeded)
}

fn of_rpm(group: &mut Group) {
    match requested_of_rpm() {
        Ok(text) => names(&text, group),
        Err(reason) => group.miss(reason),
    }
}

/// Adds the packages of a list of names.
pub(super) fn names(text: &str, group: &mut Group) {
    // A key in rpm's database is no package.
    let names = text.lines().map(str::trim);
    for name in names.filter(|name| !name.is_empty() && *name != "gpg-pubkey") {
        group.add(&[name], "");
    }
}

/// Adds the packages of dpkg's list that are not marked. A package of another architecture than dpkg's has it in its name.
pub(super) fn parse(text: &str, marks: &str, group: &mut Group) {
    let mut packages = Vec::new();
    for line in text.lines() {
        let parts: Vec<&str> = line.split('\t').collect();
        let [name, architecture, version, status] = parts.as_slice() else {
            group.miss("the list of packages has a malformed line");
            continue;
        };
        if !["not-installed", "config-files"].contains(status) {
            packages.push((*name, *architecture, *version));
        }
    }
    let native = packages.iter().find(|(name, ..)| *name == "dpkg");
    let native = native.map_or("", |(_, architecture, _)| architecture);
    let own = |architecture: &str| architecture == native || architecture == "all";
    let marked = marked(marks);
    for (name, architecture, version) in packages {
        // apt marks a package for all architectures under the native one.
        let is_marked = marked.contains(&(name, architecture))
            || own(architecture)
                && (marked.contains(&(name, native)) || marked.contains(&(name, "all")));
        if is_marked {
            continue;
        }
        if own(architecture) {
            group.add(&[name, architecture], version);
        } else {
            group.add(&[&format!("{name}:{architecture}"), architecture], version);
        }
    }
}

/// Returns names and architectures of the packages that apt installed as dependencies.
fn marked(text: &str) -> BTreeSet<(&str, &str)> {
    text.split("\n\n")
        .filter_map(|paragraph| {
            let value = |key: &str| {
                let mut lines = paragraph.lines();
                lines.find_map(|line| Some(line.strip_prefix(key)?.strip_prefix(':')?.trim()))
            };
            (value("Auto-Installed") == Some("1")).then_some(())?;
            Some((value("Package")?, value("Architecture")?))
        })
        .collect()
}
