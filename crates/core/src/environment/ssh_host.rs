//! A host that OpenSSH reaches, as a target names it; and a list of such hosts with their names.
//!
//! What the name leads to is OpenSSH's configuration: this checks only what no host can be.

use std::collections::BTreeMap;
use std::fmt;

use evenkeel_model::HostName;
use evenkeel_model::text::inert;

/// The longest destination in bytes: an account, a name as in DNS and a port.
const LONGEST: usize = 400;

/// The most hosts of one target.
pub const MOST_HOSTS: usize = 10_000;

/// A destination of `ssh`, and the account that changes the host.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SshHost {
    destination: String,
    /// Whether changes are made by root, through `sudo -n`.
    pub becomes_root: bool,
}

impl SshHost {
    /// Parses `HOST`, `ACCOUNT@HOST` or `ssh://ACCOUNT@HOST:PORT`.
    ///
    /// # Errors
    ///
    /// The reason why this is no destination. One that begins with a hyphen would be an option of `ssh`.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        if text.len() > LONGEST {
            return Err("it is too long");
        }
        if text.starts_with('-') {
            return Err("it begins with a hyphen, as an option does");
        }
        if text.contains(|each: char| each.is_whitespace() || each.is_control()) {
            return Err("it contains a blank or a control character");
        }
        let (account, host, port) = parts(text);
        if account.is_some_and(|account| account.is_empty() || account.starts_with('-')) {
            return Err("its account is empty, or begins with a hyphen");
        }
        if host.is_empty() || host.starts_with('-') {
            return Err("its host is empty, or begins with a hyphen");
        }
        if port.is_some_and(|port| !matches!(port.parse::<u16>(), Ok(1..))) {
            return Err("its port is not a number from 1 to 65535");
        }
        let host = without_brackets(host);
        let may_have =
            |each: char| each.is_alphanumeric() || matches!(each, '-' | '.' | '_' | ':' | '%');
        if !host.chars().all(may_have) {
            return Err("its host has a character that no name of a host has");
        }
        Ok(Self {
            destination: text.to_owned(),
            becomes_root: false,
        })
    }

    /// Parses a host of several: `DESTINATION`, or `NAME=DESTINATION` where the host's own name is not a name.
    ///
    /// # Errors
    ///
    /// The reason why this is no host.
    pub fn parse_named(text: &str) -> Result<(HostName, Self), String> {
        if let Some((name, destination)) = text.split_once('=')
            && let Some(name) = HostName::parse(name)
        {
            return Ok((name, Self::parse(destination)?));
        }
        let host = Self::parse(text)?;
        let (_, own, _) = parts(text);
        let own = without_brackets(own).to_lowercase();
        match HostName::parse(&own) {
            Some(name) => Ok((name, host)),
            None => Err(format!(
                "`{}` is no name of lower-case letters, digits, hyphens and dots: name it with `NAME={text}`",
                inert(&own)
            )),
        }
    }

    /// Returns it with the account that changes the host.
    #[must_use]
    pub fn becoming_root(self, becomes_root: bool) -> Self {
        Self {
            becomes_root,
            ..self
        }
    }

    /// Returns the account of the login, if the destination names it.
    #[must_use]
    pub fn account(&self) -> Option<&str> {
        parts(&self.destination).0
    }

    /// Returns the destination as written.
    #[must_use]
    pub fn destination(&self) -> &str {
        &self.destination
    }
}

/// Returns the account, the host and the port of a destination.
fn parts(text: &str) -> (Option<&str>, &str, Option<&str>) {
    let (rest, with_port) = match text.strip_prefix("ssh://") {
        Some(rest) => (rest, true),
        None => (text, false),
    };
    let (account, place) = match rest.rsplit_once('@') {
        Some((account, place)) => (Some(account), place),
        None => (None, rest),
    };
    match place.rsplit_once(':') {
        // An address of version 6 in brackets has colons too.
        Some((host, port)) if with_port && !port.ends_with(']') => (account, host, Some(port)),
        _ => (account, place, None),
    }
}

/// Returns an address of version 6 without its brackets; other hosts as they are.
fn without_brackets(host: &str) -> &str {
    host.strip_prefix('[')
        .and_then(|inner| inner.strip_suffix(']'))
        .unwrap_or(host)
}

/// Hosts of a target, by name.
pub type HostList = BTreeMap<HostName, SshHost>;

