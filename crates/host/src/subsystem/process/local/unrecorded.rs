//! Finds a process that writes to a log without a record: after a lost record, it must not be started twice.
//!
//! A process that evenkeel started has the log as its standard output from the moment its record exists. A deleted log
//! is still found by its former path.

use std::collections::BTreeSet;
use std::fs::{read_dir, read_link};
use std::path::{Path, PathBuf};

use super::record;

/// Returns the number of a process whose standard output or error is this log and that no record beside it or of
/// another target contains; the lowest, if there are several.
pub(super) fn writer(log: &str, record: &str) -> Option<u32> {
    let deleted = format!("{log} (deleted)");
    let is_log = |open: &Path| open == Path::new(log) || open == Path::new(&deleted);
    let entries = read_dir("/proc").ok()?;
    let mut writers: Vec<u32> = entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter(|process: &u32| {
            // Processes of other users are unreadable: evenkeel did not start those.
            [1, 2].iter().any(|number| {
                read_link(format!("/proc/{process}/fd/{number}")).is_ok_and(|open| is_log(&open))
            })
        })
        .collect();
    if !writers.is_empty() {
        // Several processes may share a log; each has its own session.
        let sessions = sessions(Path::new(record));
        writers.retain(|process| {
            record::status(*process)
                .is_some_and(|status| status.alive && !sessions.contains(&status.session))
        });
    }
    writers.into_iter().min()
}

/// Returns the sessions in records: those in the folder of one record and in the folders beside it. After a process has
/// ended, its children may still write.
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

    /// Returns the process where no record exists.
    const RECORD: &str = "/nowhere/of/all/app.json";

    #[test]
    fn a_process_is_found_by_its_log_even_if_deleted() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().canonicalize().unwrap().join("app.log");
        let log = path.to_str().unwrap();
        assert_eq!(writer(log, RECORD), None);
        let mut child = Command::new("sleep")
            .arg("60")
            .stdout(Stdio::from(File::create(&path).unwrap()))
            .spawn()
            .unwrap();
        // Until its exec, a child has all descriptors of its parent.
        assert_eq!(writer(log, RECORD), Some(child.id()));
        assert_eq!(writer(&format!("{log}2"), RECORD), None);
        std::fs::remove_file(&path).unwrap();
        assert_eq!(writer(log, RECORD), Some(child.id()));
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(writer(log, RECORD), None);
    }
}
