//! Result files: found by a pattern, and read if the run wrote them.
//!
//! Nothing is removed: a pattern may match other files. An older file counts only after the run wrote it again.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};

use super::junit::{self, MOST_CASES};
use super::result::Case;
use crate::world::redaction::Redactor;

/// Maximum number of files of one suite.
const MOST: usize = 10_000;
/// Maximum number of bytes of one suite's files.
const LARGEST: usize = 64 * 1024 * 1024;

/// Returns the files that a pattern names, sorted: a path, or a path with `*` in its last part.
///
/// A missing directory contains none. Links and other special files are named too and rejected when they are read, so
/// that they never count as missing.
fn named(pattern: &str) -> Result<Vec<PathBuf>, String> {
    let path = Path::new(pattern);
    let (Some(directory), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(format!("`{pattern}` matches no file"));
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
            return Err(format!("`{pattern}` matches more than {MOST} files"));
        }
    }
    found.sort();
    Ok(found)
}

/// Files that existed before a run.
#[derive(Debug, Default)]
pub(super) struct Earlier(BTreeMap<PathBuf, State>);

/// Identity of a version: the file, and the time of its last change of content or metadata, which no program can set.
type State = (u64, u64, i64, i64);

impl Earlier {
    /// Returns the files that a pattern currently names.
    pub(super) fn of(pattern: &str) -> Result<Self, String> {
        let state = |path: PathBuf| {
            let state = state(&path)?;
            Some((path, state))
        };
        Ok(Self(
            named(pattern)?.into_iter().filter_map(state).collect(),
        ))
    }

    /// Whether a file is one of them, and was not written since.
    fn has(&self, path: &Path) -> bool {
        self.0
            .get(path)
            .is_some_and(|before| state(path) == Some(*before))
    }
}

fn state(path: &Path) -> Option<State> {
    let facts = std::fs::symlink_metadata(path).ok()?;
    Some((facts.dev(), facts.ino(), facts.ctime(), facts.ctime_nsec()))
}

/// Results in the files of a run.
#[derive(Debug, PartialEq)]
pub(super) struct Results {
    /// Cases of all files.
    pub(super) cases: Vec<Case>,
    /// Number of files that the run wrote.
    pub(super) files: usize,
    /// Number of matching files that are older than the run.
    pub(super) older: usize,
}

/// Reads the files written since `earlier`.
pub(super) fn read(
    pattern: &str,
    earlier: &Earlier,
    redactor: &Redactor,
) -> Result<Results, String> {
    let (older, files): (Vec<PathBuf>, Vec<PathBuf>) = named(pattern)?
        .into_iter()
        .partition(|path| earlier.has(path));
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
            .map_err(|error| format!("{} is not a valid result file: {error}", path.display()))?;
        cases.extend(more);
        if cases.len() > MOST_CASES {
            return Err(format!("`{pattern}` has more than {MOST_CASES} cases"));
        }
    }
    Ok(Results {
        cases,
        files: files.len(),
        older: older.len(),
    })
}

/// Returns the content of a regular file, up to one byte more than accepted. A pipe in its place does not block.
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

/// Whether a name matches a pattern. `*` is any characters, except the dot of a hidden file.
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
                // The last star matches one character more.
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
    use super::{Earlier, Redactor, Results, matches};

    fn read(pattern: &str, earlier: &Earlier) -> Result<Results, String> {
        super::read(pattern, earlier, &Redactor::default())
    }

    #[test]
    fn stars_match_anything_except_a_leading_dot() {
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
    fn older_files_stay_and_count_only_when_they_are_written_again() {
        let home = tempfile::tempdir().unwrap();
        let path = |name: &str| home.path().join(name);
        let suite = r#"<testsuite><testcase name="a"/></testsuite>"#;
        for name in ["a.xml", "b.xml"] {
            std::fs::write(path(name), suite).unwrap();
        }
        let pattern = path("*.xml").display().to_string();
        let earlier = Earlier::of(&pattern).unwrap();
        let results = read(&pattern, &earlier).unwrap();
        assert_eq!(
            (results.cases.len(), results.files, results.older),
            (0, 0, 2)
        );
        // The clock of files advances in steps of some milliseconds.
        std::thread::sleep(std::time::Duration::from_millis(30));
        std::fs::write(path("b.xml"), suite).unwrap();
        std::fs::write(path("c.xml"), suite).unwrap();
        let results = read(&pattern, &earlier).unwrap();
        assert_eq!(
            (results.cases.len(), results.files, results.older),
            (2, 2, 1)
        );
        assert!(path("a.xml").exists());
        let missing = path("missing/*.xml").display().to_string();
        let earlier = Earlier::of(&missing).unwrap();
        assert_eq!(read(&missing, &earlier).unwrap().files, 0);
    }

    #[test]
    fn links_directories_and_pipes_are_not_read() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("a.xml");
        let pattern = path.display().to_string();
        std::os::unix::fs::symlink("/dev/zero", &path).unwrap();
        let none = Earlier::default();
        let read = |pattern: &str| super::read(pattern, &none, &Redactor::default());
        assert!(read(&pattern).is_err());
        std::fs::remove_file(&path).unwrap();
        std::fs::create_dir(&path).unwrap();
        assert!(read(&pattern).unwrap_err().contains("regular"));
        std::fs::remove_dir(&path).unwrap();
        rustix::fs::mkfifoat(rustix::fs::CWD, &path, rustix::fs::Mode::RUSR).unwrap();
        assert!(read(&pattern).unwrap_err().contains("regular"));
    }
}
