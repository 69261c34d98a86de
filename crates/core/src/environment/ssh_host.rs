//! A host that OpenSSH reaches, as a target names it.
//!
//! What the name leads to is OpenSSH's configuration: this checks only what no host can be.

use std::fmt;

/// The longest destination in bytes: an account, a name as in DNS and a port.
const LONGEST: usize = 400;

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
        let (rest, with_port) = match text.strip_prefix("ssh://") {
            Some(rest) => (rest, true),
            None => (text, false),
        };
        let (account, place) = match rest.rsplit_once('@') {
            Some((account, place)) => (Some(account), place),
            None => (None, rest),
        };
        if account.is_some_and(|account| account.is_empty() || account.starts_with('-')) {
            return Err("its account is empty, or begins with a hyphen");
        }
        let (host, port) = match place.rsplit_once(':') {
            // An address of version 6 in brackets has colons too.
            Some((host, port)) if with_port && !port.ends_with(']') => (host, Some(port)),
            _ => (place, None),
        };
        if host.is_empty() || host.starts_with('-') {
            return Err("its host is empty, or begins with a hyphen");
        }
        if port.is_some_and(|port| !matches!(port.parse::<u16>(), Ok(1..))) {
            return Err("its port is not a number from 1 to 65535");
        }
        let host = host
            .strip_prefix('[')
            .and_then(|inner| inner.strip_suffix(']'))
            .unwrap_or(host);
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

    /// Returns it with the account that changes the host.
    #[must_use]
    pub fn becoming_root(self, becomes_root: bool) -> Self {
        Self {
            becomes_root,
            ..self
        }
    }

    /// Returns the destination as written.
    #[must_use]
    pub fn destination(&self) -> &str {
        &self.destination
    }
}

impl fmt::Display for SshHost {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.destination)
    }
}

#[cfg(test)]
mod tests {
    use super::SshHost;

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
}
