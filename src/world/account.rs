//! The account and machine that this program runs as.

use std::collections::BTreeMap;
use std::path::PathBuf;

use evenkeel_ledger::record::Actor;

/// Returns the account, the machine and the process. The account is the system's, not a variable that anyone can set.
#[must_use]
pub fn current() -> Actor {
    let id = rustix::process::getuid().as_raw();
    let accounts = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    Actor {
        name: name_of(id, &accounts).unwrap_or_else(|| id.to_string()),
        host: rustix::system::uname()
            .nodename()
            .to_string_lossy()
            .into_owned(),
        process: std::process::id(),
    }
}

/// Returns the directory in which this account keeps the state of systems: `evenkeel` in the state directory of the XDG
/// base directory specification; for root, `/var/lib/evenkeel` unless `XDG_STATE_HOME` is set.
#[must_use]
pub fn state_home(variables: &BTreeMap<String, String>) -> PathBuf {
    let id = rustix::process::getuid();
    let absolute = |name: &str| {
        let path = variables.get(name).map(PathBuf::from);
        path.filter(|path| path.is_absolute())
    };
    let state = absolute("XDG_STATE_HOME").unwrap_or_else(|| {
        if id.is_root() {
            return PathBuf::from("/var/lib");
        }
        let accounts = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
        let home = absolute("HOME").or_else(|| home_of(id.as_raw(), &accounts));
        let home = home.unwrap_or_else(|| PathBuf::from("/nonexistent"));
        home.join(".local/state")
    });
    state.join("evenkeel")
}

fn home_of(id: u32, accounts: &str) -> Option<PathBuf> {
    accounts.lines().find_map(|line| {
        let fields: Vec<&str> = line.split(':').collect();
        let is_own = fields.get(2)?.parse() == Ok(id);
        let home = fields.get(5).filter(|home| home.starts_with('/'))?;
        is_own.then(|| PathBuf::from(home))
    })
}

fn name_of(id: u32, accounts: &str) -> Option<String> {
    accounts.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(id)).then(|| name.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::{home_of, name_of};

    #[test]
    fn an_account_is_found_by_its_number() {
        let accounts = "root:x:0:0::/root:/bin/sh\nbroken\nada:x:1000:1000::/home/ada:/bin/sh\n";
        assert_eq!(name_of(1000, accounts).as_deref(), Some("ada"));
        assert_eq!(name_of(7, accounts), None);
        assert_eq!(home_of(1000, accounts), Some("/home/ada".into()));
        assert_eq!(home_of(7, accounts), None);
    }
}
