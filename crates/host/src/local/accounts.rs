//! The accounts of this machine: `/etc/passwd`, `/etc/group`, and the locks in `/etc/shadow`.
//!
//! A password's hash is read here and never leaves this file. The programs that change accounts are started by the
//! subsystems, one at a time (see [`exclusively`]).

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::process::{Flock, FlockOffsetType, FlockType};

use super::reason::why_io;
use super::tool::{NotRun, Tool};
use crate::Account;
use crate::group::{Group, GroupState};
use crate::user::{User, UserState};

/// The lock of the programs that change accounts.
const LOCK: &str = "/etc/.pwd.lock";
/// The time limit for a name service: a directory server that hangs must not block a check.
const NAME_SERVICE: Duration = Duration::from_secs(5);
/// The time limit of a program that changes accounts: it waits 15 seconds for the lock, and may change owners in a home.
const CHANGE: Duration = Duration::from_mins(5);

/// Returns a guard with which one thread at a time changes accounts: the system's own lock is not waited for long.
pub(crate) fn exclusively() -> MutexGuard<'static, ()> {
    static CHANGING: Mutex<()> = Mutex::new(());
    CHANGING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A line of `/etc/passwd`.
pub(crate) struct Entry {
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    pub(crate) home: String,
    comment: String,
    shell: String,
    /// Whether the password field itself has no usable password; `None` if `/etc/shadow` has the field.
    locked: Option<bool>,
}

/// The number of the account without rights.
const WITHOUT_RIGHTS: u32 = 65_534;
/// Shells that end at once.
const CLOSED: [&str; 6] = ["nologin", "false", "true", "sync", "halt", "shutdown"];

/// Whether an account is one of a person: one with a number from the first one on, or with a shell. `root` and the account
/// without rights are part of every system; a second account with the number 0 is not.
pub(crate) fn is_of_person(name: &str, uid: u32, shell: &str, first_number: u32) -> bool {
    // An empty field is the default shell.
    let has_shell = !CLOSED.contains(&shell.rsplit('/').next().unwrap_or_default());
    match uid {
        0 => name != "root",
        WITHOUT_RIGHTS => has_shell,
        number => number >= first_number || has_shell,
    }
}

/// The files of accounts, read once per batch.
pub(crate) struct Accounts {
    pub(crate) users: BTreeMap<String, Entry>,
    groups: Vec<(String, Group)>,
    shadow: Option<BTreeMap<String, bool>>,
}

impl Accounts {
    /// Reads the files. The error is a reason for people.
    pub(crate) fn read() -> Result<Self, String> {
        let text = |path: &str| {
            std::fs::read(path)
                .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
                .map_err(|error| format!("`{path}`: {}", why_io(&error)))
        };
        let passwd = text("/etc/passwd")?;
        let group = text("/etc/group")?;
        // Only root can read it. Locks are unknown to others.
        let shadow = text("/etc/shadow").ok();
        Ok(Self::parse(&passwd, &group, shadow.as_deref()))
    }

    fn parse(passwd: &str, group: &str, shadow: Option<&str>) -> Self {
        let mut users = BTreeMap::new();
        for line in passwd.lines() {
            let fields: Vec<&str> = line.split(':').collect();
            let [name, password, uid, gid, comment, home, shell] = fields[..] else {
                continue;
            };
            let (Ok(uid), Ok(gid)) = (uid.parse(), gid.parse()) else {
                continue;
            };
            // The first line wins, as in the C library.
            users.entry(name.to_owned()).or_insert_with(|| Entry {
                uid,
                gid,
                home: home.to_owned(),
                comment: comment.to_owned(),
                shell: shell.to_owned(),
                locked: (password != "x").then(|| is_locked(password)),
            });
        }
        let mut groups: Vec<(String, Group)> = Vec::new();
        for line in group.lines() {
            let fields: Vec<&str> = line.split(':').collect();
            let [name, _, gid, members] = fields[..] else {
                continue;
            };
            let Ok(gid) = gid.parse() else { continue };
            if groups.iter().any(|(other, _)| other == name) {
                continue;
            }
            let members: BTreeSet<&str> = members
                .split(',')
                .filter(|member| !member.is_empty())
                .collect();
            let members = members.into_iter().map(str::to_owned).collect();
            groups.push((name.to_owned(), Group { gid, members }));
        }
        let shadow = shadow.map(|text| {
            let mut locks = BTreeMap::new();
            for line in text.lines() {
                let mut fields = line.split(':');
                if let (Some(name), Some(password)) = (fields.next(), fields.next()) {
                    locks
                        .entry(name.to_owned())
                        .or_insert_with(|| is_locked(password));
                }
            }
            locks
        });
        Self {
            users,
            groups,
            shadow,
        }
    }

