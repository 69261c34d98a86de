//! Keys of the kernel's settings, and the files that set them at boot. Pure.
//!
//! The order is that of `sysctl.d(5)`: files are sorted by name, whatever their directory; of two files with one name, the
//! one in the first directory of [`DIRECTORIES`] counts. A later file wins, and a key that is written out wins over a
//! pattern.

use std::collections::BTreeMap;

use super::BootValue;

/// The directories of the files, the most important first.
pub const DIRECTORIES: [&str; 5] = [
    "/etc/sysctl.d",
    "/run/sysctl.d",
    "/usr/local/lib/sysctl.d",
    "/usr/lib/sysctl.d",
    "/lib/sysctl.d",
];

/// The longest key in bytes.
const LONGEST: usize = 200;

/// Returns a key with dots between its parts. `a/b.c` is `a.b/c`: in a key whose first separator is a slash, slashes
/// separate, and dots belong to the parts, as in names of network interfaces.
///
/// # Errors
///
/// What is expected, for a text that is no key.
pub fn canonical(text: &str) -> Result<String, String> {
    let separator = text.find(['.', '/']).and_then(|at| text.get(at..at + 1));
    let key = if separator == Some("/") {
        swapped(text)
    } else {
        text.to_owned()
    };
    let is_good = |each: char| each.is_ascii_alphanumeric() || "_-:@/".contains(each);
    let is_part = |part: &str| {
        !part.is_empty()
            && !part.starts_with('-')
            && part.chars().all(is_good)
            // Dots of a part are written as slashes.
            && part.split('/').any(|name| !name.is_empty())
    };
    if key.len() <= LONGEST && key.contains('.') && key.split('.').all(is_part) {
        return Ok(key);
    }
    Err(format!(
        "`{text}` is not a key of the kernel's settings; expected words with dots such as `net.ipv4.ip_forward`"
    ))
}

fn swapped(text: &str) -> String {
    text.chars()
        .map(|each| match each {
            '.' => '/',
            '/' => '.',
            other => other,
        })
        .collect()
}

/// Returns the path of a key below `/proc/sys`.
#[must_use]
pub fn live_path(key: &str) -> String {
    format!("/proc/sys/{}", swapped(key))
}

/// Returns the path of evenkeel's file of a key.
#[must_use]
pub fn own_path(key: &str) -> String {
    format!("/etc/sysctl.d/99-evenkeel-{}.conf", key.replace('/', "~"))
}

/// Returns the content of evenkeel's file of a key.
#[must_use]
pub fn own_text(key: &str, value: &str) -> String {
    format!("# Written by evenkeel, which overwrites changes.\n{key} = {value}\n")
}

/// Returns a value with single blanks: the kernel separates numbers by tabs.
#[must_use]
pub fn normal(value: &str) -> String {
    value.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// All files, by name.
#[derive(Clone, Debug, Default)]
pub struct Files {
    files: BTreeMap<String, (String, String)>,
    /// A file that is read after all others.
    last: Option<(String, String)>,
}

impl Files {
    /// Adds a file; files of more important directories come first. One that has the name of an earlier one does not count.
    pub fn add(&mut self, name: &str, path: String, text: String) {
        self.files.entry(name.to_owned()).or_insert((path, text));
    }

    /// Sets the file that is read after all others.
    pub fn set_last(&mut self, path: String, text: String) {
        self.last = Some((path, text));
    }

    /// Returns what the files set for a key at boot.
    #[must_use]
    pub fn boot(&self, key: &str) -> Option<BootValue> {
        let (mut exact, mut pattern) = (None, None);
        let mut excluded = false;
        for (path, text) in self.files.values().chain(&self.last) {
            for line in text.lines() {
                match Setting::parse(line) {
                    Some(Setting { name, value }) if name == key => match value {
                        Some(value) => {
                            exact = Some(BootValue {
                                value: normal(value),
                                file: path.clone(),
                            });
                        }
                        None => excluded = true,
                    },
                    Some(Setting {
                        name,
                        value: Some(value),
                    }) if name.contains(['*', '?', '[']) && describes(&name, key) => {
                        pattern = Some(BootValue {
                            value: normal(value),
                            file: path.clone(),
                        });
                    }
                    _ => {}
                }
            }
        }
        exact.or(pattern.filter(|_| !excluded))
    }
}

/// A line of a file.
struct Setting<'a> {
    name: String,
    /// `None` for a line `-key`, which excludes the key from patterns.
    value: Option<&'a str>,
}

impl<'a> Setting<'a> {
    fn parse(line: &'a str) -> Option<Self> {
        let line = line.trim();
        if line.is_empty() || line.starts_with(['#', ';']) {
            return None;
        }
        let (name, value) = match line.split_once('=') {
            Some((name, value)) => (name.trim().trim_start_matches('-'), Some(value.trim())),
            None => (line.strip_prefix('-')?, None),
        };
        let separator = name.find(['.', '/']).and_then(|at| name.get(at..at + 1));
        let name = if separator == Some("/") {
            swapped(name)
        } else {
            name.to_owned()
        };
        Some(Self { name, value })
    }
}

/// Whether a pattern describes a key, part by part: `*` is any text, `?` any character, `[…]` one of some characters.
fn describes(pattern: &str, key: &str) -> bool {
    let (patterns, parts): (Vec<_>, Vec<_>) =
        (pattern.split('.').collect(), key.split('.').collect());
    patterns.len() == parts.len()
        && patterns
            .iter()
            .zip(&parts)
            .all(|(pattern, part)| part_matches(pattern.as_bytes(), part.as_bytes()))
}

