//! The local part: reads `/proc/sys` and the files once per batch, and changes both.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{ErrorKind, Read as _, Write as _};
use std::path::Path;

use super::files::{DIRECTORIES, Files, live_path, normal, own_path};
use super::{Answer, DropSysctl, Query, SetSysctl, SysctlFound, judge};
use crate::local::reason::why_io;
use crate::local::replace::{LONGEST, NotReplaced, read, replace};
use crate::local::{Found, Local, LocalTarget, Work, failed, unreadable};
use crate::port::Outcome;
use crate::subsystem::Action;
use crate::{ActionError, Performed};
use evenkeel_model::text::inert;

/// The file that `sysctl --system` reads last, where systemd does not set the values at boot.
const LAST: &str = "/etc/sysctl.conf";
/// What sets the values at boot on a host with systemd: it reads the last file only through a link.
const SYSTEMD: [&str; 2] = [
    "/usr/lib/systemd/systemd-sysctl",
    "/lib/systemd/systemd-sysctl",
];

impl Local for Query {
    fn observe(_: &LocalTarget, asked: &[(usize, &Self)], found: Found<'_>) {
        if asked.is_empty() {
            return;
        }
        let files = read_files();
        for (number, query) in asked {
            let answer = match &files {
                Ok(files) => look(&query.key, files).map_or_else(unreadable, crate::Answer::from),
                Err(reason) => unreadable(&**reason),
            };
            found(*number, answer);
        }
    }

    fn perform(work: &Work<'_>, actions: &[(usize, &Action)]) -> Vec<(usize, Outcome)> {
        actions
            .iter()
            .map(|(number, action)| {
                let outcome = if work.interruption.is_set() {
                    Err(ActionError::Interrupted)
                } else {
                    match action {
                        Action::SetSysctl(wanted) => set(wanted),
                        Action::DropSysctl(wanted) => remove(wanted),
                        other => Err(crate::local::broken(other)),
                    }
                };
                (*number, outcome)
            })
            .collect()
    }
}

/// Reads all files. One that cannot be read makes every value at boot unknown.
fn read_files() -> Result<Files, String> {
    let mut files = Files::default();
    let mut seen = BTreeSet::new();
    for directory in DIRECTORIES {
        let entries = match fs::read_dir(directory) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            Err(error) => return Err(format!("`{directory}`: {}", why_io(&error))),
        };
        // One directory may be a link to another.
        let real = fs::canonicalize(directory).map_err(|error| why_io(&error))?;
        if !seen.insert(real) {
            continue;
        }
        for entry in entries {
            let entry = entry.map_err(|error| format!("`{directory}`: {}", why_io(&error)))?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if !name.ends_with(".conf") || name.starts_with('.') {
                continue;
            }
            let path = format!("{directory}/{name}");
            // A link to `/dev/null` hides files with its name.
            let text = text(&path)?.unwrap_or_default();
            files.add(&name, path, text);
        }
    }
    if !SYSTEMD.iter().any(|program| Path::new(program).exists())
        && let Some(text) = text(LAST)?
    {
        files.set_last(LAST.to_owned(), text);
    }
    Ok(files)
}

/// Reads a file as text, through links as at boot; `None` when it is missing.
fn text(path: &str) -> Result<Option<String>, String> {
    let shown = |error: &std::io::Error| format!("`{path}`: {}", why_io(error));
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(shown(&error)),
    };
    let mut bytes = Vec::new();
    file.take(LONGEST)
        .read_to_end(&mut bytes)
        .map_err(|error| shown(&error))?;
    Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
}

fn look(key: &str, files: &Files) -> Result<Answer, String> {
    let own = read(Path::new(&own_path(key)))?.map(|bytes| shown(&bytes));
    let boot = files.boot(key).map(|mut boot| {
        boot.value = inert(&boot.value).into_owned();
        boot.file = inert(&boot.file).into_owned();
        boot
    });
    Ok(Answer {
        found: SysctlFound {
            live: live(key)?,
            own,
        },
        boot,
    })
}

