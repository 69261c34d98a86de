//! Stops a process and removes its record.

use std::path::Path;
use std::time::Duration;

use super::super::{Running, Stop};
use super::record::{self, ProcessRecord};
use super::session;
use crate::local::failed;
use crate::port::Outcome;
use crate::{ActionError, Interruption, Performed};

pub(super) fn stop(wanted: &Stop, interruption: &Interruption) -> Outcome {
    let (path, within, expected) = (
        wanted.record.as_str(),
        wanted.stop_within,
        wanted.expected.as_ref(),
    );
    if interruption.is_set() {
        return Err(ActionError::Interrupted);
    }
    let found = read(path)?;
    let Some(process) = found else {
        return Ok(already_so());
    };
    if !process.runs() {
        session::end(&process, Duration::from_millis(within))
            .map_err(|reason| failed("stop", path, reason))?;
        forget(path, &process)?;
        return Ok(already_so());
    }
    if !is(expected, Some(&process)) {
        return Err(changed(path, expected, Some(&process)));
    }
    let note = session::end(&process, Duration::from_millis(within))
        .map_err(|reason| failed("stop", path, reason))?;
    forget(path, &process)?;
    Ok(Performed { note: Some(note) })
}

fn already_so() -> Performed {
    Performed {
        note: Some("already so".to_owned()),
    }
}

/// Reads the record at a path.
pub(super) fn read(path: &str) -> Result<Option<ProcessRecord>, ActionError> {
    record::read(Path::new(path)).map_err(|reason| failed("read", path, reason))
}

/// Removes the record of a process that has ended.
pub(super) fn forget(path: &str, process: &ProcessRecord) -> Result<(), ActionError> {
    record::remove(Path::new(path), process).map_err(|reason| failed("remove", path, reason))
}

/// Returns whether the running process is the expected one.
pub(super) fn is(expected: Option<&Running>, found: Option<&ProcessRecord>) -> bool {
    match (expected, found) {
        (None, None) => true,
        (Some(expected), Some(found)) => expected.pid == found.pid && expected.ticks == found.ticks,
        _ => false,
    }
}

/// Returns the error for an unexpected process.
pub(super) fn changed(
    path: &str,
    expected: Option<&Running>,
    found: Option<&ProcessRecord>,
) -> ActionError {
    let words = |pid: Option<u32>, since| match (pid, since) {
        (Some(pid), Some(since)) => format!("process {pid}, started {since}"),
        _ => "no process".to_owned(),
    };
    ActionError::Changed {
        path: path.to_owned(),
        expected: words(
            expected.map(|each| each.pid),
            expected.map(|each| each.since),
        ),
        found: words(found.map(|each| each.pid), found.map(|each| each.since)),
    }
}
