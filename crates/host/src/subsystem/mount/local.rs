//! The local part: reads the kernel's list and `/etc/fstab` once per batch, mounts with `mount`, and edits `/etc/fstab`.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::judge::{Lack, ambiguous, changed};
use super::options::without_password;
use super::table::{Mount, all, edited, lines_for, mounts};
use super::{Answer, DropMount, MountFound, MountSource, Query, SetMount};
use crate::local::reason::why_io;
use crate::local::replace::{NotReplaced, read, replace};
use crate::local::tool::Tool;
use crate::local::{Found, Local, LocalTarget, Work, failed, unreadable};
use crate::port::Outcome;
use crate::subsystem::Action;
use crate::{ActionError, Performed};
use evenkeel_model::text::inert;

/// The table of what is mounted at boot.
const TABLE: &str = "/etc/fstab";
/// The kernel's list for this process.
const LIST: &str = "/proc/self/mountinfo";

impl Local for Query {
    fn observe(_: &LocalTarget, asked: &[(usize, &Self)], found: Found<'_>) {
        if asked.is_empty() {
            return;
        }
        let state = State::read();
        for (number, query) in asked {
            found(
                *number,
                match &state {
                    Ok(state) => state.look(&query.path, &query.wanted).into(),
                    Err(reason) => unreadable(&**reason),
                },
            );
        }
    }

    // One after the other: a mount may lie below another one, and all share one table.
    fn perform(work: &Work<'_>, actions: &[(usize, &Action)]) -> Vec<(usize, Outcome)> {
        let mut ordered: Vec<&(usize, &Action)> = actions.iter().collect();
        ordered.sort_by_key(|(_, action)| match action {
            Action::SetMount(wanted) => (0, wanted.path.len()),
            Action::DropMount(wanted) => (1, usize::MAX - wanted.path.len()),
            _ => (2, 0),
        });
        ordered
            .into_iter()
            .map(|(number, action)| {
                let outcome = if work.interruption.is_set() {
                    Err(ActionError::Interrupted)
                } else {
                    match action {
                        Action::SetMount(wanted) => set(wanted),
                        Action::DropMount(wanted) => remove(wanted),
                        other => Err(crate::local::broken(other)),
                    }
                };
                (*number, outcome)
            })
            .collect()
    }
}

/// What is mounted, and the table.
struct State {
    mounts: Vec<Mount>,
    table: Option<Vec<u8>>,
}

impl State {
    fn read() -> Result<Self, String> {
        let list = fs::read(LIST).map_err(|error| format!("`{LIST}`: {}", why_io(&error)))?;
        Ok(Self {
            mounts: mounts(&list).map_err(|reason| inert(&reason).into_owned())?,
            table: read(Path::new(TABLE))?,
        })
    }

    fn look(&self, path: &str, wanted: &MountSource) -> Answer {
        let mount = self.mounts.iter().rev().find(|mount| mount.path == path);
        let table = self.table.as_deref().unwrap_or_default();
        Answer {
            is_device: mount.is_some_and(|mount| is_device(path, wanted, mount)),
            found: MountFound {
                mounted: mount.map(|mount| shown(&mount.source)),
                lines: lines_for(table, path).iter().map(shown).collect(),
            },
        }
    }
}

/// Returns the lines of `/etc/fstab`: path, source without passwords, and whether something is mounted there.
pub(crate) fn table() -> Result<Vec<(String, MountSource, bool)>, String> {
    let state = State::read()?;
    let lines = all(state.table.as_deref().unwrap_or_default());
    let is_mounted = |path: &str| state.mounts.iter().any(|mount| mount.path == path);
    Ok(lines
        .into_iter()
        .map(|(path, source)| (path.clone(), shown(&source), is_mounted(&path)))
        .collect())
}

fn shown(source: &MountSource) -> MountSource {
    let shown = |text: &String| inert(text).into_owned();
    MountSource {
        device: shown(&source.device),
        filesystem: shown(&source.filesystem),
        options: source
            .options
            .iter()
            .map(|option| without_password(option).unwrap_or_else(|| shown(option)))
            .collect(),
    }
}