/// Returns the content of a file, safe to print.
fn shown(bytes: &[u8]) -> String {
    inert(&String::from_utf8_lossy(bytes)).into_owned()
}

/// Reads the current value; `None` if there is no such setting.
fn live(key: &str) -> Result<Option<String>, String> {
    let path = live_path(key);
    match text(&path)? {
        Some(value) => Ok(Some(inert(&normal(&value)).into_owned())),
        None if !Path::new("/proc/sys/kernel").is_dir() => {
            Err("`/proc/sys` is not mounted".to_owned())
        }
        None => Ok(None),
    }
}

fn set(wanted: &SetSysctl) -> Outcome {
    let refused = |reason: String| failed("set", &wanted.key, reason);
    let answer = look(&wanted.key, &read_files().map_err(refused)?).map_err(refused)?;
    let is_done = wanted.is_done(&answer.found);
    if !is_done {
        if answer.found != wanted.expected {
            return Err(wanted.changed(&answer.found));
        }
        let Some(before) = &answer.found.live else {
            return Err(refused(judge::unknown()));
        };
        if *before != wanted.value {
            write(wanted).map_err(refused)?;
        }
        let text = wanted.text();
        if answer.found.own.as_deref() != Some(&*text) {
            let path = own_path(&wanted.key);
            // The bytes themselves: what is shown of them may be escaped.
            let old = read(Path::new(&path)).map_err(refused)?;
            if old.as_deref().map(shown) != answer.found.own {
                return Err(wanted.changed(&answer.found));
            }
            replace(Path::new(&path), old.as_deref(), Some(text.as_bytes())).map_err(|not| {
                match not {
                    NotReplaced::Changed => wanted.changed(&answer.found),
                    NotReplaced::Failed(reason) => refused(reason),
                }
            })?;
        }
    }
    let after = look(&wanted.key, &read_files().map_err(refused)?).map_err(refused)?;
    if let Some(boot) = wanted.overridden(&after) {
        return Err(refused(judge::overridden(boot)));
    }
    Ok(Performed {
        note: is_done.then(|| "already so".to_owned()),
    })
}

/// Writes the current value, and reads it back.
fn write(wanted: &SetSysctl) -> Result<(), String> {
    let path = live_path(&wanted.key);
    let written = File::options()
        .write(true)
        .open(&path)
        .and_then(|mut file| file.write_all(format!("{}\n", wanted.value).as_bytes()));
    if let Err(error) = written {
        let reason = match error.kind() {
            ErrorKind::InvalidInput => {
                format!("the kernel does not accept `{}` as its value", wanted.value)
            }
            ErrorKind::ReadOnlyFilesystem => {
                "it is read-only here, as in most containers: set it on the machine itself"
                    .to_owned()
            }
            _ => why_io(&error),
        };
        return Err(format!("`{path}`: {reason}"));
    }
    match live(&wanted.key)? {
        Some(value) if value == wanted.value => Ok(()),
        Some(value) => Err(format!(
            "the kernel shows `{value}` after `{}` was written: declare the value that it shows",
            wanted.value
        )),
        None => Err(judge::unknown()),
    }
}

fn remove(wanted: &DropSysctl) -> Outcome {
    let path = own_path(&wanted.key);
    let refused = |reason: String| failed("remove", &path, reason);
    let found = read(Path::new(&path)).map_err(refused)?;
    let Some(bytes) = found else {
        return Ok(Performed {
            note: Some("already so".to_owned()),
        });
    };
    let shown = shown(&bytes);
    if wanted.expected.as_deref() != Some(&*shown) {
        return Err(wanted.changed(Some(&shown)));
    }
    replace(Path::new(&path), Some(&bytes), None).map_err(|not| match not {
        NotReplaced::Changed => wanted.changed(Some(&shown)),
        NotReplaced::Failed(reason) => refused(reason),
    })?;
    Ok(Performed {
        note: Some("the current value is unchanged".to_owned()),
    })
}
