//! The local part: writes unit files, and runs `systemctl`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{Answer, DIRECTORY, DropTimer, MARK, Query, SetTimer, TimerState};
use crate::local::tool::Tool;
use crate::local::{Found, Local, LocalTarget, Work, each, failed, small_file, unreadable};
use crate::port::Outcome;
use crate::subsystem::Action;
use crate::subsystem::unit::local::directories::Directories;
use crate::subsystem::unit::local::set::reload;
use crate::subsystem::unit::local::show::{Shown, show, systemctl};
use crate::{ActionError, Performed};
use evenkeel_model::Digest;
use evenkeel_model::text::inert;

/// The time limit of one change.
const CHANGE: Duration = Duration::from_mins(1);
/// The suffix of the unit that has the times.
const TIMER: &str = ".timer";
/// The suffix of the unit that it starts.
const SERVICE: &str = ".service";
/// The longest unit file that is read.
const LONGEST: u64 = 1024 * 1024;

impl Local for Query {
    fn observe(_: &LocalTarget, asked: &[(usize, &Self)], found: Found<'_>) {
        let names: Vec<&str> = asked.iter().map(|(_, query)| query.name.as_str()).collect();
        match look(&names) {
            Ok(states) => {
                for ((number, query), state) in asked.iter().zip(states) {
                    found(
                        *number,
                        match state {
                            Ok(state) => Answer { state }.into(),
                            Err(reason) => unreadable(about(&query.name, &reason)),
                        },
                    );
                }
            }
            Err(reason) => {
                for (number, query) in asked {
                    found(*number, unreadable(about(&query.name, &reason)));
                }
            }
        }
    }

    fn perform(work: &Work<'_>, actions: &[(usize, &Action)]) -> Vec<(usize, Outcome)> {
        each(actions, |action| match action {
            _ if work.interruption.is_set() => Some(Err(ActionError::Interrupted)),
            Action::SetTimer(wanted) => Some(set(wanted)),
            Action::DropTimer(wanted) => Some(remove(wanted)),
            _ => None,
        })
    }
}

fn about(name: &str, reason: &str) -> String {
    format!("`{}.timer`: {reason}", inert(name))
}

fn path(name: &str, suffix: &str) -> PathBuf {
    Path::new(DIRECTORY).join(format!("{name}{suffix}"))
}

/// Reads timers, with one start of a program.
fn look(names: &[&str]) -> Result<Vec<Result<TimerState, String>>, String> {
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let units: Vec<String> = names
        .iter()
        .flat_map(|name| [format!("{name}.timer"), format!("{name}.service")])
        .collect();
    let units: Vec<&str> = units.iter().map(String::as_str).collect();
    let shown = show(&units)?;
    let directories = Directories::read();
    Ok(names
        .iter()
        .zip(shown.chunks_exact(2))
        .map(|(name, shown)| match shown {
            [timer, service] => state(name, timer, service, &directories),
            _ => Err("`systemctl show` described another unit".to_owned()),
        })
        .collect())
}

fn state(
    name: &str,
    timer: &Shown,
    service: &Shown,
    directories: &Directories,
) -> Result<TimerState, String> {
    let read = |suffix: &str| {
        let path = path(name, suffix);
        small_file::read(&path, LONGEST).map_err(|reason| format!("`{}`: {reason}", path.display()))
    };
    let (service_file, timer_file) = (read(SERVICE)?, read(TIMER)?);
    let is_own = |text: &Option<Vec<u8>>| {
        text.as_ref()
            .is_none_or(|text| text.starts_with(MARK.as_bytes()))
    };
    let files = [timer, service].map(|shown| directories.files_of(shown));
    Ok(TimerState {
        is_own: is_own(&service_file) && is_own(&timer_file),
        is_loaded: files.iter().all(|files| files.are_loaded)
            && [timer, service]
                .iter()
                .all(|shown| shown.get("NeedDaemonReload") != "yes"),
        is_enabled: timer.get("UnitFileState") == "enabled",
        is_active: timer.get("ActiveState") == "active",
        // While the service runs, the next time is not computed yet. The times themselves change with every run.
        has_next: matches!(timer.get("SubState"), "waiting" | "running"),
        result: service.get("Result").to_owned(),
        has_failed: service.get("ActiveState") == "failed",
        drop_ins: files
            .iter()
            .flat_map(|files| files.drop_ins.iter().cloned())
            .collect(),
        service: service_file.map(|text| Digest::of(&text)),
        timer: timer_file.map(|text| Digest::of(&text)),
    })
}

/// A timer while it is changed.
struct Change<'a> {
    name: &'a str,
    notes: Vec<&'static str>,
}