/// Whether the wanted device is mounted.
fn is_device(path: &str, wanted: &MountSource, mount: &Mount) -> bool {
    if wanted.is_bind() {
        let identity = |path: &str| {
            let status = fs::metadata(path).ok()?;
            Some((status.dev(), status.ino()))
        };
        let source = identity(&wanted.device);
        return source.is_some() && source == identity(path);
    }
    let found = &mount.source.device;
    match device_path(&wanted.device) {
        Some(device) => {
            let real = |path: &Path| fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
            if real(&device) == real(Path::new(found)) {
                return true;
            }
            let number = fs::metadata(&device).ok().map(|status| {
                let number = status.rdev();
                format!(
                    "{}:{}",
                    rustix::fs::major(number),
                    rustix::fs::minor(number)
                )
            });
            number.as_ref() == Some(&mount.number) || backing_file(found) == Some(real(&device))
        }
        // The name of a virtual file system's device is free.
        None if !wanted.device.contains(['/', ':']) => wanted.filesystem == mount.source.filesystem,
        None => wanted.device.trim_end_matches('/') == found.trim_end_matches('/'),
    }
}

/// Returns the file of a device.
fn device_path(device: &str) -> Option<PathBuf> {
    let by = |directory: &str, name: &str| {
        // As udev writes names: what is not a plain character is its number.
        let plain = |each: u8| each.is_ascii_alphanumeric() || b"#+-.:=@_/".contains(&each);
        let name: String = name
            .trim_matches('"')
            .bytes()
            .map(|each| {
                if plain(each) && each != b'/' {
                    char::from(each).to_string()
                } else {
                    format!("\\x{each:02x}")
                }
            })
            .collect();
        Some(Path::new("/dev/disk").join(directory).join(name))
    };
    match device.split_once('=') {
        Some(("UUID", name)) => by("by-uuid", name),
        Some(("LABEL", name)) => by("by-label", name),
        Some(("PARTUUID", name)) => by("by-partuuid", name),
        Some(("PARTLABEL", name)) => by("by-partlabel", name),
        _ => device.starts_with('/').then(|| device.into()),
    }
}

/// Returns the file behind a loop device.
fn backing_file(device: &str) -> Option<PathBuf> {
    let name = device.strip_prefix("/dev/")?;
    let path = format!("/sys/block/{name}/loop/backing_file");
    let file = fs::read_to_string(path).ok()?;
    Some(file.trim_end_matches('\n').into())
}

fn set(wanted: &SetMount) -> Outcome {
    let path = &wanted.path;
    let refused = |reason: String| failed("mount", path, reason);
    let state = State::read().map_err(refused)?;
    let answer = state.look(path, &wanted.wanted);
    if wanted.is_done(&answer) {
        return Ok(Performed {
            note: Some("already so".to_owned()),
        });
    }
    if answer.found != wanted.expected {
        return Err(changed(path, &wanted.expected, &answer.found));
    }
    if let Some(reason) = ambiguous(&answer.found) {
        return Err(refused(reason));
    }
    match wanted.lack(&answer) {
        None => {}
        Some(Lack::NotMounted) => mount(wanted).map_err(refused)?,
        Some(Lack::Mounted) => unmount(path).map_err(refused)?,
        Some(Lack::Another) => {
            unmount(path).map_err(refused)?;
            mount(wanted).map_err(refused)?;
        }
        Some(Lack::Options) => remount(wanted).map_err(refused)?,
    }
    if !wanted.has_line(&answer.found) {
        let line = wanted.persistent.then_some(&wanted.wanted);
        edit(path, state.table.as_deref(), line, &answer.found)?;
    }
    let after = State::read().map_err(refused)?.look(path, &wanted.wanted);
    if wanted.is_done(&after) {
        return Ok(Performed::default());
    }
    Err(refused(match (wanted.lack(&after), &after.found.mounted) {
        (Some(Lack::Options), Some(mounted)) => {
            let (expected, found) = wanted.wanted.differences(mounted);
            format!(
                "the kernel shows `{}` after `{}` was set: declare the options that it shows",
                found.join(","),
                expected.join(",")
            )
        }
        (Some(Lack::Another), Some(mounted)) => format!(
            "`{}` ({}) is mounted there after this was mounted",
            mounted.device, mounted.filesystem
        ),
        (Some(Lack::Mounted), _) => {
            "something is still mounted there: several file systems lie over each other".to_owned()
        }
        _ => "mounted, but the state read afterwards differs: plan again".to_owned(),
    }))
}

