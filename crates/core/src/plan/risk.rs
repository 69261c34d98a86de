//! Risky changes: those that can end the access to a host, and what they put at stake.
//!
//! The tables are defaults; `risky` of a resource overrides them. A risky change of a host over SSH reverts itself unless a new login
//! confirms it, see [`crate::apply`].

use evenkeel_host::lines::Place;
use evenkeel_host::revert::Stake;
use evenkeel_host::{Action, Subject as _};
use evenkeel_ledger::record::Verb;

use super::Step;
use crate::environment::{Resolved, ssh_host::SshHost};
use evenkeel_model::Value;

/// Paths, with everything below them.
const PATHS: &[&str] = &[
    "/etc/ssh",
    "/etc/network",
    "/etc/netplan",
    "/etc/systemd/network",
    "/etc/NetworkManager",
    "/etc/nftables.conf",
    "/etc/nftables.d",
    "/etc/nftables",
    "/etc/iptables",
    "/etc/ufw",
    "/etc/firewalld",
    "/etc/sudoers",
    "/etc/sudoers.d",
    "/etc/pam.d",
    "/etc/nsswitch.conf",
    "/etc/hosts.allow",
    "/etc/hosts.deny",
    "/etc/passwd",
    "/etc/shadow",
    "/etc/systemd/system/ssh.service.d",
    "/etc/systemd/system/sshd.service.d",
];

/// Names of files of keys.
const KEYS: &[&str] = &["authorized_keys", "authorized_keys2"];

/// Units, without their type.
const UNITS: &[&str] = &[
    "ssh",
    "sshd",
    "networking",
    "systemd-networkd",
    "systemd-resolved",
    "NetworkManager",
    "nftables",
    "ufw",
    "firewalld",
    "netfilter-persistent",
    "iptables",
];

/// Packages.
const PACKAGES: &[&str] = &[
    "openssh-server",
    "sudo",
    "nftables",
    "iptables",
    "iptables-persistent",
    "netfilter-persistent",
    "ufw",
    "firewalld",
    "network-manager",
    "netplan.io",
    "ifupdown",
    "libpam-modules",
    "libpam-runtime",
];

/// Units that read the files below a path.
const READERS: &[(&str, &[&str])] = &[
    ("/etc/ssh", &["ssh.service", "sshd.service", "ssh.socket"]),
    ("/etc/network", &["networking.service"]),
    (
        "/etc/netplan",
        &["systemd-networkd.service", "NetworkManager.service"],
    ),
    ("/etc/systemd/network", &["systemd-networkd.service"]),
    ("/etc/NetworkManager", &["NetworkManager.service"]),
    ("/etc/nftables.conf", &["nftables.service"]),
    ("/etc/nftables.d", &["nftables.service"]),
    ("/etc/nftables", &["nftables.service"]),
    (
        "/etc/iptables",
        &["netfilter-persistent.service", "iptables.service"],
    ),
    ("/etc/ufw", &["ufw.service"]),
    ("/etc/firewalld", &["firewalld.service"]),
];

/// Files that change with an account.
const ACCOUNTS: &[&str] = &["/etc/passwd", "/etc/shadow", "/etc/group", "/etc/gshadow"];

/// Marks the risky steps of hosts over SSH.
pub(super) fn mark(resolved: &Resolved, steps: &mut [Step]) {
    for step in steps {
        let place = resolved.targets.get(&step.on);
        let host = place.and_then(|place| place.ssh(step.instance.host.as_ref()));
        let Some(host) = host.filter(|_| !step.actions.is_empty()) else {
            continue;
        };
        let resource = resolved.resource_of(&step.instance);
        let written = resource.and_then(|resource| {
            match resource.block.get("risky")?.expression.plain()? {
                Value::Boolean(risky) => Some(*risky),
                _ => None,
            }
        });
        let is_new = step.verb == Verb::Create;
        step.risky = written.unwrap_or_else(|| {
            step.actions
                .iter()
                .any(|action| is_risky(action, host, is_new))
        });
    }
}

