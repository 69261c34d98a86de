//! Brings a unit to a state, and judges by reading it back.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::super::{RELOAD_ON, RESTART_ON, Renewal, SetUnit, UnitState, outdated};
use super::directories::Directories;
use super::record::{self, UnitRecord};
use super::show::{Shown, show, systemctl};
use super::state;
use crate::local::{Work, failed, small_file};
use crate::port::Outcome;
use crate::subsystem::process::local::ready;
use crate::{ActionError, Performed};
use evenkeel_model::duration::phrase;
use evenkeel_model::text::inert;

/// The time limit of a change that starts or stops nothing. Scripts for older service managers may take part.
const CHANGE: Duration = Duration::from_mins(1);
/// The time limit of a stop, besides the unit's own limit.
const STOP: Duration = Duration::from_mins(2);
/// The time that a unit without a readiness check must run to count as started.
const TRIAL: Duration = Duration::from_millis(500);
/// The time for which a unit must be ready after a reload. nginx ends its former processes 100 ms after it started the new ones.
const HANDOVER: Duration = Duration::from_millis(400);
/// The time limit of one readiness check.
const PATIENCE: Duration = Duration::from_secs(2);

/// The number of reloads of the service manager that began.
static BEGUN: AtomicU64 = AtomicU64::new(0);
/// The number of the last one that succeeded. Held while one runs.
static RELOADED: Mutex<u64> = Mutex::new(0);

/// Lets the service manager read its files again. A reload takes a while and stops everything else, so one that begins
/// after the request of several actions serves them all.
pub(crate) fn reload() -> Result<(), String> {
    let requested = BEGUN.load(Ordering::SeqCst);
    let mut reloaded = RELOADED.lock().unwrap_or_else(PoisonError::into_inner);
    if *reloaded > requested {
        return Ok(());
    }
    let number = BEGUN.fetch_add(1, Ordering::SeqCst) + 1;
    systemctl(&["daemon-reload"], &[], CHANGE)?.succeeded()?;
    *reloaded = number;
    Ok(())
}

/// A unit while it is changed.
struct Change<'a> {
    wanted: &'a SetUnit,
    shown: Shown,
    found: UnitState,
    /// Whether nothing was changed since it was read.
    is_fresh: bool,
    notes: Vec<String>,
}

pub(super) fn set(work: &Work<'_>, wanted: &SetUnit) -> Outcome {
    if work.interruption.is_set() {
        return Err(ActionError::Interrupted);
    }
    let (shown, found) = look(wanted)?;
    let summary = found.summary();
    if wanted.refuses(summary) {
        return Err(ActionError::Changed {
            path: wanted.unit.clone(),
            expected: wanted.expected.words(),
            found: summary.words(),
        });
    }
    let mut change = Change {
        wanted,
        shown,
        found,
        is_fresh: true,
        notes: Vec::new(),
    };
    change.load()?;
    change.perform()?;
    let note = if change.notes.is_empty() {
        "already so".to_owned()
    } else {
        change.notes.join(", ")
    };
    Ok(Performed { note: Some(note) })
}

/// Reads the unit, its files and its record.
fn look(wanted: &SetUnit) -> Result<(Shown, UnitState), ActionError> {
    let read = || -> Result<(Shown, UnitState), String> {
        let shown = show(&[&wanted.unit])?.pop().unwrap_or_default();
        let state = state(&wanted.record, None, &shown, &Directories::read())?;
        Ok((shown, state))
    };
    read().map_err(|reason| failed("read", &wanted.unit, reason))
}

