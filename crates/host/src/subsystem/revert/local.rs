//! The local part: saves a state, starts the waiter, and removes both.

use std::fs::{self, File, TryLockError};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rustix::fs::{AtFlags, Mode, OFlags};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::{Answer, ArmRevert, DisarmRevert, GONE, Query, Revert, Stake, armed, happened};
use crate::local::accounts::Accounts;
use crate::local::reason::why_io;
use crate::local::tool::{NotRun, Tool};
use crate::local::{Found, Local, LocalTarget, Work, failed, unreadable};
use crate::place::{self, Obstacle};
use crate::port::Outcome;
use crate::subsystem::Action;
use crate::subsystem::sysctl::files::live_path;
use crate::{ActionError, Performed};

/// The state of the armed revert.
pub(super) const ARMED: &str = "armed.json";
/// The same after the revert.
pub(super) const HAPPENED: &str = "happened.json";
/// The run that was confirmed last.
const CONFIRMED: &str = "confirmed";
/// The lock of the files here.
pub(super) const LOCK: &str = "lock";
/// The lock that the waiter holds while it runs.
pub(super) const WAITER: &str = "waiter";
/// The lock that each batch of actions shares while a revert is armed, and that the waiter takes to restore.
pub(super) const CHANGING: &str = "changing";
/// The copies outside this directory. Each is listed before it is made, so that none stays when the host stops meanwhile.
const OUTSIDE: &str = "outside.json";
/// The unit of the waiter, where systemd is the first process.
const UNIT: &str = "/etc/systemd/system/evenkeel-revert.service";
/// What starts it after a reboot.
const WANTED: &str = "/etc/systemd/system/multi-user.target.wants/evenkeel-revert.service";
/// Time until a started waiter holds its lock.
const STARTING: Duration = Duration::from_secs(10);
/// Time that a restoration may take before a question about it fails.
const RESTORING: Duration = Duration::from_secs(5);

/// What the armed revert restores.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Saved {
    pub(super) run: String,
    pub(super) at: u64,
    pub(super) within: u64,
    pub(super) paths: Vec<SavedPath>,
    pub(super) units: Vec<SavedUnit>,
    pub(super) settings: Vec<(String, String)>,
}

/// The state of a path.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct SavedPath {
    pub(super) path: String,
    pub(super) state: PathWas,
}

/// What was at a path.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "was")]
pub(super) enum PathWas {
    /// Nothing.
    Missing,
    /// A file or a link. Its copy is on the same file system, so that putting it back needs no space.
    Copied {
        /// The path of the copy.
        copy: String,
        /// Number and time of the last change of the original: another one is another state.
        identity: (u64, i64, i64),
    },
    /// A directory. Its entries are not saved.
    Directory { mode: u32, uid: u32, gid: u32 },
}

/// The state of a unit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SavedUnit {
    pub(super) name: String,
    pub(super) active: bool,
    /// systemd's word: `enabled`, `disabled`, `masked`.
    pub(super) enabled: String,
    /// Changes with each start.
    pub(super) invocation: String,
}

impl Local for Query {
    fn observe(target: &LocalTarget, asked: &[(usize, &Self)], found: Found<'_>) {
        if asked.is_empty() {
            return;
        }
        let answer = directory().and_then(|directory| look(&directory, &target.launcher));
        for (number, _) in asked {
            let answer = match &answer {
                Ok(answer) => answer.clone().into(),
                Err(reason) => unreadable(reason.clone()),
            };
            found(*number, answer);
        }
    }

    fn perform(work: &Work<'_>, actions: &[(usize, &Action)]) -> Vec<(usize, Outcome)> {
        let perform = |action: &Action| -> Outcome {
            let refused = |reason: String| failed("prepare", "the revert", reason);
            let directory = directory().map_err(refused)?;
            match action {
                Action::ArmRevert(wanted) => {
                    if work.interruption.is_set() {
                        return Err(ActionError::Interrupted);
                    }
                    let armed = arm(&directory, wanted, &work.target.launcher);
                    if armed.is_ok() {
                        work.target.own_run.set(&wanted.run);
                    }
                    armed.map_err(refused)
                }
                Action::DisarmRevert(wanted) => disarm(&directory, wanted)
                    .map_err(|reason| failed("remove", "the revert", reason)),
                other => Err(crate::local::broken(other)),
            }
        };
        actions
            .iter()
            .map(|(number, action)| (*number, perform(action)))
            .collect()
    }
}

