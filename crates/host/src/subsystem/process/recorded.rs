//! The part of a target in memory: the same conditions and messages as on this machine.

use super::{Answer, ProcessState, Query, Running, Start, Stop, TakeOver, Text};
use crate::ActionError;
use crate::port::Outcome;
use crate::recorded::{Kit, Process, Recorded, RecordedHost, broken, changed, failed, noted};
use crate::subsystem::Action;
use evenkeel_model::Sealer;

impl Recorded for Query {
    fn answer(&self, host: &RecordedHost, _: &Sealer) -> crate::Answer {
        let state = match host.processes.get(&self.record) {
            None => ProcessState::Missing,
            Some(process) if !process.alive => ProcessState::Ended {
                started_as: process.started_as.clone(),
            },
            Some(process) => ProcessState::Running {
                pid: process.running.pid,
                ticks: process.running.ticks,
                ready: self.ready.as_ref().map(|_| process.ready),
                started_as: process.started_as.clone(),
                since: process.running.since,
            },
        };
        Answer { state }.into()
    }

    fn perform(action: &Action, host: &mut RecordedHost, kit: &Kit<'_>) -> Outcome {
        match action {
            Action::Start(wanted) => host.start(wanted, kit),
            Action::Stop(wanted) => host.stop(wanted),
            Action::TakeOver(wanted) => host.take_over(wanted),
            other => broken(other),
        }
    }
}

impl RecordedHost {
    fn start(&mut self, wanted: &Start, kit: &Kit<'_>) -> Outcome {
        let Start {
            record,
            environment,
            started_as,
            expected,
            ..
        } = wanted;
        for (name, text) in environment {
            if let Text::Sealed(digest) = text
                && kit.materials.content(digest).is_none()
            {
                return Err(failed(
                    record,
                    format!("secret of variable `{name}` unavailable: plan again"),
                ));
            }
        }
        let found = self.processes.get(record).filter(|process| process.alive);
        if !is(expected.as_ref(), found) {
            return match found {
                Some(process) if process.started_as == *started_as && process.ready => {
                    Ok(noted("already so"))
                }
                found => Err(process_changed(record, expected.as_ref(), found)),
            };
        }
        let stopped = found
            .map(|process| format!("stopped {}, ", process.running.pid))
            .unwrap_or_default();
        let since = self.now();
        let running = Running {
            pid: u32::try_from(1000 + self.ticks).unwrap_or(u32::MAX),
            ticks: self.ticks,
            since,
        };
        let process = Process {
            running,
            alive: true,
            ready: true,
            started_as: started_as.clone(),
        };
        self.processes.insert(record.clone(), process);
        Ok(noted(format!("{stopped}started {}", running.pid)))
    }

    fn stop(&mut self, wanted: &Stop) -> Outcome {
        let (record, expected) = (wanted.record.as_str(), wanted.expected.as_ref());
        let found = self.processes.get(record).filter(|process| process.alive);
        let Some(process) = found else {
            self.processes.remove(record);
            return Ok(noted("already so"));
        };
        if !is(expected, found) {
            return Err(process_changed(record, expected, found));
        }
        let note = format!("stopped {}", process.running.pid);
        self.processes.remove(record);
        Ok(noted(note))
    }
}

impl RecordedHost {
    fn take_over(&mut self, wanted: &TakeOver) -> Outcome {
        let expected = Some(&wanted.expected);
        let running = |path: &str| self.processes.get(path).filter(|process| process.alive);
        if let Some(there) = running(&wanted.record) {
            return if is(expected, Some(there)) {
                Ok(noted("already so"))
            } else {
                Err(process_changed(&wanted.record, None, Some(there)))
            };
        }
        let found = running(&wanted.from);
        let Some(process) = found.filter(|found| is(expected, Some(found))).cloned() else {
            return Err(process_changed(&wanted.from, expected, found));
        };
        let note = format!("process {} keeps running", process.running.pid);
        self.processes.remove(&wanted.from);
        self.processes.insert(wanted.record.clone(), process);
        Ok(noted(note))
    }
}

fn is(expected: Option<&Running>, found: Option<&Process>) -> bool {
    let identity = |running: &Running| (running.pid, running.ticks);
    expected.map(identity) == found.map(|process| identity(&process.running))
}

fn process_changed(
    record: &str,
    expected: Option<&Running>,
    found: Option<&Process>,
) -> ActionError {
    let words = |running: Option<&Running>| {
        running.map_or("no process".to_owned(), |running| {
            format!("process {}, started {}", running.pid, running.since)
        })
    };
    changed(
        record,
        words(expected),
        words(found.map(|process| &process.running)),
    )
}
