//! Starts a process and waits until it is ready; first stops the process it replaces.
//!
//! [`crate::launch`] creates the process and its record. A process that does not become ready is stopped again, so
//! every process left behind is ready.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Child;
use std::time::{Duration, Instant};

use super::super::launch::LaunchSpec;
use super::super::{Ready, Running, Start as Wanted, Text};
use super::log::Log;
use super::record::ProcessRecord;
use super::stop::{changed, forget, is, read};
use super::{ready, session, spawn, unrecorded};
use crate::local::{LocalTarget, Work, failed};
use crate::port::Outcome;
use crate::{ActionError, Interruption, Materials, Performed, place};
use evenkeel_model::duration::phrase;

/// The time limit of one readiness check.
const PATIENCE: Duration = Duration::from_secs(2);
/// The time that a process without a readiness check must run to count as started.
const TRIAL: Duration = Duration::from_millis(250);

/// The values that stay the same while one process is started.
struct Start<'a> {
    path: &'a str,
    check: Option<&'a Ready>,
    within: Duration,
    stop_within: Duration,
    interruption: &'a Interruption,
    log: Log,
}

/// The reason why the wait ended without a ready process.
enum Unready {
    Ended(String),
    Late(String),
    Interrupted,
}

pub(super) fn start(work: &Work<'_>, wanted: &Wanted) -> Outcome {
    let Wanted {
        record,
        log,
        command,
        environment,
        directory,
        ready,
        within,
        stop_within,
        started_as,
        expected,
    } = wanted;
    if work.interruption.is_set() {
        return Err(ActionError::Interrupted);
    }
    let (environment, secrets) = reveal(record, environment, work.materials)?;
    let start = Start {
        path: record,
        check: ready.as_ref(),
        within: Duration::from_millis(*within),
        stop_within: Duration::from_millis(*stop_within),
        interruption: work.interruption,
        log: Log::at_end_of(Path::new(log), secrets),
    };
    let spec = LaunchSpec {
        record: record.clone(),
        log: log.clone(),
        command: command.clone(),
        environment,
        directory: directory.clone(),
        started_as: started_as.clone(),
    };
    start.perform(work.target, &spec, expected.as_ref())
}

/// Returns the environment in plain text, and its secret values.
fn reveal(
    path: &str,
    environment: &BTreeMap<String, Text>,
    materials: &dyn Materials,
) -> Result<(BTreeMap<String, String>, Vec<String>), ActionError> {
    let mut plain = BTreeMap::new();
    let mut secrets = Vec::new();
    for (name, text) in environment {
        let value = match text {
            Text::Plain(value) => value.clone(),
            Text::Sealed(digest) => {
                let bytes = materials.content(digest);
                let secret = bytes.and_then(|bytes| String::from_utf8(bytes.to_vec()).ok());
                let secret = secret.ok_or_else(|| {
                    failed(
                        "start",
                        path,
                        format!("secret of variable `{name}` unavailable: plan again"),
                    )
                })?;
                secrets.push(secret.clone());
                secret
            }
        };
        plain.insert(name.clone(), value);
    }
    Ok((plain, secrets))
}