/// Returns the directory of everything here. It belongs to the account that changes the host.
pub(super) fn directory() -> Result<PathBuf, String> {
    if rustix::process::geteuid().is_root() {
        return Ok(PathBuf::from("/var/lib/evenkeel-revert"));
    }
    match std::env::var_os("HOME") {
        Some(home) if Path::new(&home).is_absolute() => {
            Ok(Path::new(&home).join(".local/state/evenkeel-revert"))
        }
        _ => Err("the variable HOME names no directory".to_owned()),
    }
}

/// Whether the waiter is a unit.
fn is_unit() -> bool {
    rustix::process::geteuid().is_root() && has_systemd()
}

pub(super) fn has_systemd() -> bool {
    Path::new("/run/systemd/system").is_dir()
}

pub(super) fn shown(path: &Path, error: &std::io::Error) -> String {
    format!("`{}`: {}", path.display(), why_io(error))
}

/// Opens the file of a lock.
pub(super) fn open(directory: &Path, name: &str) -> Result<File, String> {
    let path = directory.join(name);
    let mut options = File::options();
    let options = options.create(true).truncate(false).write(true);
    options.open(&path).map_err(|error| shown(&path, &error))
}

/// Opens a lock and waits for it.
pub(super) fn lock(directory: &Path, name: &str, patience: Duration) -> Result<File, String> {
    let file = open(directory, name)?;
    wait(&directory.join(name), patience, || file.try_lock())?;
    Ok(file)
}

/// Tries to lock a file until it succeeds.
fn wait(
    path: &Path,
    patience: Duration,
    attempt: impl Fn() -> Result<(), TryLockError>,
) -> Result<(), String> {
    let begun = Instant::now();
    loop {
        match attempt() {
            Ok(()) => return Ok(()),
            Err(TryLockError::WouldBlock) if begun.elapsed() < patience => {
                std::thread::sleep(Duration::from_millis(20));
            }
            Err(TryLockError::WouldBlock) => {
                return Err("the host restores its earlier state at this moment".to_owned());
            }
            Err(TryLockError::Error(error)) => return Err(shown(path, &error)),
        }
    }
}

pub(super) fn load(directory: &Path, name: &str) -> Result<Option<Saved>, String> {
    read(directory, name)
}

fn read<T: DeserializeOwned>(directory: &Path, name: &str) -> Result<Option<T>, String> {
    let path = directory.join(name);
    match fs::read(&path) {
        Ok(bytes) => serde_json::from_slice(&bytes)
            .map(Some)
            .map_err(|error| format!("`{}`: {error}", path.display())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(shown(&path, &error)),
    }
}

pub(super) fn now() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    u64::try_from(now.unwrap_or_default().as_millis()).unwrap_or(u64::MAX)
}

fn described(saved: Saved) -> Revert {
    Revert {
        run: saved.run,
        at: saved.at,
    }
}

fn look(directory: &Path, launcher: &Path) -> Result<Answer, String> {
    if !directory.is_dir() {
        return Ok(Answer {
            armed: None,
            happened: None,
        });
    }
    let held = lock(directory, LOCK, RESTORING)?;
    let armed = load(directory, ARMED)?;
    let happened = load(directory, HAPPENED)?;
    drop(held);
    if armed.is_some() {
        // It may have been killed where nothing starts it again.
        start(directory, launcher)?;
    }
    Ok(Answer {
        armed: armed.map(described),
        happened: happened.map(described),
    })
}