/// Adds a host to a list.
///
/// # Errors
///
/// The reason why it is no host, or another host has its name.
pub fn add_host(hosts: &mut HostList, text: &str, becomes_root: bool) -> Result<(), String> {
    let (name, host) = SshHost::parse_named(text)?;
    if hosts.len() >= MOST_HOSTS {
        return Err(format!("a target has at most {MOST_HOSTS} hosts"));
    }
    if let Some(other) = hosts.get(&name) {
        let shown = inert(text);
        return Err(if other.destination() == host.destination() {
            format!("the host {name} is listed twice")
        } else {
            format!(
                "two hosts have the name {name}: give one another, with `NAME={}`",
                shown.split_once('=').map_or(&*shown, |(_, rest)| rest)
            )
        });
    }
    hosts.insert(name, host.becoming_root(becomes_root));
    Ok(())
}

/// Parses an inventory: one host in each line. Blank lines and those that begin with `#` are skipped.
///
/// # Errors
///
/// The number of each wrong line, from 1, with the reason. An inventory without hosts is wrong as a whole (line 0).
pub fn parse_inventory(text: &str, becomes_root: bool) -> Result<HostList, Vec<(usize, String)>> {
    let mut hosts = HostList::new();
    let mut wrong = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Err(reason) = add_host(&mut hosts, line, becomes_root) {
            wrong.push((number + 1, reason));
        }
    }
    if hosts.is_empty() && wrong.is_empty() {
        wrong.push((0, "it names no host".to_owned()));
    }
    if wrong.is_empty() {
        Ok(hosts)
    } else {
        Err(wrong)
    }
}

impl fmt::Display for SshHost {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.destination)
    }
}

#[cfg(test)]
mod tests {
    use super::{HostList, SshHost, add_host, parse_inventory};

    #[test]
    fn destinations_of_ssh_are_hosts() {
        for good in [
            "web-1",
            "deploy@web-1.example.org",
            "deploy@example.org@bastion",
            "192.0.2.1",
            "fe80::1%eth0",
            "ssh://web-1",
            "ssh://deploy@web-1:2222",
            "ssh://deploy@[2001:db8::1]:2222",
            "ssh://[2001:db8::1]",
        ] {
            let parsed = SshHost::parse(good).map(|host| host.destination().to_owned());
            assert_eq!(parsed.as_deref(), Ok(good));
        }
    }

    #[test]
    fn what_would_be_an_option_or_a_command_is_refused() {
        for bad in [
            "",
            "-oProxyCommand=id",
            "deploy@-oProxyCommand=id",
            "-l@web",
            "@web",
            "deploy@",
            "web 1",
            "web\n1",
            "web;id",
            "web`id`",
            "$(id)",
            "ssh://web:0",
            "ssh://web:99999",
            "ssh://web:22x",
            "ssh://-web",
            "ssh://",
            "web\u{1b}[2J",
        ] {
            assert!(SshHost::parse(bad).is_err(), "{bad:?}");
        }
        assert!(SshHost::parse(&"a".repeat(401)).is_err());
    }

    fn names(hosts: &HostList) -> Vec<(&str, &str)> {
        hosts
            .iter()
            .map(|(name, host)| (name.as_str(), host.destination()))
            .collect()
    }

    #[test]
    fn an_inventory_names_each_host_once() {
        let text = "# web servers\r\ndeploy@Web-1.example.org\n\nb=ssh://deploy@127.0.0.1:2201\n c=ssh://127.0.0.1:2202 \n";
        let hosts = parse_inventory(text, true).unwrap();
        assert_eq!(
            names(&hosts),
            [
                ("b", "ssh://deploy@127.0.0.1:2201"),
                ("c", "ssh://127.0.0.1:2202"),
                ("web-1.example.org", "deploy@Web-1.example.org"),
            ]
        );
        assert!(hosts.values().all(|host| host.becomes_root));
    }

    #[test]
    fn every_wrong_line_of_an_inventory_is_reported() {
        let text = "web-1\nweb-1\nother@web-1\n-oProxyCommand=id\nssh://[::1]:22\nx=\n";
        let wrong = parse_inventory(text, false).unwrap_err();
        let lines: Vec<usize> = wrong.iter().map(|(line, _)| *line).collect();
        assert_eq!(lines, [2, 3, 4, 5, 6]);
        assert_eq!(wrong[0].1, "the host web-1 is listed twice");
        assert!(wrong[1].1.contains("NAME=other@web-1"), "{}", wrong[1].1);
        assert!(wrong[3].1.contains("NAME=ssh://[::1]:22"), "{}", wrong[3].1);
        let empty = parse_inventory("# nothing\n", false).unwrap_err();
        assert_eq!(empty, [(0, "it names no host".to_owned())]);
        let mut hosts = HostList::new();
        add_host(&mut hosts, "v6=ssh://[::1]:22", false).unwrap();
        assert_eq!(names(&hosts), [("v6", "ssh://[::1]:22")]);
    }
}