    /// Returns the state of a user in these files.
    pub(crate) fn user(&self, name: &str) -> UserState {
        let Some(entry) = self.users.get(name) else {
            return UserState::Missing;
        };
        let mut groups: Vec<String> = self
            .groups
            .iter()
            .filter(|(_, group)| group.members.iter().any(|member| member == name))
            .map(|(group, _)| group.clone())
            .collect();
        groups.sort_unstable();
        UserState::Present(User {
            uid: entry.uid,
            group: Account {
                id: entry.gid,
                name: self.group_name(entry.gid).map(Into::into),
            },
            groups,
            home: entry.home.clone(),
            shell: entry.shell.clone(),
            comment: entry.comment.clone(),
            locked: entry.locked.or_else(|| {
                let shadow = self.shadow.as_ref()?;
                // Without a line, no password is valid.
                Some(shadow.get(name).copied().unwrap_or(true))
            }),
        })
    }

    /// Returns the state of a group in these files.
    pub(crate) fn group(&self, name: &str) -> GroupState {
        self.groups
            .iter()
            .find(|(other, _)| other == name)
            .map_or(GroupState::Missing, |(_, group)| {
                GroupState::Present(group.clone())
            })
    }

    /// Returns the names and numbers of all groups.
    pub(crate) fn numbered_groups(&self) -> impl Iterator<Item = (&str, u32)> {
        self.groups
            .iter()
            .map(|(name, group)| (name.as_str(), group.gid))
    }

    /// Returns the name of a group's number.
    pub(crate) fn group_name(&self, gid: u32) -> Option<&str> {
        self.groups
            .iter()
            .find(|(_, group)| group.gid == gid)
            .map(|(name, _)| name.as_str())
    }

    /// Returns the name of a user's number.
    pub(crate) fn user_name(&self, uid: u32) -> Option<&str> {
        self.users
            .iter()
            .find(|(_, entry)| entry.uid == uid)
            .map(|(name, _)| name.as_str())
    }

    /// Returns a user whose primary group is this one.
    pub(crate) fn user_of(&self, gid: u32) -> Option<&str> {
        self.users
            .iter()
            .find(|(_, entry)| entry.gid == gid)
            .map(|(name, _)| name.as_str())
    }

    /// Returns whether a group exists, given by name or number.
    pub(crate) fn has_group(&self, word: &str) -> bool {
        let number = word.parse().ok();
        self.groups
            .iter()
            .any(|(name, group)| name == word || Some(group.gid) == number)
    }
}

/// Returns whether no password matches this field of `/etc/shadow`.
fn is_locked(password: &str) -> bool {
    password.starts_with('!') || password.starts_with('*')
}

/// Returns which of these names a name service knows: one process for all. The error is a reason for people.
pub(crate) fn known_elsewhere(
    database: &str,
    names: &BTreeSet<&str>,
) -> Result<BTreeSet<String>, String> {
    if names.is_empty() {
        return Ok(BTreeSet::new());
    }
    let asked = Tool::new("getent")
        .arg("--")
        .arg(database)
        .args(names)
        .within(NAME_SERVICE)
        .run();
    let ran = match asked {
        Ok(ran) => ran,
        // A system without the program has no name services.
        Err(NotRun::Missing(_)) => return Ok(BTreeSet::new()),
        Err(NotRun::Failed(reason)) => {
            return Err(format!("the name service gives no answer: {reason}"));
        }
    };
    // 2: some names are unknown.
    if !matches!(ran.status.code(), Some(0 | 2)) {
        return Err(format!(
            "the name service gives no answer: {}",
            ran.failure()
        ));
    }
    Ok(String::from_utf8_lossy(&ran.out)
        .lines()
        .filter_map(|line| line.split(':').next())
        .map(str::to_owned)
        .collect())
}