fn arm(directory: &Path, wanted: &ArmRevert, launcher: &Path) -> Done {
    make(directory)?;
    let held = lock(directory, LOCK, RESTORING)?;
    let mut saved = match load(directory, ARMED)? {
        Some(earlier) if earlier.run == wanted.run => earlier,
        Some(earlier) => {
            drop(held);
            start(directory, launcher)?;
            return Err(armed(&described(earlier)));
        }
        None if wanted.extends => return Err(GONE.to_owned()),
        None => {
            sweep(directory);
            keep_program(directory, launcher)?;
            Saved {
                run: wanted.run.clone(),
                at: 0,
                within: 0,
                paths: Vec::new(),
                units: Vec::new(),
                settings: Vec::new(),
            }
        }
    };
    save(directory, &wanted.saved, &mut saved)?;
    saved.within = wanted.within;
    saved.at = now().saturating_add(wanted.within);
    // Opened while there is space for it.
    open(directory, CHANGING)?;
    write(directory, ARMED, &saved)?;
    drop(held);
    start(directory, launcher)?;
    let earlier = load(directory, HAPPENED)?.map(described);
    if earlier.is_some() {
        let _ = fs::remove_file(directory.join(HAPPENED));
    }
    Ok(Performed {
        note: earlier.as_ref().map(happened),
    })
}

/// The run whose revert a target armed last. Its copies share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct OwnRun(Arc<Mutex<Option<String>>>);

impl OwnRun {
    fn set(&self, run: &str) {
        *self.locked() = Some(run.to_owned());
    }

    fn locked(&self) -> MutexGuard<'_, Option<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is(&self, run: &str) -> bool {
        self.locked().as_deref() == Some(run)
    }
}

/// A batch of actions while a revert is armed. Until it ends, nothing is restored. If less than half of the time is left then and
/// the run is the target's own, it begins again, so that the change can be confirmed. Without this, a change that takes longer
/// than the time would come after its revert, and nothing would restore it.
#[derive(Debug)]
pub(crate) struct Changing {
    directory: PathBuf,
    own: OwnRun,
    /// The shared lock, held until the time began again.
    _lock: Option<File>,
}

/// Begins a batch of actions.
///
/// # Errors
///
/// The host restored its earlier state after the target armed the revert: no further action of the run may follow.
pub(crate) fn begin(own: &OwnRun, actions: &[Action]) -> Result<Option<Changing>, ActionError> {
    let is_about_reverts =
        |action: &Action| matches!(action, Action::ArmRevert(_) | Action::DisarmRevert(_));
    match directory() {
        Ok(directory) if !actions.iter().all(is_about_reverts) => begin_in(directory, own),
        _ => Ok(None),
    }
}

fn begin_in(directory: PathBuf, own: &OwnRun) -> Result<Option<Changing>, ActionError> {
    let has_run = own.locked().is_some();
    if !has_run && !directory.join(ARMED).exists() {
        return Ok(None);
    }
    let refused = |reason: &str| failed("perform", "the actions", reason);
    let lock = open(&directory, CHANGING).ok();
    // Another run's revert is no reason to refuse.
    if let Some(lock) = &lock
        && let Err(reason) = wait(&directory.join(CHANGING), RESTORING, || {
            lock.try_lock_shared()
        })
        && has_run
    {
        return Err(refused(&reason));
    }
    match load(&directory, HAPPENED) {
        Ok(Some(happened)) if own.is(&happened.run) => Err(refused(GONE)),
        _ => Ok(Some(Changing {
            directory,
            own: own.clone(),
            _lock: lock,
        })),
    }
}

impl Drop for Changing {
    fn drop(&mut self) {
        let Ok(_held) = lock(&self.directory, LOCK, RESTORING) else {
            return;
        };
        if let Ok(Some(mut saved)) = load(&self.directory, ARMED)
            && self.own.is(&saved.run)
            && saved.at.saturating_sub(now()) < saved.within / 2
        {
            saved.at = now().saturating_add(saved.within);
            // Without space for it, the former time applies.
            let _ = write(&self.directory, ARMED, &saved);
        }
    }
}

/// The result of an action here; the caller adds its name to a reason.
type Done = Result<Performed, String>;

fn disarm(directory: &Path, wanted: &DisarmRevert) -> Done {
    if !directory.is_dir() {
        return Err(GONE.to_owned());
    }
    let held = lock(directory, LOCK, RESTORING)?;
    let armed = load(directory, ARMED)?;
    if armed.is_none_or(|armed| armed.run != wanted.run) {
        // The answer to an earlier confirmation may have been lost.
        let confirmed = fs::read_to_string(directory.join(CONFIRMED)).unwrap_or_default();
        return if confirmed == wanted.run {
            Ok(Performed::default())
        } else {
            Err(GONE.to_owned())
        };
    }
    // From here on, nothing is restored; the waiter ends.
    let path = directory.join(ARMED);
    fs::remove_file(&path).map_err(|error| shown(&path, &error))?;
    let _ = fs::write(directory.join(CONFIRMED), &wanted.run);
    sweep(directory);
    remove_unit();
    drop(held);
    Ok(Performed::default())
}

