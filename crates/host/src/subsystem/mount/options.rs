//! Comparison of mount options, as written and as the kernel shows them. Pure.
//!
//! The kernel shows options otherwise than they are written: it leaves out defaults, writes sizes in KiB, and adds options
//! that were not asked for.

use std::collections::BTreeSet;

use super::MountSource;

/// Options that are either set or not, each with its opposite, which is the default.
const FLAGS: [(&str, &str); 7] = [
    ("ro", "rw"),
    ("nosuid", "suid"),
    ("nodev", "dev"),
    ("noexec", "exec"),
    ("nodiratime", "diratime"),
    ("sync", "async"),
    ("nosymfollow", "symfollow"),
];

/// Ways to update the time of access; the first one is the default. The kernel shows nothing for the last.
const ATIME: [&str; 3] = ["relatime", "noatime", "strictatime"];

/// Options that mean nothing to the kernel, or that it does not show.
const NOT_SHOWN: [&str; 22] = [
    "defaults",
    "auto",
    "noauto",
    "nofail",
    "fail",
    "user",
    "nouser",
    "users",
    "owner",
    "group",
    "_netdev",
    "bind",
    "rbind",
    "loop",
    "private",
    "rprivate",
    "shared",
    "rshared",
    "slave",
    "rslave",
    "unbindable",
    "runbindable",
];

/// Options that are written out for nothing in `/etc/fstab`.
const DEFAULTS: [&str; 9] = [
    "defaults", "rw", "suid", "dev", "exec", "auto", "nouser", "async", "relatime",
];

impl MountSource {
    /// Whether it is a directory or file that is mounted at a second path.
    #[must_use]
    pub fn is_bind(&self) -> bool {
        self.options
            .iter()
            .any(|each| each == "bind" || each == "rbind")
    }

    /// Whether a mounted file system has the wanted type.
    #[must_use]
    pub fn has_type_of(&self, mounted: &Self) -> bool {
        self.is_bind() || self.filesystem == "auto" || self.filesystem == mounted.filesystem
    }

    /// Whether a line of `/etc/fstab` says the same. Neither order nor written defaults count.
    #[must_use]
    pub fn is_line(&self, line: &Self) -> bool {
        let counted = |source: &Self| -> BTreeSet<String> {
            source
                .options
                .iter()
                .filter(|each| !DEFAULTS.contains(&each.as_str()))
                .cloned()
                .collect()
        };
        self.device == line.device
            && self.filesystem == line.filesystem
            && counted(self) == counted(line)
    }

    /// Returns the options of `/etc/fstab` and of `mount`.
    #[must_use]
    pub fn written(&self) -> String {
        if self.options.is_empty() {
            "defaults".to_owned()
        } else {
            self.options.join(",")
        }
    }

    /// Returns the options for a change of what is mounted: flags that are not named are written out, so that they are reset.
    #[must_use]
    pub fn complete(&self) -> String {
        let mut all = self.options.clone();
        if !self.is_bind() {
            for (set, unset) in FLAGS {
                // Older versions of `mount` do not know this one.
                if self.flag(set, unset).is_none() && set != "nosymfollow" {
                    all.push(unset.to_owned());
                }
            }
            if self.access_time().is_none() {
                all.push("relatime".to_owned());
            }
        }
        all.retain(|each| !is_for_mount_alone(each));
        all.join(",")
    }

    /// Returns whether a flag is set; `None` if neither it nor its opposite is named. The last one counts.
    fn flag(&self, set: &str, unset: &str) -> Option<bool> {
        let named = self
            .options
            .iter()
            .rev()
            .find(|each| *each == set || *each == unset);
        named.map(|each| each == set)
    }

    fn access_time(&self) -> Option<&str> {
        let mut named = self.options.iter().rev();
        named
            .find(|each| ATIME.contains(&each.as_str()))
            .map(String::as_str)
    }

    /// Returns the options in which a mounted file system differs: as wanted, and as found.
    #[must_use]
    pub fn differences(&self, mounted: &Self) -> (Vec<String>, Vec<String>) {
        let (mut expected, mut found) = (Vec::new(), Vec::new());
        let mut differ = |wanted: &str, is: &str| {
            expected.push(wanted.to_owned());
            found.push(is.to_owned());
        };
        for (set, unset) in FLAGS {
            let wanted = self.flag(set, unset);
            let is = mounted.options.iter().any(|each| each == set);
            // A bind mount has the flags of what it shows, unless they are named.
            if wanted.unwrap_or(self.is_bind() && is) != is {
                let word = |is_set: bool| if is_set { set } else { unset };
                differ(word(!is), word(is));
            }
        }
        let shown = mounted.access_time().unwrap_or("strictatime");
        let wanted = self.access_time();
        if wanted.unwrap_or(if self.is_bind() { shown } else { "relatime" }) != shown {
            differ(wanted.unwrap_or("relatime"), shown);
        }
        for option in &self.options {
            if is_flag(option) || is_for_mount_alone(option) || NOT_SHOWN.contains(&option.as_str())
            {
                continue;
            }
            let (key, value) = parts(option);
            // A part of the memory is shown as a size.
            if value.is_some_and(|value| value.ends_with('%')) {
                continue;
            }
            let is = mounted
                .options
                .iter()
                .rev()
                .find(|each| parts(each).0 == key);
            match is {
                Some(is) if normal(is) == normal(option) => {}
                Some(is) => differ(option, is),
                None if is_default(&self.filesystem, &normal(option)) => {}
                None => differ(option, "nothing"),
            }
        }
        (expected, found)
    }
}