fn part_matches(pattern: &[u8], text: &[u8]) -> bool {
    let (mut at, mut place) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while let Some(byte) = text.get(place) {
        let rest = pattern.get(at..).unwrap_or_default();
        let step = match rest.first() {
            Some(b'*') => {
                star = Some((at, place));
                at += 1;
                continue;
            }
            Some(b'?') => Some(1),
            Some(b'[') => rest
                .iter()
                .position(|each| *each == b']')
                .filter(|end| in_class(rest.get(1..*end).unwrap_or_default(), *byte))
                .map(|end| end + 1),
            Some(each) if each == byte => Some(1),
            _ => None,
        };
        if let Some(step) = step {
            at += step;
            place += 1;
        } else if let Some((last, reached)) = star {
            star = Some((last, reached + 1));
            at = last + 1;
            place = reached + 1;
        } else {
            return false;
        }
    }
    let rest = pattern.get(at..).unwrap_or_default();
    rest.iter().all(|each| *each == b'*')
}

/// Whether a character belongs to a class such as `a-f0` or `!x`.
fn in_class(class: &[u8], byte: u8) -> bool {
    let (is_inverted, class) = match class.split_first() {
        Some((b'!' | b'^', rest)) => (true, rest),
        _ => (false, class),
    };
    let mut rest = class;
    let mut is_in = false;
    while let Some((first, more)) = rest.split_first() {
        if let [b'-', last, after @ ..] = more {
            is_in |= (*first..=*last).contains(&byte);
            rest = after;
        } else {
            is_in |= *first == byte;
            rest = more;
        }
    }
    is_in != is_inverted
}

#[cfg(test)]
mod tests {
    use super::{Files, canonical, live_path, normal, own_path};

    #[test]
    fn keys_have_one_form() {
        for (written, key) in [
            ("net.ipv4.ip_forward", "net.ipv4.ip_forward"),
            ("net/ipv4/ip_forward", "net.ipv4.ip_forward"),
            (
                "net/ipv4/conf/eth0.100/rp_filter",
                "net.ipv4.conf.eth0/100.rp_filter",
            ),
            (
                "net.ipv4.conf.eth0/100.rp_filter",
                "net.ipv4.conf.eth0/100.rp_filter",
            ),
        ] {
            assert_eq!(canonical(written).as_deref(), Ok(key));
        }
        let vlan = "net.ipv4.conf.eth0/100.rp_filter";
        assert_eq!(
            live_path(vlan),
            "/proc/sys/net/ipv4/conf/eth0.100/rp_filter"
        );
        assert_eq!(
            own_path(vlan),
            "/etc/sysctl.d/99-evenkeel-net.ipv4.conf.eth0~100.rp_filter.conf"
        );
        for bad in [
            "", "net", "-w", "-net.x", "net.-x", ".net.x", "net..x", "net.x.", "/net/x", "net//x",
            "../x", "net/../x", "net.*.x", "net.x\n", "net.x y", "net.x\0", "net.x=1", "net.é",
        ] {
            assert!(canonical(bad).is_err(), "{bad:?}");
        }
        assert_eq!(normal("4096\t131072  6291456\n"), "4096 131072 6291456");
    }

    fn files(all: &[(&str, &str)]) -> Files {
        let mut files = Files::default();
        for (path, text) in all {
            let name = path.rsplit('/').next().unwrap();
            files.add(name, (*path).to_owned(), (*text).to_owned());
        }
        files
    }

    fn boot(files: &Files, key: &str) -> Option<(String, String)> {
        let boot = files.boot(key)?;
        Some((boot.value, boot.file))
    }

    #[test]
    fn the_last_file_wins_and_one_directory_hides_another() {
        let files = files(&[
            (
                "/etc/sysctl.d/50-b.conf",
                "# a.b = 0\n;a.b=0\na.b = 1\na/c=2\n",
            ),
            ("/etc/sysctl.d/20-a.conf", "a.b = 3\nd.e=\t1\t2\n"),
            ("/usr/lib/sysctl.d/50-b.conf", "a.b = 4\nf.g = 5\n"),
        ]);
        let is = |key: &str| boot(&files, key).map(|(value, _)| value);
        assert_eq!(is("a.b").as_deref(), Some("1"));
        assert_eq!(is("a.c").as_deref(), Some("2"));
        assert_eq!(is("d.e").as_deref(), Some("1 2"));
        assert_eq!(is("f.g"), None);
        assert_eq!(is("x.y"), None);
        let mut last = files.clone();
        last.set_last("/etc/sysctl.conf".into(), "-a.b = 9".into());
        assert_eq!(
            boot(&last, "a.b"),
            Some(("9".into(), "/etc/sysctl.conf".into()))
        );
    }

    #[test]
    fn patterns_count_where_no_key_is_written_out() {
        let files = files(&[
            (
                "/etc/sysctl.d/10.conf",
                "net.ipv4.conf.eth1.rp_filter = 0\n-net.ipv4.conf.lo.rp_filter\n",
            ),
            (
                "/etc/sysctl.d/20.conf",
                "net.ipv4.conf.*.rp_filter = 2\nnet.ipv4.conf.e[a-t]h?.forwarding = 1\n",
            ),
        ]);
        let is =
            |name: &str| boot(&files, &format!("net.ipv4.conf.{name}")).map(|(value, _)| value);
        assert_eq!(is("eth0.rp_filter").as_deref(), Some("2"));
        assert_eq!(is("eth1.rp_filter").as_deref(), Some("0"));
        assert_eq!(is("lo.rp_filter"), None);
        assert_eq!(is("eth0.forwarding").as_deref(), Some("1"));
        assert_eq!(is("wlan0.forwarding"), None);
    }
}