/// Removes what starts the waiter after a reboot.
pub(super) fn remove_unit() {
    if is_unit() {
        for path in [WANTED, UNIT] {
            let _ = fs::remove_file(path);
        }
    }
}

fn make(directory: &Path) -> Result<(), String> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory)
        .map_err(|error| shown(directory, &error))?;
    let found = fs::symlink_metadata(directory).map_err(|error| shown(directory, &error))?;
    let is_own = found.uid() == rustix::process::geteuid().as_raw();
    if !found.is_dir() || !is_own || found.mode() & 0o077 != 0 {
        return Err(format!(
            "`{}`: another account owns it or can read it: remove it",
            directory.display()
        ));
    }
    Ok(())
}

/// Removes all copies: those of an armed revert, and those that it does not name, because the host or the program stopped
/// between two writes.
pub(super) fn sweep(directory: &Path) {
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with("copy-") {
            let _ = fs::remove_file(entry.path());
        }
    }
    let is_gone = |copy: &PathBuf| match fs::remove_file(copy) {
        Ok(()) => true,
        Err(error) => error.kind() == std::io::ErrorKind::NotFound,
    };
    if let Ok(Some(mut copies)) = read::<Vec<PathBuf>>(directory, OUTSIDE) {
        copies.retain(|copy| !is_gone(copy));
        // The list stays for those that cannot be removed now.
        if copies.is_empty() {
            let _ = fs::remove_file(directory.join(OUTSIDE));
        }
    }
}

/// Lists a copy outside this directory.
fn list_outside(directory: &Path, copy: &Path) -> Result<(), String> {
    let mut copies: Vec<PathBuf> = read(directory, OUTSIDE)?.unwrap_or_default();
    if copies.iter().all(|other| other != copy) {
        copies.push(copy.to_owned());
        write(directory, OUTSIDE, &copies)?;
    }
    Ok(())
}

/// Keeps this program: the account's own copy may be removed before the revert.
fn keep_program(directory: &Path, launcher: &Path) -> Result<(), String> {
    let (path, beside) = (directory.join("agent"), directory.join(".agent"));
    let copied = fs::copy(launcher, &beside)
        .and_then(|_| fs::set_permissions(&beside, fs::Permissions::from_mode(0o700)))
        .and_then(|()| File::open(&beside)?.sync_all())
        .and_then(|()| fs::rename(&beside, &path));
    copied.map_err(|error| shown(&path, &error))
}

/// Saves what was not saved before.
pub(super) fn save(directory: &Path, stake: &Stake, saved: &mut Saved) -> Result<(), String> {
    let mut paths = stake.paths.clone();
    if !stake.keys_of.is_empty() {
        let accounts = Accounts::read()?;
        for user in &stake.keys_of {
            if let Some(entry) = accounts.users.get(user) {
                paths.push(format!("{}/.ssh/authorized_keys", entry.home));
            }
        }
    }
    for path in paths {
        if saved.paths.iter().all(|each| each.path != path) {
            let number = saved.paths.len();
            let state = save_path(directory, &path, number)
                .map_err(|reason| format!("`{path}` cannot be saved: {reason}"))?;
            saved.paths.push(SavedPath { path, state });
        }
    }
    for key in &stake.settings {
        if saved.settings.iter().all(|(other, _)| other != key)
            && let Ok(value) = fs::read_to_string(live_path(key))
        {
            saved.settings.push((key.clone(), value.trim().to_owned()));
        }
    }
    let units: Vec<&String> = stake
        .units
        .iter()
        .filter(|unit| saved.units.iter().all(|each| each.name != **unit))
        .collect();
    if !units.is_empty() && has_systemd() && rustix::process::geteuid().is_root() {
        for state in states(&units)? {
            if saved.units.iter().all(|each| each.name != state.name) {
                saved.units.push(state);
            }
        }
    }
    Ok(())
}