fn remove(wanted: &DropMount) -> Outcome {
    let path = &wanted.path;
    let refused = |reason: String| failed("unmount", path, reason);
    let state = State::read().map_err(refused)?;
    // The device does not matter.
    let any = MountSource {
        device: String::new(),
        filesystem: String::new(),
        options: Vec::new(),
    };
    let found = state.look(path, &any).found;
    if found == MountFound::nothing() {
        return Ok(Performed {
            note: Some("already so".to_owned()),
        });
    }
    if found != wanted.expected {
        return Err(changed(path, &wanted.expected, &found));
    }
    if let Some(reason) = ambiguous(&found) {
        return Err(refused(reason));
    }
    if found.mounted.is_some() {
        unmount(path).map_err(refused)?;
    }
    if !found.lines.is_empty() {
        edit(path, state.table.as_deref(), None, &found)?;
    }
    if State::read().map_err(refused)?.look(path, &any).found == MountFound::nothing() {
        return Ok(Performed::default());
    }
    Err(refused(
        "something is still mounted there: several file systems lie over each other".to_owned(),
    ))
}

fn mount(wanted: &SetMount) -> Result<(), String> {
    let source = &wanted.wanted;
    let mut tool = Tool::new("mount");
    if !source.is_bind() {
        tool = tool.arg("-t").arg(&source.filesystem);
    }
    run(tool
        .arg("-o")
        .arg(source.written())
        .arg("--")
        .arg(&source.device)
        .arg(&wanted.path))
}

/// With the device, `mount` does not add options of `/etc/fstab`.
fn remount(wanted: &SetMount) -> Result<(), String> {
    run(Tool::new("mount")
        .arg("-o")
        .arg(format!("remount,{}", wanted.wanted.complete()))
        .arg("--")
        .arg(&wanted.wanted.device)
        .arg(&wanted.path))
}

fn unmount(path: &str) -> Result<(), String> {
    run(Tool::new("umount").arg("--").arg(path)).map_err(|reason| {
        if reason.contains("busy") {
            format!("{reason}; stop the programs that use it (`fuser --mount` lists them), then run this again")
        } else {
            reason
        }
    })
}

fn run(tool: Tool) -> Result<(), String> {
    let ran = tool.run().map_err(|not| not.to_string())?;
    ran.succeeded().map(|_| ())
}

/// Changes the line of a path.
fn edit(
    path: &str,
    table: Option<&[u8]>,
    line: Option<&MountSource>,
    found: &MountFound,
) -> Result<(), ActionError> {
    let new = edited(table.unwrap_or_default(), path, line);
    replace(Path::new(TABLE), table, Some(&new)).map_err(|not| match not {
        NotReplaced::Changed => ActionError::Changed {
            path: TABLE.to_owned(),
            expected: format!("the table with {} for {path}", lines(found)),
            found: "another content".to_owned(),
        },
        NotReplaced::Failed(reason) => failed("edit", TABLE, reason),
    })?;
    // systemd makes its units of the table when it is reloaded; the table itself is what counts at boot.
    if Path::new("/run/systemd/system").is_dir() {
        let _ = Tool::new("systemctl").arg("daemon-reload").run();
    }
    Ok(())
}

fn lines(found: &MountFound) -> &'static str {
    if found.lines.is_empty() {
        "no line"
    } else {
        "a line"
    }
}
