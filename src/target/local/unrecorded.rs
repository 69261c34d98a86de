//! Finds a process that writes to a log although no record says so: its record was lost, and it must not be started twice.
//!
//! What evenkeel starts has the log as its standard output from the moment its record is there. A log that was
//! deleted since is still known by where it was.

use std::fs::read_link;
use std::path::Path;

/// The number of a process whose standard output or error is this log; the lowest, if there are several.
pub(super) fn writer(log: &str) -> Option<u32> {
    let deleted = format!("{log} (deleted)");
    let is_log = |open: &Path| open == Path::new(log) || open == Path::new(&deleted);
    let entries = std::fs::read_dir("/proc").ok()?;
    let processes = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    processes
        .filter(|process: &u32| {
            // Of somebody else's process nothing can be seen: evenkeel did not start that.
            [1, 2].iter().any(|number| {
                read_link(format!("/proc/{process}/fd/{number}")).is_ok_and(|open| is_log(&open))
            })
        })
        .min()
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::process::{Command, Stdio};

    use super::writer;

    #[test]
    fn a_process_is_found_by_its_log_also_when_that_was_deleted() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().canonicalize().unwrap().join("app.log");
        let log = path.to_str().unwrap();
        assert_eq!(writer(log), None);
        let mut child = Command::new("sleep")
            .arg("60")
            .stdout(Stdio::from(File::create(&path).unwrap()))
            .spawn()
            .unwrap();
        // Until it is a program of its own, a child has all that its parent has.
        assert_eq!(writer(log), Some(child.id()));
        assert_eq!(writer(&format!("{log}2")), None);
        std::fs::remove_file(&path).unwrap();
        assert_eq!(writer(log), Some(child.id()));
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(writer(log), None);
    }
}