impl Change<'_> {
    fn failed(&self, operation: &str, reason: impl Into<String>) -> ActionError {
        failed(operation, format!("{}.timer", self.name), reason)
    }

    fn look(&self) -> Result<TimerState, ActionError> {
        look(&[self.name])
            .and_then(|states| {
                states
                    .into_iter()
                    .next()
                    .unwrap_or_else(|| Err(String::new()))
            })
            .map_err(|reason| self.failed("read", reason))
    }

    fn run(
        &mut self,
        arguments: &[&str],
        suffix: &str,
        note: &'static str,
    ) -> Result<(), ActionError> {
        let operation = arguments.first().copied().unwrap_or_default();
        let unit = format!("{}{suffix}", self.name);
        systemctl(arguments, &[&unit], CHANGE)
            .and_then(|ran| ran.succeeded().map(drop))
            .map_err(|reason| self.failed(operation, reason))?;
        self.notes.push(note);
        Ok(())
    }

    fn reload(&self) -> Result<(), ActionError> {
        reload().map_err(|reason| self.failed("daemon-reload", reason))
    }

    fn done(self) -> Performed {
        Performed {
            note: Some(if self.notes.is_empty() {
                "already so".to_owned()
            } else {
                self.notes.join(", ")
            }),
        }
    }

    fn refuse_foreign(&self, found: &TimerState) -> Result<(), ActionError> {
        if found.is_own {
            return Ok(());
        }
        Err(self.failed(
            "write",
            format!(
                "`{DIRECTORY}/{0}.timer` or `{0}.service` exists and evenkeel did not write it: remove it, or declare another `unit`",
                inert(self.name)
            ),
        ))
    }
}

fn set(wanted: &SetTimer) -> Outcome {
    let mut change = Change {
        name: &wanted.name,
        notes: Vec::new(),
    };
    let found = change.look()?;
    if wanted.refuses(found.files()) {
        return Err(ActionError::Changed {
            path: format!("{}.timer", wanted.name),
            expected: wanted.expected.words(),
            found: found.files().words(),
        });
    }
    change.refuse_foreign(&found)?;
    if !wanted.calendars.is_empty() {
        let ran = Tool::new("systemd-analyze")
            .args(["calendar", "--"])
            .args(&wanted.calendars)
            .run();
        let checked = ran
            .map_err(|not_run| not_run.to_string())
            .and_then(|ran| ran.succeeded().map(drop));
        checked.map_err(|reason| change.failed("check the calendar of", reason))?;
    }
    let files = wanted.files();
    let mut is_written = false;
    for (suffix, text, found, digest) in [
        (SERVICE, &wanted.service, found.service, files.service),
        (TIMER, &wanted.timer, found.timer, files.timer),
    ] {
        if found != digest {
            let path = path(&wanted.name, suffix);
            small_file::write(&path, text.as_bytes(), 0o644)
                .map_err(|reason| failed("write", &path, reason))?;
            is_written = true;
        }
    }
    if is_written {
        change.notes.push("wrote the unit files");
    }
    if is_written || !found.is_loaded {
        change.reload()?;
    }
    let now = change.look()?;
    if !now.is_enabled {
        change.run(&["enable", "--no-reload"], TIMER, "enabled")?;
        change.reload()?;
    }
    if now.has_failed {
        change.run(
            &["reset-failed"],
            SERVICE,
            "reset the failure of its last run",
        )?;
    }
    if !now.is_active {
        change.run(&["start"], TIMER, "started")?;
    } else if found.timer != files.timer {
        // An active timer keeps its former times.
        change.run(&["restart"], TIMER, "restarted")?;
    }
    let now = change.look()?;
    if now.files() != files || !now.is_enabled || !now.is_active {
        return Err(change.failed("read back", "it is not enabled and active after all steps"));
    }
    if !wanted.calendars.is_empty() && !now.has_next {
        return Err(change.failed("read back", "none of its times is in the future"));
    }
    if !now.drop_ins.is_empty() {
        let paths: Vec<String> = now
            .drop_ins
            .iter()
            .map(|path| inert(path).into_owned())
            .collect();
        return Err(change.failed(
            "read back",
            format!("undeclared drop-in {}: remove it", paths.join(", ")),
        ));
    }
    Ok(change.done())
}

fn remove(wanted: &DropTimer) -> Outcome {
    let mut change = Change {
        name: &wanted.name,
        notes: Vec::new(),
    };
    let found = change.look()?;
    if wanted.refuses(found.files()) {
        return Err(ActionError::Changed {
            path: format!("{}.timer", wanted.name),
            expected: wanted.expected.words(),
            found: found.files().words(),
        });
    }
    change.refuse_foreign(&found)?;
    if found.is_active {
        change.run(&["stop"], TIMER, "stopped")?;
    }
    if found.is_enabled {
        change.run(&["disable", "--no-reload"], TIMER, "disabled")?;
    }
    if found.has_failed {
        change.run(
            &["reset-failed"],
            SERVICE,
            "reset the failure of its last run",
        )?;
    }
    // The timer first: without its service it would be left with nothing to start.
    for suffix in [TIMER, SERVICE] {
        let path = path(&wanted.name, suffix);
        small_file::remove(&path).map_err(|reason| failed("remove", &path, reason))?;
    }
    if found.exists() {
        change.notes.push("removed the unit files");
        change.reload()?;
    }
    Ok(change.done())
}
