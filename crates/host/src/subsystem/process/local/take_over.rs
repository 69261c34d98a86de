//! Moves a running process to another record and log file. The process is unaffected: it writes to its log through a
//! descriptor.

use std::path::Path;

use super::super::TakeOver;
use super::stop::{changed, is, read};
use super::{log, record};
use crate::local::failed;
use crate::port::Outcome;
use crate::{ActionError, Performed};

pub(super) fn take_over(wanted: &TakeOver) -> Outcome {
    let TakeOver {
        record: to,
        from,
        log,
        from_log,
        expected,
    } = wanted;
    let running = |path: &str| -> Result<_, ActionError> {
        Ok(read(path)?.filter(record::ProcessRecord::runs))
    };
    let there = running(to)?;
    if let Some(there) = &there {
        return if is(Some(expected), Some(there)) {
            Ok(Performed {
                note: Some("already so".to_owned()),
            })
        } else {
            Err(changed(to, None, Some(there)))
        };
    }
    let found = running(from)?;
    let Some(process) = found.filter(|found| is(Some(expected), Some(found))) else {
        return Err(changed(from, Some(expected), running(from)?.as_ref()));
    };
    // The log first: after a kill in between, the next run repeats both.
    let follows = log == from_log
        || log::rename(Path::new(from_log), Path::new(log))
            .map_err(|reason| failed("rename", from_log, reason))?;
    // The record of a process that has ended may be replaced.
    record::rename(Path::new(from), Path::new(to), &process)
        .map_err(|reason| failed("rename", from, reason))?;
    let note = format!("process {} keeps running", process.pid);
    Ok(Performed {
        note: Some(if follows {
            note
        } else {
            format!("{note} and writes to {from_log}: {log} already exists")
        }),
    })
}