/// Returns the states of those units that the host has. All are read with one start of `systemctl`.
pub(super) fn states<S: AsRef<str>>(units: &[S]) -> Result<Vec<SavedUnit>, String> {
    let shown = Tool::new("systemctl")
        .args([
            "show",
            "--property",
            "Id,LoadState,ActiveState,UnitFileState,InvocationID",
            "--",
        ])
        .args(units.iter().map(AsRef::as_ref))
        .run()
        .map_err(|error: NotRun| error.to_string())?
        .succeeded()?;
    let found = units.iter().zip(shown.split("\n\n")).map(|(unit, text)| {
        let value = |key: &str| {
            let mut lines = text.lines().filter_map(|line| line.split_once('='));
            lines.find_map(|(name, value)| (name == key).then(|| value.to_owned()))
        };
        let is_known = value("LoadState").is_some_and(|state| state != "not-found");
        let unit = SavedUnit {
            // An alias is the same unit.
            name: value("Id").unwrap_or_else(|| unit.as_ref().to_owned()),
            active: value("ActiveState").is_some_and(|state| {
                matches!(
                    &*state,
                    "active" | "activating" | "reloading" | "refreshing"
                )
            }),
            enabled: value("UnitFileState").unwrap_or_default(),
            invocation: value("InvocationID").unwrap_or_default(),
        };
        is_known.then_some(unit)
    });
    Ok(found.flatten().collect())
}

fn save_path(directory: &Path, path: &str, number: usize) -> Result<PathWas, String> {
    let (parent, name) = place::split(Path::new(path)).map_err(|error| error.to_string())?;
    let parent_file = match place::open_directory(&parent) {
        Ok(opened) => opened,
        Err(Obstacle::Missing(_)) => return Ok(PathWas::Missing),
        Err(obstacle) => return Err(obstacle.to_string()),
    };
    let why = |error: rustix::io::Errno| why_io(&error.into());
    let found = match rustix::fs::statat(&parent_file, &name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(found) => found,
        Err(rustix::io::Errno::NOENT) => return Ok(PathWas::Missing),
        Err(error) => return Err(why(error)),
    };
    let kind = rustix::fs::FileType::from_raw_mode(found.st_mode);
    if kind.is_dir() {
        return Ok(PathWas::Directory {
            mode: found.st_mode & 0o7777,
            uid: found.st_uid,
            gid: found.st_gid,
        });
    }
    // A copy on the same file system can be renamed.
    let device = rustix::fs::fstat(&parent_file).map_err(why)?.st_dev;
    let own = fs::metadata(directory).map_err(|error| why_io(&error))?;
    let copy = if own.dev() == device {
        directory.join(format!("copy-{number}"))
    } else {
        let copy = parent.join(format!(
            ".{}.evenkeel-revert-{number}",
            name.to_string_lossy()
        ));
        list_outside(directory, &copy)?;
        copy
    };
    let _ = fs::remove_file(&copy);
    let at = |error: std::io::Error| shown(&copy, &error);
    if kind.is_symlink() {
        let to = rustix::fs::readlinkat(&parent_file, &name, Vec::new()).map_err(why)?;
        symlink(std::ffi::OsStr::new(&*to.to_string_lossy()), &copy).map_err(at)?;
        std::os::unix::fs::lchown(&copy, Some(found.st_uid), Some(found.st_gid)).map_err(at)?;
    } else if kind.is_file() {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
        let opened = rustix::fs::openat(&parent_file, &name, flags, Mode::empty()).map_err(why)?;
        let mut from = File::from(opened);
        let mut to = File::options()
            .write(true)
            .create_new(true)
            .open(&copy)
            .map_err(at)?;
        std::io::copy(&mut from, &mut to).map_err(at)?;
        copy_attributes(&from, &to);
        std::os::unix::fs::fchown(&to, Some(found.st_uid), Some(found.st_gid)).map_err(at)?;
        to.set_permissions(fs::Permissions::from_mode(found.st_mode & 0o7777))
            .map_err(at)?;
        to.sync_all().map_err(at)?;
    } else {
        return Err("it is neither a file nor a link nor a directory".to_owned());
    }
    Ok(PathWas::Copied {
        copy: copy.to_string_lossy().into_owned(),
        identity: identity(&found),
    })
}