impl Change<'_> {
    fn failed(&self, operation: &str, reason: impl Into<String>) -> ActionError {
        failed(operation, &self.wanted.unit, reason)
    }

    fn look(&mut self) -> Result<(), ActionError> {
        (self.shown, self.found) = look(self.wanted)?;
        self.is_fresh = true;
        Ok(())
    }

    /// Runs `systemctl` for the unit.
    fn run(&mut self, arguments: &[&str], limit: Duration) -> Result<(), ActionError> {
        self.is_fresh = false;
        let operation = arguments.first().copied().unwrap_or_default();
        systemctl(arguments, &[&self.wanted.unit], limit)
            .and_then(|ran| ran.succeeded().map(drop))
            .map_err(|reason| self.failed(operation, reason))
    }

    /// Lets the service manager read its files again, if it has not yet read those of this unit.
    fn load(&mut self) -> Result<(), ActionError> {
        if self.found.is_loaded && self.found.exists() {
            return Ok(());
        }
        if !self.found.is_loaded {
            self.notes.push("reloaded the service manager".to_owned());
        }
        self.reload()
    }

    fn reload(&mut self) -> Result<(), ActionError> {
        reload().map_err(|reason| self.failed("daemon-reload", reason))?;
        self.look()
    }

    fn perform(&mut self) -> Result<(), ActionError> {
        let wanted = self.wanted;
        if wanted.masked == Some(true) && !self.found.is_masked() {
            self.run(&["mask", "--no-reload"], CHANGE)?;
            self.notes.push("masked".to_owned());
            self.reload()?;
        }
        if wanted.masked == Some(false) && self.found.is_masked() {
            self.run(&["unmask", "--no-reload"], CHANGE)?;
            self.run(&["unmask", "--no-reload", "--runtime"], CHANGE)?;
            self.notes.push("unmasked".to_owned());
            self.reload()?;
        }
        if !self.found.exists() {
            if wanted.enabled == Some(true) || wanted.running == Some(true) {
                return Err(self.failed(
                    "find",
                    "there is no such unit: install its package or declare its unit file, and name that resource in `after`",
                ));
            }
            return self.keep(None);
        }
        if let (Some(enabled), false) = (wanted.enabled, self.found.is_masked())
            && !self.found.is_enabled_as(enabled)
        {
            self.enable(enabled)?;
        }
        match wanted.running {
            Some(true) => self.start()?,
            Some(false) => self.stop()?,
            None => {}
        }
        if wanted.started_as.is_none() {
            self.keep(None)?;
        }
        self.judge()
    }

    fn enable(&mut self, enabled: bool) -> Result<(), ActionError> {
        let (arguments, note): (&[&str], _) = match (enabled, self.found.enabled.as_str()) {
            (true, _) => (&["enable", "--no-reload"], "enabled"),
            (false, "enabled-runtime") => (&["disable", "--no-reload", "--runtime"], "disabled"),
            (false, _) => (&["disable", "--no-reload"], "disabled"),
        };
        self.run(arguments, CHANGE)?;
        self.notes.push(note.to_owned());
        // Until then, the service manager shows the former state.
        self.reload()
    }

    fn stop(&mut self) -> Result<(), ActionError> {
        if !matches!(self.found.active.as_str(), "inactive" | "failed") {
            self.run(&["stop"], STOP)?;
            self.notes.push("stopped".to_owned());
            self.look()?;
        }
        // A stop can fail as well, and leaves a unit that counts as failed.
        if self.found.has_failed() {
            self.forget_failure()?;
            self.look()?;
        }
        Ok(())
    }

    fn forget_failure(&mut self) -> Result<(), ActionError> {
        self.run(&["reset-failed"], CHANGE)?;
        self.notes.push("reset its failure".to_owned());
        Ok(())
    }

    fn start(&mut self) -> Result<(), ActionError> {
        let wanted = self.wanted;
        let empty = BTreeMap::new();
        let declared = wanted.started_as.as_ref().unwrap_or(&empty);
        let found = self.found.started_as.as_ref();
        let must_restart = wanted.renewal == Renewal::Restart
            || !self.found.is_current
            || !outdated(declared, found, RESTART_ON).is_empty();
        let must_reload =
            wanted.renewal == Renewal::Reload || !outdated(declared, found, RELOAD_ON).is_empty();
        let operation = if !self.found.is_running() {
            if self.found.has_failed() {
                // A unit that failed too often is not started again before.
                self.forget_failure()?;
            }
            "start"
        } else if must_restart {
            "restart"
        } else if must_reload {
            if !self.shown.flag("CanReload") {
                return Err(self.failed(
                    "reload",
                    "the unit cannot be reloaded (no `ExecReload=`): use `restart-on` in place of `reload-on`",
                ));
            }
            "reload"
        } else {
            self.wait(operation_of_none(), None)?;
            return self.keep_run();
        };
        let before = self.shown.get("InvocationID").to_owned();
        if operation == "reload" {
            // Only a client that waits learns that it failed.
            self.run(&["reload"], STOP)?;
        } else {
            self.run(&[operation, "--no-block"], CHANGE)?;
        }
        let former = Some(before.clone()).filter(|_| operation == "restart");
        let waited = self.wait(operation, former);
        if waited.is_err() && self.was_refused(&before) {
            // The stop of a restart is done by now.
            self.forget_failure()?;
            self.run(&["start", "--no-block"], CHANGE)?;
            self.wait(operation, None)?;
        } else {
            waited?;
        }
        self.notes.push(
            match operation {
                "start" => "started",
                "restart" => "restarted",
                _ => "reloaded",
            }
            .to_owned(),
        );
        self.keep_run()
    }

    /// Whether the service manager started nothing, since the unit was started too often in a short time. The limit is meant
    /// for units that end again and again, not for changes in a row.
    fn was_refused(&self, before: &str) -> bool {
        self.shown.get("Result") == "start-limit-hit" && self.shown.get("InvocationID") == before
    }

    /// Waits until the unit runs, and keeps running or answers its check.
    fn wait(&mut self, operation: &str, before: Option<String>) -> Result<(), ActionError> {
        let within = Duration::from_millis(self.wanted.within);
        let begun = Instant::now();
        let mut starting = Instant::now();
        let mut pause = Duration::from_millis(10);
        loop {
            if !self.is_fresh {
                self.look()?;
            }
            let has_job = !matches!(self.shown.get("Job"), "" | "0");
            let is_former = before
                .as_deref()
                .is_some_and(|before| before == self.shown.get("InvocationID"));
            if !has_job {
                if self.found.is_running() && !is_former {
                    break;
                }
                if self.found.active != "deactivating" && !is_former || self.found.has_failed() {
                    return Err(self.failed(operation, self.why_not()));
                }
            }
            // The unit's own limit applies to what is stopped first.
            if self.found.active == "deactivating" && begun.elapsed() < STOP {
                starting = Instant::now();
            }
            if starting.elapsed() >= within {
                return Err(self.failed(
                    operation,
                    format!(
                        "it is {} after {}; see `journalctl --unit {}`",
                        inert(&self.found.words()),
                        phrase(within),
                        inert(&self.wanted.unit)
                    ),
                ));
            }
            std::thread::sleep(pause);
            self.is_fresh = false;
            pause = (pause * 3 / 2).min(Duration::from_millis(200));
        }
        self.try_out(operation)
    }

    /// Looks again: a unit that ends at once counted as started for a moment.
    fn try_out(&mut self, operation: &str) -> Result<(), ActionError> {
        let invocation = self.shown.get("InvocationID").to_owned();
        let check = self.wanted.ready.as_ref();
        let limit = match check {
            Some(_) => Duration::from_millis(self.wanted.ready_within),
            None if operation == operation_of_none() => Duration::ZERO,
            None => TRIAL,
        };
        let begun = Instant::now();
        let mut answered: Option<Instant> = None;
        loop {
            if check.is_none() && !limit.is_zero() {
                std::thread::sleep(TRIAL / 2);
            }
            let left = limit.saturating_sub(begun.elapsed());
            let answer = check
                .map(|check| ready::ask(check, left.clamp(Duration::from_millis(50), PATIENCE)));
            // Read after the answer: another program may have given it.
            if check.is_some() || !limit.is_zero() {
                self.look()?;
            }
            if !self.found.is_running() || self.shown.get("InvocationID") != invocation {
                return Err(self.failed(
                    operation,
                    format!("it started and ended: {}", self.why_not()),
                ));
            }
            match answer {
                // While a server reloads, its former and its new processes answer in turn.
                Some(Ok(())) => {
                    let answered = *answered.get_or_insert_with(Instant::now);
                    if operation != "reload" || answered.elapsed() >= HANDOVER {
                        return Ok(());
                    }
                    std::thread::sleep(HANDOVER / 10);
                }
                Some(Err(reason)) if left.is_zero() => {
                    return Err(self.failed(
                        operation,
                        format!("it was not ready after {}: {reason}", phrase(limit)),
                    ));
                }
                None if left.is_zero() => return Ok(()),
                Some(Err(_)) => {
                    answered = None;
                    std::thread::sleep(Duration::from_millis(100).min(left));
                }
                None => {}
            }
        }
    }

    /// Tells why it does not run.
    fn why_not(&self) -> String {
        let shown = |name: &str| inert(self.shown.get(name)).into_owned();
        let mut parts = vec![inert(&self.found.words()).into_owned()];
        if !matches!(self.found.load.as_str(), "loaded") {
            parts.push(format!("{} {}", shown("LoadState"), shown("LoadError")));
        }
        if self.shown.get("ExecMainCode") == "1" || self.shown.get("ExecMainStatus") != "0" {
            let status = shown("ExecMainStatus");
            if !status.is_empty() {
                parts.push(match self.shown.get("ExecMainCode") {
                    "2" | "3" => format!("killed by signal {status}"),
                    _ => format!("exit status {status}"),
                });
            }
        }
        // A unit that nothing uses is unloaded, and has no result then.
        let is_checked = !self.shown.get("ConditionTimestamp").is_empty();
        if is_checked
            && self.shown.get("ConditionResult") == "no"
            && self.found.active == "inactive"
        {
            parts.push("a condition of the unit does not hold".to_owned());
        }
        if self.shown.get("Type") == "oneshot" && self.found.active == "inactive" {
            parts.push(
                "a oneshot unit ends after its work: declare `running = false`, or set `RemainAfterExit=yes` in it"
                    .to_owned(),
            );
        }
        parts.push(format!(
            "see `journalctl --unit {}`",
            inert(&self.wanted.unit)
        ));
        parts.join("; ")
    }

    /// Keeps a record of the run.
    fn keep_run(&self) -> Result<(), ActionError> {
        let files = Directories::read()
            .files_of(&self.shown)
            .digest()
            .map_err(|reason| self.failed("read", reason))?;
        let record = UnitRecord::new(
            &self.wanted.unit,
            self.shown.get("InvocationID"),
            files,
            self.wanted.started_as.clone().unwrap_or_default(),
        );
        self.keep(Some(&record))
    }

    fn keep(&self, record: Option<&UnitRecord>) -> Result<(), ActionError> {
        let path = Path::new(&self.wanted.record);
        match record {
            Some(record) => record::write(path, record),
            None => small_file::remove(path),
        }
        .map_err(|reason| failed("write", path, reason))
    }

    /// Reads the result back.
    fn judge(&mut self) -> Result<(), ActionError> {
        if !self.is_fresh {
            self.look()?;
        }
        let found = &self.found;
        let wanted = self.wanted;
        let is_so = wanted
            .masked
            .is_none_or(|masked| masked == found.is_masked())
            && (wanted.masked == Some(true)
                || wanted
                    .enabled
                    .is_none_or(|enabled| found.is_enabled_as(enabled)))
            && wanted
                .running
                .is_none_or(|running| running == found.is_running());
        if !is_so {
            return Err(self.failed(
                "read back",
                format!(
                    "it is {} ({}) after all steps",
                    inert(&found.words()),
                    inert(&found.enabled)
                ),
            ));
        }
        let strange: Vec<String> = match &wanted.drop_ins {
            Some(permitted) => found
                .drop_ins
                .iter()
                .filter(|path| !permitted.contains(path))
                .map(|path| inert(path).into_owned())
                .collect(),
            None => Vec::new(),
        };
        if strange.is_empty() {
            return Ok(());
        }
        Err(self.failed(
            "read back",
            format!(
                "undeclared drop-in {}: remove it, or list it in `drop-ins`",
                strange.join(", ")
            ),
        ))
    }
}

/// The operation in messages about a unit that already runs.
fn operation_of_none() -> &'static str {
    "check"
}
