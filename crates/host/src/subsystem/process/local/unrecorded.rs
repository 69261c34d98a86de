//! Finds a process that writes to a log although no record says so: its record was lost, and it must not be started twice.
//!
//! What evenkeel starts has the log as its standard output from the moment its record is there. A log that was
//! deleted since is still known by where it was.

use std::collections::BTreeSet;
use std::fs::{read_dir, read_link};
use std::path::{Path, PathBuf};

use super::record;

/// The number of a process whose standard output or error is this log, although neither the record, nor any that lies
/// beside it or belongs to another target, knows of it; the lowest, if there are several.
pub(super) fn writer(log: &str, record: &str) -> Option<u32> {
    let deleted = format!("{log} (deleted)");
    let is_log = |open: &Path| open == Path::new(log) || open == Path::new(&deleted);
    let entries = read_dir("/proc").ok()?;
    let mut writers: Vec<u32> = entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter(|process: &u32| {
            // Of somebody else's process nothing can be seen: evenkeel did not start that.
            [1, 2].iter().any(|number| {
                read_link(format!("/proc/{process}/fd/{number}")).is_ok_and(|open| is_log(&open))
            })
        })
        .collect();
    if !writers.is_empty() {
        // Several processes may share a log; each of them has a session of its own.
        let sessions = sessions(Path::new(record));
        writers.retain(|process| {
            record::status(*process)
                .is_some_and(|status| status.alive && !sessions.contains(&status.session))
        });
    }
    writers.into_iter().min()
}

/// The sessions that records know of: those in the folder of one, and in the folders beside that. Where the process itself
/// has ended, what it started may still write.
fn sessions(record: &Path) -> BTreeSet<u32> {
    let Some(folder) = record.parent() else {
        return BTreeSet::new();
    };
    let mut folders = vec![folder.to_owned()];
    folders.extend(folder.parent().into_iter().flat_map(entries));
    let records = folders.iter().flat_map(|folder| entries(folder));
    records
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "json")
        })
        .filter_map(|path| record::read(&path).ok().flatten())
        .map(|record| record.pid)
        .collect()
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = read_dir(folder).into_iter().flatten();
    entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .collect()
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::process::{Command, Stdio};

    use super::writer;

    /// Where there is none.
    const RECORD: &str = "/nowhere/of/all/app.json";

    #[test]
    fn a_process_is_found_by_its_log_also_when_that_was_deleted() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().canonicalize().unwrap().join("app.log");
        let log = path.to_str().unwrap();
        assert_eq!(writer(log, RECORD), None);
        let mut child = Command::new("sleep")
            .arg("60")
            .stdout(Stdio::from(File::create(&path).unwrap()))
            .spawn()
            .unwrap();
        // Until it is a program of its own, a child has all that its parent has.
        assert_eq!(writer(log, RECORD), Some(child.id()));
        assert_eq!(writer(&format!("{log}2"), RECORD), None);
        std::fs::remove_file(&path).unwrap();
        assert_eq!(writer(log, RECORD), Some(child.id()));
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(writer(log, RECORD), None);
    }
}