/// Returns whether an option has a password, and the option without it.
#[must_use]
pub fn without_password(option: &str) -> Option<String> {
    let (key, Some(value)) = parts(option) else {
        return None;
    };
    let is_password = key.to_ascii_lowercase().contains("pass") && !value.is_empty();
    is_password.then(|| format!("{key}=(secret)"))
}

/// Whether an option is a comment for other programs.
fn is_for_mount_alone(option: &str) -> bool {
    option.starts_with("x-") || option.starts_with("X-") || option.starts_with("comment=")
}

fn is_flag(option: &str) -> bool {
    ATIME.contains(&option)
        || FLAGS
            .iter()
            .any(|(set, unset)| option == *set || option == *unset)
}

fn parts(option: &str) -> (&str, Option<&str>) {
    match option.split_once('=') {
        Some((key, value)) => (key, Some(value)),
        None => (option, None),
    }
}

/// Returns an option with a size in bytes and a mode without leading zeros.
fn normal(option: &str) -> String {
    let (key, Some(value)) = parts(option) else {
        return option.to_owned();
    };
    let value = match key {
        "mode" | "fmask" | "dmask" | "umask" => match value.trim_start_matches('0') {
            "" => "0".to_owned(),
            rest => rest.to_owned(),
        },
        _ => bytes(value).map_or_else(|| value.to_owned(), |bytes| bytes.to_string()),
    };
    format!("{key}={value}")
}

/// Reads a number with a unit.
fn bytes(value: &str) -> Option<u64> {
    let (number, unit) = match value.to_ascii_lowercase() {
        text if text.ends_with('k') => (text, 1 << 10),
        text if text.ends_with('m') => (text, 1 << 20),
        text if text.ends_with('g') => (text, 1 << 30),
        text if text.ends_with('t') => (text, 1 << 40),
        text => (text, 1),
    };
    number
        .trim_end_matches(['k', 'm', 'g', 't'])
        .parse::<u64>()
        .ok()?
        .checked_mul(unit)
}

/// Whether the kernel leaves out an option with this value.
fn is_default(filesystem: &str, option: &str) -> bool {
    filesystem == "tmpfs" && ["mode=1777", "uid=0", "gid=0"].contains(&option)
}

#[cfg(test)]
mod tests {
    use super::MountSource;

    fn source(filesystem: &str, options: &str) -> MountSource {
        MountSource {
            device: "tmpfs".into(),
            filesystem: filesystem.into(),
            options: options
                .split(',')
                .filter(|each| !each.is_empty())
                .map(str::to_owned)
                .collect(),
        }
    }

    fn differences(wanted: &str, mounted: &str) -> String {
        let (expected, found) = source("tmpfs", wanted).differences(&source("tmpfs", mounted));
        format!("{} {}", expected.join(","), found.join(","))
    }

    #[test]
    fn what_the_kernel_shows_otherwise_is_equal() {
        for (wanted, mounted) in [
            ("", "rw,relatime,seclabel,inode64"),
            ("defaults", "rw,relatime"),
            ("rw,suid,dev,exec,async,auto,nouser", "rw,relatime"),
            ("size=64m,mode=0755", "rw,relatime,size=65536k,mode=755"),
            ("size=1g", "rw,relatime,size=1048576k"),
            ("size=50%", "rw,relatime,size=8000000k"),
            ("mode=1777,uid=0", "rw,relatime"),
            (
                "noatime,nofail,x-systemd.automount,_netdev,comment=x",
                "rw,noatime",
            ),
            ("strictatime", "rw"),
            ("ro,rw", "rw,relatime"),
            ("bind", "ro,nosuid,noatime"),
            ("bind,ro", "ro,nosuid,relatime"),
        ] {
            assert_eq!(differences(wanted, mounted), " ", "{wanted}: {mounted}");
        }
    }

    #[test]
    fn what_differs_is_named() {
        assert_eq!(differences("", "ro,relatime"), "rw ro");
        assert_eq!(differences("noexec", "rw,relatime"), "noexec exec");
        assert_eq!(differences("", "rw,noexec,relatime"), "exec noexec");
        assert_eq!(differences("", "rw,noatime"), "relatime noatime");
        assert_eq!(differences("noatime", "rw"), "noatime strictatime");
        assert_eq!(
            differences("size=1m", "rw,relatime,size=2048k"),
            "size=1m size=2048k"
        );
        assert_eq!(differences("size=1m", "rw,relatime"), "size=1m nothing");
        assert_eq!(differences("acl", "rw,relatime"), "acl nothing");
        assert_eq!(differences("bind,ro", "rw,relatime"), "ro rw");
    }

    #[test]
    fn a_change_resets_what_is_not_named() {
        assert_eq!(
            source("tmpfs", "noexec,x-a").complete(),
            "noexec,rw,suid,dev,diratime,async,relatime"
        );
        assert_eq!(source("none", "bind,ro").complete(), "bind,ro");
    }

    #[test]
    fn lines_are_equal_whatever_their_order_and_defaults() {
        assert!(source("tmpfs", "").is_line(&source("tmpfs", "defaults")));
        assert!(source("tmpfs", "ro,noexec").is_line(&source("tmpfs", "noexec,ro,relatime")));
        assert!(!source("tmpfs", "ro").is_line(&source("tmpfs", "ro,noexec")));
        assert!(!source("tmpfs", "").is_line(&source("ext4", "")));
    }
}