/// Copies access lists and labels. A file system without them has none to lose.
fn copy_attributes(from: &File, to: &File) {
    let mut names = vec![0; 4096];
    let Ok(length) = rustix::fs::flistxattr(from, &mut *names) else {
        return;
    };
    let names = names.get(..length).unwrap_or_default();
    for name in names
        .split(|byte| *byte == 0)
        .filter(|name| !name.is_empty())
    {
        let mut value = vec![0; 64 * 1024];
        if let Ok(length) = rustix::fs::fgetxattr(from, name, &mut *value) {
            let value = value.get(..length).unwrap_or_default();
            let _ = rustix::fs::fsetxattr(to, name, value, rustix::fs::XattrFlags::empty());
        }
    }
}

/// Returns what differs between two states of a file.
#[allow(
    clippy::unnecessary_cast,
    clippy::cast_possible_wrap,
    reason = "the fields' types differ between processors"
)]
pub(super) fn identity(found: &rustix::fs::Stat) -> (u64, i64, i64) {
    (
        found.st_ino as u64,
        found.st_ctime as i64,
        found.st_ctime_nsec as i64,
    )
}

pub(super) fn write<T: Serialize>(directory: &Path, name: &str, saved: &T) -> Result<(), String> {
    let (path, beside) = (directory.join(name), directory.join(format!(".{name}")));
    let text = serde_json::to_vec(saved).map_err(|error| error.to_string())?;
    let written = File::create(&beside).and_then(|mut file| {
        file.write_all(&text)?;
        file.sync_all()?;
        fs::rename(&beside, &path)?;
        File::open(directory)?.sync_all()
    });
    written.map_err(|error| shown(&path, &error))
}

/// Whether a waiter runs. Those who ask share the lock for a moment, so that none takes another one for the waiter.
fn is_waited(directory: &Path) -> bool {
    open(directory, WAITER).is_ok_and(|file| file.try_lock_shared().is_err())
}