/// Whether an action can end the access to a host.
fn is_risky(action: &Action, host: &SshHost, is_new: bool) -> bool {
    let path = |path: &str| {
        let name = path.rsplit('/').next().unwrap_or_default();
        PATHS.iter().any(|risky| is_below(path, risky)) || KEYS.contains(&name)
    };
    match action {
        Action::SetUnit(wanted) => is_unit(&wanted.unit),
        Action::InstallPackage(wanted) => PACKAGES.contains(&&*wanted.package),
        Action::RemovePackage(wanted) => PACKAGES.contains(&&*wanted.package),
        Action::SetSysctl(wanted) => wanted.key.starts_with("net."),
        Action::DropSysctl(wanted) => wanted.key.starts_with("net."),
        Action::SetUser(wanted) => !is_new && is_login(&wanted.user, host),
        Action::DropUser(wanted) => is_login(&wanted.user, host),
        Action::SetLines(wanted) => match &wanted.file {
            Place::Path(file) => path(file),
            Place::KeysOf(_) => true,
        },
        Action::DropLines(wanted) => match &wanted.file {
            Place::Path(file) => path(file),
            Place::KeysOf(_) => true,
        },
        Action::Directory(_) | Action::File(_) | Action::Link(_) | Action::Remove(_) => {
            path(action.subject())
        }
        _ => false,
    }
}

/// Whether evenkeel may log in with an account. An alias of OpenSSH's configuration may name any.
fn is_login(user: &str, host: &SshHost) -> bool {
    user == "root" || host.account().is_none_or(|account| account == user)
}

fn is_unit(unit: &str) -> bool {
    let name = unit.rsplit_once('.').map_or(unit, |(name, _)| name);
    UNITS.contains(&name)
}

fn is_below(path: &str, above: &str) -> bool {
    path.strip_prefix(above)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Returns what actions change, as far as a host can restore it.
pub(crate) fn stake<'a>(actions: impl Iterator<Item = &'a Action>) -> Stake {
    let mut stake = Stake::default();
    for action in actions {
        match action {
            Action::SetUnit(wanted) => {
                stake.units.push(wanted.unit.clone());
                // evenkeel's record of the start, which the plan compares.
                stake.paths.push(wanted.record.clone());
            }
            Action::SetTimer(wanted) => timer(&wanted.name, &mut stake),
            Action::DropTimer(wanted) => timer(&wanted.name, &mut stake),
            Action::SetSysctl(wanted) => setting(&wanted.key, &mut stake),
            Action::DropSysctl(wanted) => setting(&wanted.key, &mut stake),
            Action::SetUser(_)
            | Action::DropUser(_)
            | Action::SetGroup(_)
            | Action::DropGroup(_) => {
                stake
                    .paths
                    .extend(ACCOUNTS.iter().map(|path| (*path).to_owned()));
            }
            Action::SetLines(wanted) => lines(&wanted.file, &mut stake),
            Action::DropLines(wanted) => lines(&wanted.file, &mut stake),
            Action::Directory(_) | Action::File(_) | Action::Link(_) | Action::Remove(_) => {
                stake.paths.push(action.subject().to_owned());
            }
            Action::SetMount(_) | Action::DropMount(_) => {
                stake.paths.push("/etc/fstab".to_owned());
            }
            Action::InstallPackage(wanted) => package(&wanted.package, &mut stake),
            Action::RemovePackage(wanted) => package(&wanted.package, &mut stake),
            // What a command or a process does is unknown.
            _ => {}
        }
    }
    let readers: Vec<String> = READERS
        .iter()
        .filter(|(above, _)| stake.paths.iter().any(|path| is_below(path, above)))
        .flat_map(|(_, units)| units.iter().map(|unit| (*unit).to_owned()))
        .collect();
    stake.units.extend(readers);
    for list in [
        &mut stake.paths,
        &mut stake.keys_of,
        &mut stake.units,
        &mut stake.settings,
    ] {
        list.sort();
        list.dedup();
    }
    stake
}

fn timer(name: &str, stake: &mut Stake) {
    stake.units.push(format!("{name}.timer"));
    for ending in [".service", ".timer"] {
        stake
            .paths
            .push(format!("/etc/systemd/system/{name}{ending}"));
    }
}

