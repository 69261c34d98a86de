//! The last lines of a process's log, made safe for terminals and without the process's secrets.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags, RenameFlags};
use rustix::io::Errno;

use crate::local::reason::why;
use crate::place;
use evenkeel_model::text::inert;

/// The largest number of shown lines.
const LINES: usize = 20;
/// The number of bytes read from the end of a log.
const FAR: u64 = 16 * 1024;
/// The longest shown line.
const LONGEST_LINE: usize = 400;

/// A log, from its end before the process started.
pub(super) struct Log {
    path: PathBuf,
    from: u64,
    secrets: Vec<String>,
}

impl Log {
    pub(super) fn at_end_of(path: &Path, mut secrets: Vec<String>) -> Self {
        let from = open(path)
            .and_then(|file| file.metadata().ok())
            .map_or(0, |metadata| metadata.len());
        // Longest first, so that a secret inside another leaves no remainder.
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        secrets.retain(|secret| !secret.is_empty());
        Self {
            path: path.to_owned(),
            from,
            secrets,
        }
    }

    /// Returns the last lines, each on its own line after a heading.
    pub(super) fn tail(&self) -> String {
        let text = self.redact(&self.read().unwrap_or_default());
        let lines: Vec<String> = text
            .lines()
            .map(str::trim_end)
            .filter(|line| !line.is_empty())
            .map(|line| inert(&line.chars().take(LONGEST_LINE).collect::<String>()).into_owned())
            .collect();
        if lines.is_empty() {
            return format!("; nothing was written to its log `{}`", self.path.display());
        }
        let last = lines
            .get(lines.len().saturating_sub(LINES)..)
            .unwrap_or_default();
        format!(
            "; the end of its log `{}`:\n  {}",
            self.path.display(),
            last.join("\n  ")
        )
    }

    /// Returns the text without the process's secrets.
    pub(super) fn redact(&self, text: &str) -> String {
        self.secrets.iter().fold(text.to_owned(), |text, secret| {
            let whole = text.replace(secret.as_str(), "(secret)");
            // A log line may contain one line of a secret with several lines.
            secret
                .lines()
                .filter(|line| line.len() >= 8)
                .fold(whole, |text, line| text.replace(line, "(secret)"))
        })
    }

    fn read(&self) -> Option<String> {
        let mut file = open(&self.path)?;
        let end = file.metadata().ok()?.len();
        // A log that became shorter was truncated: read it from the start.
        let from = if end < self.from { 0 } else { self.from };
        let far = end.saturating_sub(FAR);
        file.seek(SeekFrom::Start(from.max(far))).ok()?;
        let mut bytes = Vec::new();
        file.take(FAR).read_to_end(&mut bytes).ok()?;
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if far > from {
            // A partial line may end with part of a secret, which the filter cannot recognise.
            return text.split_once('\n').map(|(_, whole)| whole.to_owned());
        }
        Some(text)
    }
}

fn open(path: &Path) -> Option<File> {
    let (parent, name) = place::split(path).ok()?;
    let parent = place::open_directory(&parent).ok()?;
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    rustix::fs::openat(parent, name, flags, Mode::empty())
        .ok()
        .map(File::from)
}

/// Renames a log unless the new name exists; returns whether the new name is in use by this log. A missing log counts
/// as renamed.
pub(super) fn rename(from: &Path, to: &Path) -> Result<bool, String> {
    let (parent, name) = place::split(from).map_err(|obstacle| obstacle.to_string())?;
    let (to_parent, to_name) = place::split(to).map_err(|obstacle| obstacle.to_string())?;
    let parent = place::open_directory(&parent).map_err(|obstacle| obstacle.to_string())?;
    let to_parent = place::open_directory(&to_parent).map_err(|obstacle| obstacle.to_string())?;
    match rustix::fs::renameat_with(&parent, &name, &to_parent, &to_name, RenameFlags::NOREPLACE) {
        Ok(()) | Err(Errno::NOENT) => Ok(true),
        // The name exists, or the file system cannot exclude that in one step.
        Err(Errno::EXIST | Errno::INVAL | Errno::NOSYS | Errno::XDEV) => Ok(false),
        Err(errno) => Err(why(errno)),
    }
}

#[cfg(test)]
mod tests {
    use super::Log;

    #[test]
    fn only_new_lines_are_shown_without_secrets_and_escapes() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().canonicalize().unwrap().join("log");
        std::fs::write(&path, "old\n").unwrap();
        let log = Log::at_end_of(&path, vec!["hunter2".to_owned()]);
        assert!(log.tail().contains("nothing was written"));
        std::fs::write(&path, "old\npassword is hunter2\n\u{1b}[2Jgone\n").unwrap();
        let tail = log.tail();
        assert!(
            tail.ends_with("  password is (secret)\n  \\u{1b}[2Jgone"),
            "{tail}"
        );
        assert!(!tail.contains("old"));
    }
}
