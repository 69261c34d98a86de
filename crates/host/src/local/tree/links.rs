//! The rule for symbolic links of an artifact: they lead to something in the artifact, and at no step out of it.
//!
//! Links are followed in the list of entries, never on a disk, in the way in which a kernel follows them.

use std::fmt;

/// How many links may be followed for one, as in the kernel.
const MOST: usize = 40;
/// The longest target of a link, in bytes.
const LONGEST: usize = 4095;

/// An entry, as far as links need it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leads<'a> {
    /// A directory.
    Directory,
    /// A file.
    File,
    /// A link with this target.
    Link(&'a str),
}

/// The reason why an artifact must not contain a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkFault {
    /// Its target is empty or too long.
    Length,
    /// Its target has a control character.
    Control,
    /// Its target starts at the root of the host.
    Absolute,
    /// It leads out of the artifact.
    Outside,
    /// It leads to nothing.
    Dangling,
    /// It leads to itself.
    Loop,
}

impl fmt::Display for LinkFault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Length => "which is empty or longer than 4095 bytes",
            Self::Control => "which contains a control character",
            Self::Absolute => "an absolute path",
            Self::Outside => "which leaves the artifact",
            Self::Dangling => "which is not in the artifact",
            Self::Loop => "which leads back to the link",
        })
    }
}

/// Checks the link at `path` with the target `to`. `find` returns the entry with a path.
///
/// # Errors
///
/// When an artifact must not contain it.
pub fn check<'a>(
    path: &str,
    to: &'a str,
    find: &dyn Fn(&str) -> Option<Leads<'a>>,
) -> Result<(), LinkFault> {
    if to.is_empty() || to.len() > LONGEST {
        return Err(LinkFault::Length);
    }
    if to.chars().any(char::is_control) {
        return Err(LinkFault::Control);
    }
    if to.starts_with('/') {
        return Err(LinkFault::Absolute);
    }
    let parent = path.rsplit_once('/').map_or("", |(parent, _)| parent);
    // As text first: another program may resolve the target without reading the links on its way.
    let mut depth = parent.split('/').filter(|part| !part.is_empty()).count();
    for part in to.split('/') {
        match part {
            "" | "." => {}
            ".." => depth = depth.checked_sub(1).ok_or(LinkFault::Outside)?,
            _ => depth += 1,
        }
    }
    follow(parent, to, find)
}

/// Follows a target from a directory, as the kernel does.
fn follow<'a>(
    parent: &str,
    to: &'a str,
    find: &dyn Fn(&str) -> Option<Leads<'a>>,
) -> Result<(), LinkFault> {
    let mut here: Vec<String> = parent
        .split('/')
        .filter(|part| !part.is_empty())
        .map(str::to_owned)
        .collect();
    // The last part comes first. After a part, anything at all means that the part is a directory.
    let mut left: Vec<&str> = to.rsplit('/').collect();
    let mut is_file = false;
    let mut followed = 0;
    while let Some(part) = left.pop() {
        if is_file {
            return Err(LinkFault::Dangling);
        }
        match part {
            "" | "." => continue,
            ".." => {
                here.pop().ok_or(LinkFault::Outside)?;
                continue;
            }
            _ => here.push(part.to_owned()),
        }
        match find(&here.join("/")).ok_or(LinkFault::Dangling)? {
            Leads::Directory => {}
            Leads::File => is_file = true,
            Leads::Link(next) => {
                followed += 1;
                if followed > MOST {
                    return Err(LinkFault::Loop);
                }
                if next.starts_with('/') {
                    return Err(LinkFault::Outside);
                }
                here.pop();
                left.extend(next.rsplit('/'));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Leads, LinkFault, check};
    use std::collections::BTreeMap;

    #[test]
    fn links_lead_to_entries_and_never_out() {
        let entries = BTreeMap::from([
            ("a", Leads::Directory),
            ("a/b", Leads::Directory),
            ("a/b/file", Leads::File),
            ("deep", Leads::Link("a/b")),
            ("out", Leads::Link("..")),
            ("root", Leads::Link("/etc")),
            ("one", Leads::Link("two")),
            ("two", Leads::Link("one")),
            ("chain", Leads::Link("deep")),
            ("top", Leads::Link(".")),
        ]);
        let find = |path: &str| entries.get(path).copied();
        let cases = [
            ("x", "a/b/file", Ok(())),
            ("a/x", "b/file", Ok(())),
            ("a/x", "../a/b", Ok(())),
            ("a/x", "..", Ok(())),
            ("x", ".", Ok(())),
            ("x", "a//b/./file", Ok(())),
            ("x", "a/b/", Ok(())),
            ("x", "deep/file", Ok(())),
            ("x", "chain/file", Ok(())),
            ("x", "top/top/a", Ok(())),
            // The parent of `deep` is `a` once the link was followed.
            ("x", "deep/../b/file", Ok(())),
            // The kernel stays inside, and as text it leaves.
            ("x", "deep/../../a", Err(LinkFault::Outside)),
            // As text it stays inside, and the kernel leaves.
            ("x", "top/../a", Err(LinkFault::Outside)),
            ("x", "..", Err(LinkFault::Outside)),
            ("a/x", "../..", Err(LinkFault::Outside)),
            ("a/x", "../../elsewhere", Err(LinkFault::Outside)),
            ("a/x", "b/../../../a", Err(LinkFault::Outside)),
            ("x", "out", Err(LinkFault::Outside)),
            ("x", "root/passwd", Err(LinkFault::Outside)),
            ("x", "/etc/passwd", Err(LinkFault::Absolute)),
            ("x", "/", Err(LinkFault::Absolute)),
            ("x", "missing", Err(LinkFault::Dangling)),
            ("x", "a/b/file/..", Err(LinkFault::Dangling)),
            ("x", "a/b/file/", Err(LinkFault::Dangling)),
            ("x", "a/b/file/.", Err(LinkFault::Dangling)),
            ("one", "two", Err(LinkFault::Loop)),
            ("x", "one", Err(LinkFault::Loop)),
            ("x", "", Err(LinkFault::Length)),
            ("x", "a\nb", Err(LinkFault::Control)),
            ("x", "a\0b", Err(LinkFault::Control)),
        ];
        for (path, to, expected) in cases {
            assert_eq!(check(path, to, &find), expected, "{path} -> {to}");
        }
        let long = "a/".repeat(2048) + "b";
        assert_eq!(check("x", &long, &find), Err(LinkFault::Length));
    }
}