/// Starts the waiter unless it runs.
fn start(directory: &Path, launcher: &Path) -> Result<(), String> {
    if is_waited(directory) {
        return Ok(());
    }
    let kept = directory.join("agent");
    let program = if kept.exists() { &kept } else { launcher };
    if is_unit() {
        let unit = format!(
            "[Unit]\nDescription=evenkeel: restore the earlier state unless a change is confirmed\n\
             RequiresMountsFor={}\nStartLimitIntervalSec=0\n\n[Service]\nType=exec\n\
             ExecStart={} revert\nRestart=on-failure\nRestartSec=1\n",
            directory.display(),
            program.display()
        );
        let at = |error: std::io::Error| shown(Path::new(UNIT), &error);
        fs::write(UNIT, unit).map_err(at)?;
        if let Some(wants) = Path::new(WANTED).parent() {
            fs::create_dir_all(wants).map_err(at)?;
        }
        match symlink(UNIT, WANTED) {
            Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
                return Err(at(error));
            }
            _ => {}
        }
        for path in [Path::new(UNIT), Path::new(WANTED)] {
            let synced = path.parent().map_or(Ok(()), |parent| {
                File::open(path)?.sync_all()?;
                File::open(parent)?.sync_all()
            });
            synced.map_err(at)?;
        }
        // A waiter that ended a moment ago may still count as running: `start` would start none.
        Tool::new("systemctl")
            .args(["restart", "evenkeel-revert.service"])
            .run()
            .map_err(|error| error.to_string())?
            .succeeded()?;
    } else {
        // It begins a session, so the end of this one does not end it.
        Command::new(program)
            .arg("revert")
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| shown(program, &error))?;
    }
    let begun = Instant::now();
    while !is_waited(directory) {
        if begun.elapsed() > STARTING {
            return Err(format!(
                "`{} revert` does not run: is its file system mounted noexec?",
                program.display()
            ));
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;
    use std::time::{Duration, Instant};

    use super::super::restore::wait_in;
    use super::super::{DisarmRevert, GONE, Stake};
    use super::{
        ARMED, CHANGING, HAPPENED, OwnRun, Saved, begin_in, disarm, list_outside, load, now, open,
        save, write,
    };

    const RUN: &str = "a-1 of staging";
    const TIME: Duration = Duration::from_millis(300);

    /// Saves a file; the revert is due at once.
    fn armed(own: &Path, file: &Path) -> OwnRun {
        fs::create_dir(own).unwrap();
        fs::write(file, "before").unwrap();
        let mut saved = Saved {
            run: RUN.to_owned(),
            at: now(),
            within: u64::try_from(TIME.as_millis()).unwrap(),
            paths: Vec::new(),
            units: Vec::new(),
            settings: Vec::new(),
        };
        let stake = Stake {
            paths: vec![file.display().to_string()],
            ..Stake::default()
        };
        save(own, &stake, &mut saved).unwrap();
        open(own, CHANGING).unwrap();
        write(own, ARMED, &saved).unwrap();
        let run = OwnRun::default();
        run.set(RUN);
        run
    }

    #[test]
    fn a_change_that_takes_longer_than_its_revert_ends_first() {
        let scratch = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(scratch.path()).unwrap();
        let (own, file) = (root.join("own"), root.join("file"));
        let run = armed(&own, &file);
        let changing = begin_in(own.clone(), &run).unwrap().unwrap();
        std::thread::scope(|scope| {
            let waiter = scope.spawn(|| wait_in(&own));
            std::thread::sleep(TIME);
            assert!(load(&own, ARMED).unwrap().is_some());
            fs::write(&file, "after").unwrap();
            let ended = Instant::now();
            drop(changing);
            // The time begins again, since it is its run.
            waiter.join().unwrap().unwrap();
            assert!(ended.elapsed() >= TIME, "{:?}", ended.elapsed());
        });
        assert_eq!(fs::read_to_string(&file).unwrap(), "before");
        assert_eq!(load(&own, HAPPENED).unwrap().unwrap().run, RUN);

        // What the run would still change would never be restored.
        let refused = begin_in(own.clone(), &run).unwrap_err();
        assert!(refused.to_string().contains(GONE), "{refused}");
        assert!(begin_in(own, &OwnRun::default()).unwrap().is_none());
    }

    #[test]
    fn the_actions_of_another_run_do_not_extend_the_time() {
        let scratch = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(scratch.path()).unwrap();
        let (own, file) = (root.join("own"), root.join("file"));
        armed(&own, &file);
        let before = load(&own, ARMED).unwrap().unwrap().at;
        let changing = begin_in(own.clone(), &OwnRun::default()).unwrap();
        assert!(changing.is_some());
        drop(changing);
        assert_eq!(load(&own, ARMED).unwrap().unwrap().at, before);
    }

    /// What is left where the host or the agent stopped after the copies of a further step were made, before they were recorded.
    #[test]
    fn unrecorded_copies_are_removed_with_the_revert() {
        for is_confirmed in [true, false] {
            let scratch = tempfile::tempdir().unwrap();
            let root = fs::canonicalize(scratch.path()).unwrap();
            let [own, file, further, outside] =
                ["own", "file", "further", ".x.evenkeel-revert-2"].map(|name| root.join(name));
            armed(&own, &file);
            fs::write(&further, "further").unwrap();
            let mut saved = load(&own, ARMED).unwrap().unwrap();
            let stake = Stake {
                paths: vec![further.display().to_string()],
                ..Stake::default()
            };
            save(&own, &stake, &mut saved).unwrap();
            assert!(own.join("copy-1").exists());
            list_outside(&own, &outside).unwrap();
            fs::write(&outside, "copy").unwrap();
            if is_confirmed {
                let run = RUN.to_owned();
                disarm(&own, &DisarmRevert { run }).unwrap();
            } else {
                wait_in(&own).unwrap();
            }
            assert!(!outside.exists());
            let left = fs::read_dir(&own).unwrap().flatten();
            let mut left: Vec<_> = left.map(|entry| entry.file_name()).collect();
            left.sort();
            let end = if is_confirmed { "confirmed" } else { HAPPENED };
            let mut expected = [CHANGING, end, "lock"].to_vec();
            if !is_confirmed {
                expected.push("waiter");
            }
            assert_eq!(left, expected);
        }
    }
}
