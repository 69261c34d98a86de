//! The part of a target in memory: the things that a definition may own. It has no other facts.

use super::{Answer, Fact, GroupOfFacts, Query, THINGS};
use crate::lines::key;
use crate::recorded::{Recorded, RecordedHost, Thing, unreadable};
use evenkeel_model::{Digest, Sealer};

/// The class of ports among the values of a host.
const PORT: &str = "open-port";
/// The class of groups of facts that cannot be read.
const UNREAD: &str = "unread-facts";

impl Recorded for Query {
    fn answer(&self, host: &RecordedHost, _: &Sealer) -> crate::Answer {
        let is_known = |name: &String| THINGS.iter().any(|(_, group)| group == name);
        if !self.groups.iter().all(is_known) {
            return unreadable("a target in memory has no facts");
        }
        let groups = self.groups.iter().map(|name| host.group_of_facts(name));
        let groups = groups.collect();
        Answer { groups }.into()
    }
}

impl RecordedHost {
    /// Opens a port outside evenkeel: `tcp`, an address or `*`, the port.
    pub fn put_port(&mut self, protocol: &str, address: &str, port: u16, program: &str) {
        let name = format!("{protocol} {address} {port}");
        self.others.insert((PORT.to_owned(), name), program.into());
    }

    /// Makes a group of facts unreadable, or readable again without a reason.
    pub fn hide_facts(&mut self, group: &str, reason: Option<&str>) {
        let key = (UNREAD.to_owned(), group.to_owned());
        match reason {
            Some(reason) => self.others.insert(key, reason.to_owned()),
            None => self.others.remove(&key),
        };
    }

    fn values<'a>(&'a self, class: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.others
            .iter()
            .filter(move |((own, _), _)| own == class)
            .map(|((_, name), value)| (&**name, &**value))
    }

    fn texts(&self, is_it: impl Fn(&str) -> bool) -> impl Iterator<Item = (&str, String)> {
        self.things
            .iter()
            .filter(move |(path, _)| is_it(path))
            .filter_map(|(path, (thing, _))| match thing {
                Thing::File { bytes, .. } => {
                    Some((&**path, String::from_utf8_lossy(bytes).into_owned()))
                }
                Thing::Directory { .. } | Thing::Link { .. } => None,
            })
    }

    fn group_of_facts(&self, name: &str) -> GroupOfFacts {
        let fact = |path: &[&str], value: &str| Fact {
            path: path.iter().map(|step| (*step).to_owned()).collect(),
            value: value.to_owned(),
        };
        let mut facts: Vec<Fact> = match name {
            "manual-packages" => self
                .values("installed-package")
                .map(|(package, version)| fact(&[package], version))
                .collect(),
            "enabled-units" => self
                .values("unit")
                .filter(|(unit, _)| self.unit(unit).enabled == "enabled")
                .map(|(unit, _)| fact(&[unit], ""))
                .collect(),
            "login-users" => self
                .users
                .iter()
                .map(|(name, user)| {
                    fact(&[name], &format!("uid {}, shell {}", user.uid, user.shell))
                })
                .collect(),
            "cron-entries" => self
                .texts(|path| path.starts_with("/etc/cron.d/"))
                .flat_map(|(path, text)| {
                    let lines = text.lines().filter(|line| !line.starts_with('#'));
                    let of_line =
                        |line| fact(&[path, &Digest::of(str::as_bytes(line)).short()], "");
                    lines.map(of_line).collect::<Vec<_>>()
                })
                .collect(),
            "authorized-keys" => self
                .users
                .iter()
                .flat_map(|(name, user)| {
                    let file = format!("{}/.ssh/authorized_keys", user.home);
                    let text = self.texts(|path| path == file).map(|(_, text)| text);
                    let text = text.collect::<String>();
                    let keys = text.lines().filter_map(key::parse).map(|key| {
                        let digest = Digest::of(key.blob.as_bytes()).short();
                        let print = format!("blake3:{digest}");
                        fact(&[name, &file, key.sort, &digest, &print], key.comment)
                    });
                    keys.collect::<Vec<_>>()
                })
                .collect(),
            "open-ports" => self
                .values(PORT)
                .map(|(port, program)| fact(&port.split(' ').collect::<Vec<_>>(), program))
                .collect(),
            _ => Vec::new(),
        };
        facts.sort();
        let unread = self.values(UNREAD).filter(|(group, _)| *group == name);
        GroupOfFacts {
            name: name.to_owned(),
            facts,
            unread: unread.map(|(_, reason)| reason.to_owned()).collect(),
        }
    }
}