fn setting(key: &str, stake: &mut Stake) {
    stake.settings.push(key.to_owned());
    stake
        .paths
        .push(evenkeel_host::sysctl::files::own_path(key));
}

fn lines(file: &Place, stake: &mut Stake) {
    match file {
        Place::Path(path) => stake.paths.push(path.clone()),
        Place::KeysOf(user) => stake.keys_of.push(user.clone()),
    }
}

/// A package's files are not saved, but the units that it may stop.
fn package(name: &str, stake: &mut Stake) {
    let units: &[&str] = match name {
        "openssh-server" => &["ssh.service", "sshd.service", "ssh.socket"],
        "nftables" => &["nftables.service"],
        "ufw" => &["ufw.service"],
        "firewalld" => &["firewalld.service"],
        "ifupdown" => &["networking.service"],
        "network-manager" => &["NetworkManager.service"],
        "iptables-persistent" | "netfilter-persistent" => &["netfilter-persistent.service"],
        _ => &[],
    };
    stake
        .units
        .extend(units.iter().map(|unit| (*unit).to_owned()));
}

#[cfg(test)]
mod tests {
    use super::{is_below, is_risky, is_unit, stake};
    use crate::environment::ssh_host::SshHost;
    use evenkeel_host::user::{DropUser, UserState};
    use evenkeel_host::{Action, PathState, path};

    fn remove(path: &str) -> Action {
        Action::Remove(path::Remove {
            path: path.to_owned(),
            sealed: false,
            expected: PathState::Missing,
        })
    }

    fn risky(action: &Action) -> bool {
        is_risky(action, &SshHost::parse("deploy@web-1").unwrap(), false)
    }

    #[test]
    fn paths_that_decide_who_may_log_in_are_risky() {
        for (path, expected) in [
            ("/etc/ssh/sshd_config", true),
            ("/etc/ssh", true),
            ("/etc/ssh-keys", false),
            ("/etc/sudoers", true),
            ("/etc/sudoers.d/deploy", true),
            ("/etc/nftables.conf", true),
            ("/etc/netplan/01.yaml", true),
            ("/etc/pam.d/sshd", true),
            ("/etc/hosts", false),
            ("/etc/hosts.deny", true),
            ("/home/deploy/.ssh/authorized_keys", true),
            ("/srv/site/index.html", false),
            ("/srv/etc/ssh/sshd_config", false),
        ] {
            assert_eq!(risky(&remove(path)), expected, "{path}");
        }
    }

    #[test]
    fn units_of_the_network_and_of_logins_are_risky() {
        for unit in [
            "ssh.service",
            "sshd.service",
            "ssh.socket",
            "nftables.service",
        ] {
            assert!(is_unit(unit), "{unit}");
        }
        for unit in ["nginx.service", "ssh-agent.service"] {
            assert!(!is_unit(unit), "{unit}");
        }
    }

    #[test]
    fn accounts_of_logins_are_risky() {
        let drop = |user: &str| {
            Action::DropUser(DropUser {
                user: user.to_owned(),
                keep_group: true,
                expected: UserState::Missing,
            })
        };
        assert!(risky(&drop("deploy")) && risky(&drop("root")));
        assert!(!risky(&drop("app")));
        // OpenSSH's configuration decides the account of an alias.
        assert!(is_risky(
            &drop("app"),
            &SshHost::parse("web").unwrap(),
            false
        ));
    }

    #[test]
    fn the_units_that_read_a_file_are_at_stake_with_it() {
        let actions = [remove("/etc/ssh/sshd_config"), remove("/srv/a")];
        let stake = stake(actions.iter());
        assert_eq!(stake.paths, ["/etc/ssh/sshd_config", "/srv/a"]);
        assert_eq!(stake.units, ["ssh.service", "ssh.socket", "sshd.service"]);
        assert!(is_below("/etc/ssh/a", "/etc/ssh") && !is_below("/etc/sshd", "/etc/ssh"));
    }
}
