//! Result files: found by a pattern, removed before a run, read after it.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};

use super::junit::{self, MOST_CASES};
use super::result::Case;
use crate::world::redaction::Redactor;

/// The most files of one suite.
const MOST: usize = 10_000;
/// The most bytes of one suite's files.
const LARGEST: usize = 64 * 1024 * 1024;

/// The files that a pattern names, sorted: a path, or a path with `*` in its last part.
///
/// A directory that is not there has none. Links and other things that are not regular files are named too; reading
/// them is refused later, so that they are never mistaken for nothing.
fn named(pattern: &str) -> Result<Vec<PathBuf>, String> {
    let path = Path::new(pattern);
    let (Some(directory), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(format!("`{pattern}` names no file"));
    };
    let cannot = |error| format!("{}: {error}", directory.display());
    let entries = match std::fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(cannot(error)),
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry.map_err(cannot)?;
        if matches(name, &entry.file_name()) {
            found.push(entry.path());
        }
        if found.len() > MOST {
            return Err(format!("`{pattern}` names more than {MOST} files"));
        }
    }
    found.sort();
    Ok(found)
}

/// Removes what an earlier run left: what is there after the run is then of that run.
pub(super) fn remove(pattern: &str) -> Result<(), String> {
    for path in named(pattern)? {
        std::fs::remove_file(&path)
            .map_err(|error| format!("cannot remove the older {}: {error}", path.display()))?;
    }
    Ok(())
}

/// The cases of all files, and how many files there were.
pub(super) fn read(pattern: &str, redactor: &Redactor) -> Result<(Vec<Case>, usize), String> {
    let files = named(pattern)?;
    let (mut cases, mut total) = (Vec::new(), 0);
    for path in &files {
        let bytes =
            content(path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
        total += bytes.len();
        if total > LARGEST {
            return Err(format!(
                "`{pattern}` has more than {} MiB",
                LARGEST / 1024 / 1024
            ));
        }
        let more = junit::parse(&bytes, redactor)
            .map_err(|error| format!("{} is not taken as results: {error}", path.display()))?;
        cases.extend(more);
        if cases.len() > MOST_CASES {
            return Err(format!("`{pattern}` has more than {MOST_CASES} cases"));
        }
    }
    Ok((cases, files.len()))
}

/// The content of a regular file, up to one byte more than is taken. A pipe in its place does not hold us up.
fn content(path: &Path) -> std::io::Result<Vec<u8>> {
    let how = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = File::from(rustix::fs::open(path, how, Mode::empty())?);
    if !file.metadata()?.is_file() {
        return Err(std::io::Error::other("it is not a regular file"));
    }
    let mut bytes = Vec::new();
    file.take(junit::LARGEST as u64 + 1)
        .read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Whether a name is what a pattern says. `*` is any characters, but not the dot that hides a file.
fn matches(pattern: &OsStr, name: &OsStr) -> bool {
    let (pattern, name) = (pattern.as_encoded_bytes(), name.as_encoded_bytes());
    if name.starts_with(b".") && !pattern.starts_with(b".") {
        return false;
    }
    let (mut at, mut position) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while position < name.len() {
        match pattern.get(at) {
            Some(b'*') => {
                star = Some((at, position));
                at += 1;
            }
            Some(wanted) if name.get(position) == Some(wanted) => {
                at += 1;
                position += 1;
            }
            _ => match star {
                // The last star takes one character more.
                Some((before, taken)) => {
                    star = Some((before, taken + 1));
                    at = before + 1;
                    position = taken + 1;
                }
                None => return false,
            },
        }
    }
    pattern.iter().skip(at).all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::{Redactor, matches, remove};
    use crate::suite::result::Case;

    fn read(pattern: &str) -> Result<(Vec<Case>, usize), String> {
        super::read(pattern, &Redactor::default())
    }

    #[test]
    fn stars_take_anything_but_a_hiding_dot() {
        for (pattern, name, expected) in [
            ("a.xml", "a.xml", true),
            ("a.xml", "b.xml", false),
            ("*.xml", "a.xml", true),
            ("*.xml", ".xml", false),
            ("*.xml", ".a.xml", false),
            ("TEST-*-*.xml", "TEST-a-b-c.xml", true),
            ("TEST-*-*.xml", "TEST-a.xml", false),
            ("*a*b", "aab", true),
            ("*a*b", "aabc", false),
            ("*", "anything", true),
            ("**", "", true),
        ] {
            assert_eq!(
                matches(pattern.as_ref(), name.as_ref()),
                expected,
                "{pattern} {name}"
            );
        }
    }

    #[test]
    fn older_files_are_removed_and_others_stay() {
        let home = tempfile::tempdir().unwrap();
        for name in ["a.xml", "b.xml", "c.txt"] {
            std::fs::write(home.path().join(name), "").unwrap();
        }
        let pattern = home.path().join("*.xml").display().to_string();
        remove(&pattern).unwrap();
        assert_eq!(read(&pattern).unwrap(), (Vec::new(), 0));
        assert!(home.path().join("c.txt").exists());
        let missing = home.path().join("missing/*.xml").display().to_string();
        remove(&missing).unwrap();
        assert_eq!(read(&missing).unwrap().1, 0);
    }

    #[test]
    fn links_directories_and_pipes_are_not_read() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("a.xml");
        let pattern = path.display().to_string();
        std::os::unix::fs::symlink("/dev/zero", &path).unwrap();
        assert!(read(&pattern).is_err());
        std::fs::remove_file(&path).unwrap();
        std::fs::create_dir(&path).unwrap();
        assert!(read(&pattern).unwrap_err().contains("regular"));
        assert!(remove(&pattern).is_err());
        std::fs::remove_dir(&path).unwrap();
        rustix::fs::mkfifoat(rustix::fs::CWD, &path, rustix::fs::Mode::RUSR).unwrap();
        assert!(read(&pattern).unwrap_err().contains("regular"));
    }
}
