//! Looks at a process through its record.

use std::path::Path;
use std::time::Duration;

use super::observe::unreadable;
use super::ready;
use crate::{Answer, ProcessState, Ready, record};

/// How long a process has to answer when it is looked at.
const PROMPT: Duration = Duration::from_secs(2);

pub(super) fn observe(path: &Path, check: Option<&Ready>) -> Answer {
    let state = match record::read(path) {
        Err(reason) => return unreadable(format!("`{}`: {reason}", path.display())),
        Ok(None) => ProcessState::Missing,
        Ok(Some(record)) if !record.runs() => ProcessState::Ended {
            started_as: record.started_as,
        },
        Ok(Some(record)) => ProcessState::Running {
            pid: record.pid,
            ticks: record.ticks,
            ready: check.map(|check| ready::ask(check, PROMPT).is_ok()),
            started_as: record.started_as,
            since: record.since,
        },
    };
    Answer::Process { state }
}
