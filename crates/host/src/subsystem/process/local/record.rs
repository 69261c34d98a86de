//! The record of a process: its identity and the attributes it was started with.
//!
//! Process numbers are reused; with the start time and the boot, one is unique. The state is read from `/proc`. Signals
//! are left to the local target.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::super::Text;
use crate::local::reason::{why, why_io};
use crate::local::small_file;
use crate::place;
use evenkeel_model::Moment;

/// The version of the file format.
const VERSION: u32 = 1;
/// The longest record that is read.
const LONGEST: u64 = 4 * 1024 * 1024;

/// A process and the attributes it was started with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::subsystem::process) struct ProcessRecord {
    pub(in crate::subsystem::process) version: u32,
    pub(in crate::subsystem::process) pid: u32,
    /// Its start time in ticks since boot.
    pub(in crate::subsystem::process) ticks: u64,
    /// The kernel's random name of this boot.
    pub(in crate::subsystem::process) boot: String,
    pub(in crate::subsystem::process) since: Moment,
    pub(in crate::subsystem::process) started_as: BTreeMap<String, Text>,
}

impl ProcessRecord {
    /// Returns whether the recorded process runs. A zombie does not count.
    pub(in crate::subsystem::process) fn runs(&self) -> bool {
        boot().is_ok_and(|boot| boot == self.boot)
            && status(self.pid).is_some_and(|status| status.ticks == self.ticks && status.alive)
    }
}

/// The status of a process in `/proc`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::subsystem::process) struct Status {
    pub(in crate::subsystem::process) alive: bool,
    pub(in crate::subsystem::process) session: u32,
    pub(in crate::subsystem::process) ticks: u64,
}

/// Reads the status of a process; `None` when it does not exist.
pub(in crate::subsystem::process) fn status(pid: u32) -> Option<Status> {
    parse(&std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

/// Parses `/proc/<pid>/stat`: the name in brackets may contain any byte.
fn parse(stat: &str) -> Option<Status> {
    let (_, rest) = stat.rsplit_once(") ")?;
    let mut fields = rest.split(' ');
    let state = fields.next()?;
    // Parent, group, session; the start time is field 22, the state is field 3.
    let session = fields.nth(2)?.parse().ok()?;
    let ticks = fields.nth(15)?.parse().ok()?;
    Some(Status {
        alive: !matches!(state, "Z" | "X" | "x"),
        session,
        ticks,
    })
}

/// The kernel's random name of this boot.
pub(in crate::subsystem::process) fn boot() -> Result<String, String> {
    std::fs::read_to_string("/proc/sys/kernel/random/boot_id")
        .map(|text| text.trim().to_owned())
        .map_err(|error| format!("cannot read the boot ID: {}", why_io(&error)))
}

/// Returns the record of the calling process.
pub(in crate::subsystem::process) fn myself(
    since: Moment,
    started_as: BTreeMap<String, Text>,
) -> Result<ProcessRecord, String> {
    let pid = std::process::id();
    let status = status(pid).ok_or("cannot read `/proc/self/stat`: mount /proc")?;
    Ok(ProcessRecord {
        version: VERSION,
        pid,
        ticks: status.ticks,
        boot: boot()?,
        since,
        started_as,
    })
}

/// Reads a record; `None` when it is missing. The error is a reason for people.
pub(in crate::subsystem::process) fn read(path: &Path) -> Result<Option<ProcessRecord>, String> {
    let Some(text) = small_file::read(path, LONGEST)? else {
        return Ok(None);
    };
    match serde_json::from_slice::<ProcessRecord>(&text) {
        Ok(record) if record.version == VERSION => Ok(Some(record)),
        Ok(record) => Err(format!(
            "format version {} is not supported, expected {VERSION}: use a newer evenkeel",
            record.version
        )),
        Err(_) => Err(
            "the record is damaged: find its process, stop it, and remove the record".to_owned(),
        ),
    }
}

/// Writes a record durably and atomically.
pub(in crate::subsystem::process) fn write(
    path: &Path,
    record: &ProcessRecord,
) -> Result<(), String> {
    let text = serde_json::to_vec(record).map_err(|error| error.to_string())?;
    small_file::write(path, &text, 0o600)
}

/// Moves a record to another path in the same directory, durably, if it is unchanged. A record at the new path is
/// replaced.
pub(in crate::subsystem::process) fn rename(
    from: &Path,
    to: &Path,
    record: &ProcessRecord,
) -> Result<(), String> {
    let (parent, name) = place::split(from).map_err(|obstacle| obstacle.to_string())?;
    let (to_parent, to_name) = place::split(to).map_err(|obstacle| obstacle.to_string())?;
    if read(from)?.as_ref() != Some(record) {
        return Err("the record was replaced meanwhile".to_owned());
    }
    let parent = place::open_directory(&parent).map_err(|obstacle| obstacle.to_string())?;
    let to_parent = place::open_directory(&to_parent).map_err(|obstacle| obstacle.to_string())?;
    rustix::fs::renameat(&parent, &name, &to_parent, &to_name).map_err(why)?;
    for directory in [&to_parent, &parent] {
        place::reopen(directory)
            .and_then(rustix::fs::fsync)
            .map_err(why)?;
    }
    Ok(())
}

/// Removes a record if it is unchanged.
pub(in crate::subsystem::process) fn remove(
    path: &Path,
    record: &ProcessRecord,
) -> Result<(), String> {
    if read(path)?.as_ref() != Some(record) {
        return Ok(());
    }
    small_file::remove(path)
}

#[cfg(test)]
mod tests {
    use super::{myself, parse};
    use evenkeel_model::Moment;
    use std::collections::BTreeMap;

    #[test]
    fn a_name_with_brackets_and_spaces_is_skipped() {
        let stat = "12 (a) Z 9 (b) S 1 12 10 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 777 9 9";
        let status = parse(stat).unwrap();
        assert!(status.alive);
        assert_eq!((status.session, status.ticks), (10, 777));
        assert!(
            !parse("1 (x) Z 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 5 0")
                .unwrap()
                .alive
        );
    }

    #[test]
    fn a_process_matches_only_its_own_start_time() {
        let mut record = myself(Moment::from_millisecond(0), BTreeMap::new()).unwrap();
        assert!(record.runs());
        record.ticks += 1;
        assert!(!record.runs());
    }
}
