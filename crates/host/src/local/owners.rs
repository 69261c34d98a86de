//! Names of users and groups, read from `/etc/passwd` and `/etc/group` only.
//!
//! No name service is queried: a hanging directory server must not block a check. Accounts outside of the two files are
//! known by number only.

use std::collections::HashMap;
use std::sync::Arc;

use crate::Account;

/// Both lists, read once per batch.
#[derive(Default)]
pub(crate) struct Owners {
    users: Names,
    groups: Names,
}

#[derive(Default)]
struct Names {
    by_number: HashMap<u32, Arc<str>>,
    by_name: HashMap<String, u32>,
}

impl Owners {
    pub(crate) fn read() -> Self {
        let list = |path| {
            std::fs::read_to_string(path)
                .map_or_else(|_| Names::default(), |text| Names::parse(&text))
        };
        Self {
            users: list("/etc/passwd"),
            groups: list("/etc/group"),
        }
    }

    pub(crate) fn user(&self, id: u32) -> Account {
        self.users.owner(id)
    }

    pub(crate) fn group(&self, id: u32) -> Account {
        self.groups.owner(id)
    }

    /// Returns the number of a user, given by name or number.
    pub(crate) fn user_id(&self, word: &str) -> Result<u32, String> {
        self.users.id(word).ok_or_else(|| {
            format!("no user `{word}` in /etc/passwd: create it first, or write its number")
        })
    }

    /// Returns the number of a group, given by name or number.
    pub(crate) fn group_id(&self, word: &str) -> Result<u32, String> {
        self.groups.id(word).ok_or_else(|| {
            format!("no group `{word}` in /etc/group: create it first, or write its number")
        })
    }
}

impl Names {
    fn parse(text: &str) -> Self {
        let mut names = Self::default();
        for line in text.lines() {
            let mut fields = line.split(':');
            let (Some(name), Some(_), Some(Ok(id))) =
                (fields.next(), fields.next(), fields.next().map(str::parse))
            else {
                continue;
            };
            // The first line wins, as in the C library.
            names.by_number.entry(id).or_insert_with(|| name.into());
            names.by_name.entry(name.to_owned()).or_insert(id);
        }
        names
    }

    fn owner(&self, id: u32) -> Account {
        Account {
            id,
            name: self.by_number.get(&id).cloned(),
        }
    }

    fn id(&self, word: &str) -> Option<u32> {
        let known = self.by_name.get(word).copied();
        // The kernel reads the highest number as "leave unchanged".
        known
            .or_else(|| word.parse().ok())
            .filter(|id| *id != u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::Names;

    #[test]
    fn the_first_line_wins_and_malformed_lines_are_skipped() {
        let names =
            Names::parse("root:x:0:0::/root:/bin/sh\ntoor:x:0:0\nbroken\nweb:x:33:33\n+::::::\n");
        assert_eq!(names.owner(0).name.as_deref(), Some("root"));
        assert_eq!(names.id("toor"), Some(0));
        assert_eq!(names.id("33"), Some(33));
        assert_eq!(names.id("nobody-here"), None);
        assert_eq!(names.id("4294967295"), None);
    }
}