/// Runs a program that changes accounts. The error is a reason for people.
pub(crate) fn change(tool: Tool) -> Result<(), String> {
    let ran = tool
        .within(CHANGE)
        .run()
        .map_err(|error| error.to_string())?;
    if ran.status.success() {
        return Ok(());
    }
    let reason = ran.failure();
    if reason.contains("cannot lock") {
        return Err(match holder() {
            Some(process) => format!(
                "process {process} holds the lock `{LOCK}`: wait until it ends, then run this again ({reason})"
            ),
            None => format!("`{LOCK}` was locked: run this again ({reason})"),
        });
    }
    if reason.contains("is currently used by process") {
        return Err(format!(
            "the user has running processes: stop them, then run this again ({reason})"
        ));
    }
    Err(reason)
}

/// Returns the process that holds the lock of accounts.
fn holder() -> Option<i32> {
    let file = File::open(LOCK).ok()?;
    let mut wanted = Flock::from(FlockType::ReadLock);
    wanted.offset_type = FlockOffsetType::Set;
    let held = rustix::process::fcntl_getlk(&file, &wanted).ok()??;
    Some(held.pid?.as_raw_nonzero().get())
}

#[cfg(test)]
mod tests {
    use super::Accounts;
    use crate::group::GroupState;
    use crate::user::UserState;

    const PASSWD: &str = "root:x:0:0:root:/root:/bin/bash\nweb:x:33:34:Web,,,:/srv:/bin/sh\nold:*:7:7::/:/bin/sh\nopen::8:34::/:/bin/sh\nnone:x:9:34::/:/bin/sh\nweb:x:1:1::/:/second\nbroken:x:y:z\n+::::::\n";
    const GROUP: &str = "root:x:0:\nwww:x:34:web,open,web,\nadm:x:4:web\nbroken\nwww:x:99:\n";
    const SHADOW: &str = "root:$6$salt$hash:19000::::::\nweb:!$6$salt$hash:1\nopen::1\n";

    #[test]
    fn users_have_their_groups_and_locks_and_no_hash() {
        let accounts = Accounts::parse(PASSWD, GROUP, Some(SHADOW));
        let UserState::Present(web) = accounts.user("web") else {
            panic!("missing")
        };
        assert_eq!((web.uid, web.group.id), (33, 34));
        assert_eq!(web.group.name.as_deref(), Some("www"));
        assert_eq!(web.groups, ["adm", "www"]);
        assert_eq!(
            (web.home.as_str(), web.comment.as_str(), web.shell.as_str()),
            ("/srv", "Web,,,", "/bin/sh")
        );
        assert_eq!(web.locked, Some(true));
        let locked = |accounts: &Accounts, name: &str| match accounts.user(name) {
            UserState::Present(user) => user.locked,
            other => panic!("{other:?}"),
        };
        assert_eq!(locked(&accounts, "root"), Some(false));
        assert_eq!(locked(&accounts, "old"), Some(true));
        assert_eq!(locked(&accounts, "open"), Some(false));
        assert_eq!(locked(&accounts, "none"), Some(true));
        assert!(!format!("{:?}", accounts.user("root")).contains("hash"));
        assert_eq!(accounts.user("broken"), UserState::Missing);
        let unread = Accounts::parse(PASSWD, GROUP, None);
        assert_eq!(locked(&unread, "web"), None);
        assert_eq!(locked(&unread, "old"), Some(true));
    }

    #[test]
    fn the_first_line_of_a_group_wins() {
        let accounts = Accounts::parse(PASSWD, GROUP, None);
        let GroupState::Present(www) = accounts.group("www") else {
            panic!("missing")
        };
        assert_eq!(www.gid, 34);
        assert_eq!(www.members, ["open", "web"]);
        assert_eq!(accounts.group("broken"), GroupState::Missing);
        assert!(accounts.has_group("4") && accounts.has_group("adm") && !accounts.has_group("5"));
        assert_eq!(accounts.user_of(34), Some("none"));
    }
}