impl Start<'_> {
    fn failed(&self, reason: impl Into<String>) -> ActionError {
        failed("start", self.path, reason)
    }

    fn perform(
        &self,
        target: &LocalTarget,
        spec: &LaunchSpec,
        expected: Option<&Running>,
    ) -> Outcome {
        let recorded = read(self.path)?;
        let running = recorded.clone().filter(ProcessRecord::runs);
        if !is(expected, running.as_ref()) {
            return match running {
                // A run that was killed after it started this process.
                Some(process) if process.started_as == spec.started_as => {
                    match self.wait(&process, None, true) {
                        Ok(()) => Ok(Performed {
                            note: Some("already so".to_owned()),
                        }),
                        Err(Unready::Interrupted) => Err(ActionError::Interrupted),
                        Err(Unready::Ended(reason) | Unready::Late(reason)) => Err(self.failed(
                            format!("process {} already runs, but {reason}", process.pid),
                        )),
                    }
                }
                running => Err(changed(self.path, expected, running.as_ref())),
            };
        }
        let mut notes = Vec::new();
        if let Some(process) = &recorded {
            // Even after the process itself has ended, its children may still run.
            let note = session::end(process, self.stop_within)
                .map_err(|reason| failed("stop", self.path, reason))?;
            forget(self.path, process)?;
            if running.is_some() {
                notes.push(note);
            }
        }
        if recorded.is_none()
            && let Some(process) = unrecorded::writer(&spec.log, &spec.record)
        {
            return Err(self.failed(format!(
                "process {process} already writes to its log `{}` and has no record: restore the record or stop that process",
                spec.log
            )));
        }
        if let Some(address) = self.check.and_then(ready::taken) {
            return Err(self.failed(format!(
                "port in use: another program answers at {address}; stop it or declare another port"
            )));
        }
        for file in [&spec.record, &spec.log] {
            let made = place::split(Path::new(file))
                .and_then(|(parent, _)| place::make_directories(&parent, 0o700));
            made.map_err(|obstacle| self.failed(obstacle.to_string()))?;
        }
        let child = spawn::spawn(&target.launcher, spec)
            .map_err(|reason| self.failed(self.log.redact(&reason)))?;
        notes.push(self.bring_up(child, running.is_some())?);
        Ok(Performed {
            note: Some(notes.join(", ")),
        })
    }

    fn bring_up(&self, mut child: Child, replaced: bool) -> Result<String, ActionError> {
        let pid = child.id();
        let recorded = read(self.path)?.filter(|process| process.pid == pid);
        let Some(process) = recorded else {
            // It never became the program: only the launcher itself can be affected.
            let _ = child.kill();
            let _ = child.wait();
            return Err(
                self.failed("the launcher ended before it wrote the record: run this again")
            );
        };
        // The previous process was stopped: an interruption now would leave nothing running.
        let Err(unready) = self.wait(&process, Some(&mut child), !replaced) else {
            spawn::reap(child);
            return Ok(format!("started {pid}"));
        };
        let ended = session::end(&process, self.stop_within);
        spawn::reap(child);
        ended.map_err(|reason| failed("stop", self.path, reason))?;
        forget(self.path, &process)?;
        Err(match unready {
            Unready::Ended(reason) => self.failed(format!("{reason}{}", self.log.tail())),
            Unready::Late(reason) => {
                self.failed(format!("{reason}; stopped it{}", self.log.tail()))
            }
            Unready::Interrupted => ActionError::Interrupted,
        })
    }

    /// Waits until it is ready, ends or exceeds the limit. An interruption ends the wait too, where permitted.
    fn wait(
        &self,
        process: &ProcessRecord,
        mut child: Option<&mut Child>,
        may_be_interrupted: bool,
    ) -> Result<(), Unready> {
        let started = Instant::now();
        let mut pause = Duration::from_millis(20);
        loop {
            if may_be_interrupted && self.interruption.is_set() {
                return Err(Unready::Interrupted);
            }
            let left = self.within.saturating_sub(started.elapsed());
            let answer = match self.check {
                Some(check) => ready::ask(check, left.clamp(Duration::from_millis(50), PATIENCE)),
                None if started.elapsed() >= TRIAL.min(self.within) => Ok(()),
                None => Err(String::new()),
            };
            // Checked after the response: the process must still run, otherwise another program responded.
            if let Some(how) = ended(process, child.as_deref_mut()) {
                return Err(Unready::Ended(format!("it {how} before it became ready")));
            }
            match answer {
                Ok(()) => return Ok(()),
                Err(reason) if started.elapsed() >= self.within => {
                    return Err(Unready::Late(format!(
                        "it was not ready after {}: {reason}",
                        phrase(self.within)
                    )));
                }
                Err(_) => {}
            }
            std::thread::sleep(pause.min(self.within.saturating_sub(started.elapsed())));
            pause = (pause * 3 / 2).min(Duration::from_millis(200));
        }
    }
}

/// Returns how it ended, if it did.
fn ended(process: &ProcessRecord, child: Option<&mut Child>) -> Option<String> {
    use std::os::unix::process::ExitStatusExt as _;
    // In this order: the status of a process that ends in between is there when it no longer runs, not before.
    let runs = process.runs();
    if let Some(Ok(Some(status))) = child.map(Child::try_wait) {
        return Some(match (status.code(), status.signal()) {
            (Some(code), _) => format!("exited with status {code}"),
            (None, Some(signal)) => format!("was killed by signal {signal}"),
            (None, None) => "ended".to_owned(),
        });
    }
    (!runs).then(|| "ended".to_owned())
}
