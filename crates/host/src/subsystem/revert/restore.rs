//! The waiter: waits for the end of the time, then restores the saved state.
//!
//! Restoring needs no space: copies are renamed, and the saved state becomes the record of the revert. Each part may run twice.

use std::fs::{self, File, TryLockError};
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::fs::{AtFlags, Mode};

use super::local::{
    ARMED, CHANGING, HAPPENED, LOCK, PathWas, Saved, SavedPath, WAITER, directory, has_systemd,
    identity, load, lock, now, open, remove_unit, shown, states, sweep,
};
use crate::local::reason::why_io;
use crate::local::tool::Tool;
use crate::place::{self, Obstacle};
use crate::subsystem::sysctl::files::live_path;

/// The interval at which the saved state is read: a confirmation removes it, another step extends its time.
const INTERVAL: Duration = Duration::from_millis(200);
/// The interval while the revert is due and actions are performed.
const SHORT: Duration = Duration::from_millis(10);
/// How long a due revert waits for actions that are performed.
const PATIENCE: Duration = Duration::from_mins(5);
/// How often a part that fails is tried.
const TRIES: u32 = 5;
/// The time limit of a start of a unit. Starts may wait for each other while the host boots.
const UNIT: Duration = Duration::from_secs(90);

/// Waits until the revert is due or removed, and restores. Started by the agent, as a process that survives it.
///
/// # Errors
///
/// What could not be restored.
pub fn wait() -> Result<(), String> {
    // It fails for the leader of a group of processes, which systemd starts.
    let _ = rustix::process::setsid();
    wait_in(&directory()?)
}

pub(super) fn wait_in(directory: &Path) -> Result<(), String> {
    let Ok(waiter) = lock(directory, WAITER, Duration::from_secs(2)) else {
        // Another one waits.
        return Ok(());
    };
    let begun = Instant::now();
    let mut known: Option<(u64, Instant)> = None;
    loop {
        let held = lock(directory, LOCK, Duration::from_mins(1))?;
        let Some(saved) = load(directory, ARMED)? else {
            // Released first: who arms the next revert must not take this one for its waiter.
            drop(waiter);
            return Ok(());
        };
        // A step of the clock must neither hasten nor delay it.
        let due = match known {
            Some((at, due)) if at == saved.at => due,
            _ => {
                let left = saved.at.saturating_sub(now()).min(saved.within);
                let due = Instant::now().checked_add(Duration::from_millis(left));
                let due = due.unwrap_or(begun);
                known = Some((saved.at, due));
                due
            }
        };
        let left = due.saturating_duration_since(Instant::now());
        let changing = left.is_zero().then(|| open(directory, CHANGING));
        let is_free = match &changing {
            None => false,
            Some(Ok(file)) => {
                !matches!(file.try_lock(), Err(TryLockError::WouldBlock))
                    || due.elapsed() >= PATIENCE
            }
            // Where there is no such file, nothing can hold it.
            Some(Err(_)) => true,
        };
        if is_free {
            let restored = restore(directory, &saved);
            drop((waiter, changing, held));
            return restored;
        }
        drop((changing, held));
        std::thread::sleep(left.clamp(SHORT, INTERVAL));
    }
}

fn restore(directory: &Path, saved: &Saved) -> Result<(), String> {
    let mut wrong = Vec::new();
    for left in (0..TRIES).rev() {
        wrong.clear();
        let mut is_changed = false;
        for each in &saved.paths {
            match restore_path(each) {
                Ok(changed) => is_changed |= changed,
                Err(reason) => wrong.push(format!("`{}`: {reason}", each.path)),
            }
        }
        for (key, value) in &saved.settings {
            let path = live_path(key);
            let is_same =
                fs::read_to_string(&path).is_ok_and(|found| found.trim() == value.as_str());
            if !is_same && let Err(error) = fs::write(&path, format!("{value}\n")) {
                wrong.push(shown(Path::new(&path), &error));
            }
        }
        wrong.extend(restore_units(saved, is_changed));
        if wrong.is_empty() {
            break;
        }
        for reason in &wrong {
            report(reason);
        }
        if left > 0 {
            std::thread::sleep(Duration::from_secs(1));
        }
    }
    sweep(directory);
    let (armed, happened) = (directory.join(ARMED), directory.join(HAPPENED));
    fs::rename(&armed, &happened).map_err(|error| shown(&happened, &error))?;
    remove_unit();
    let _ = File::open(directory).and_then(|directory| directory.sync_all());
    if !wrong.is_empty() {
        // A unit that fails is not started again: what it waits for may never come.
        report("these parts are not restored");
    }
    Ok(())
}

/// Writes a line to the journal of the unit.
fn report(reason: &str) {
    let _ = writeln!(std::io::stderr(), "evenkeel-agent: {reason}");
}

/// Restores a path; returns whether it had changed.
fn restore_path(each: &SavedPath) -> Result<bool, String> {
    let (parent, name) = place::split(Path::new(&each.path)).map_err(|error| error.to_string())?;
    let why = |error: rustix::io::Errno| why_io(&error.into());
    let opened = match (place::open_directory(&parent), &each.state) {
        (Ok(opened), _) => opened,
        (Err(Obstacle::Missing(_)), PathWas::Missing) => return Ok(false),
        (Err(Obstacle::Missing(_)), _) => {
            place::make_directories(&parent, 0o755).map_err(|error| error.to_string())?;
            place::open_directory(&parent).map_err(|error| error.to_string())?
        }
        (Err(obstacle), _) => return Err(obstacle.to_string()),
    };
    let found = match rustix::fs::statat(&opened, &name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(found) => Some(found),
        Err(rustix::io::Errno::NOENT) => None,
        Err(error) => return Err(why(error)),
    };
    let is_directory = found
        .as_ref()
        .is_some_and(|found| rustix::fs::FileType::from_raw_mode(found.st_mode).is_dir());
    match &each.state {
        PathWas::Missing => {
            if found.is_none() {
                return Ok(false);
            }
            let flags = if is_directory {
                AtFlags::REMOVEDIR
            } else {
                AtFlags::empty()
            };
            match rustix::fs::unlinkat(&opened, &name, flags) {
                // Something else put entries there.
                Ok(()) | Err(rustix::io::Errno::NOTEMPTY) => {}
                Err(error) => return Err(why(error)),
            }
        }
        PathWas::Copied {
            copy,
            identity: before,
        } => {
            if found
                .as_ref()
                .is_some_and(|found| identity(found) == *before)
            {
                return Ok(false);
            }
            if Path::new(copy).symlink_metadata().is_err() {
                // An earlier try put it back.
                return Ok(true);
            }
            if is_directory {
                rustix::fs::unlinkat(&opened, &name, AtFlags::REMOVEDIR).map_err(why)?;
            }
            rustix::fs::renameat(rustix::fs::CWD, copy.as_str(), &opened, &name).map_err(why)?;
        }
        PathWas::Directory { mode, uid, gid } => {
            if !is_directory {
                if found.is_some() {
                    rustix::fs::unlinkat(&opened, &name, AtFlags::empty()).map_err(why)?;
                }
                rustix::fs::mkdirat(&opened, &name, Mode::from_raw_mode(0o700)).map_err(why)?;
            }
            let own = (
                rustix::fs::Uid::from_raw(*uid),
                rustix::fs::Gid::from_raw(*gid),
            );
            let no_link = AtFlags::SYMLINK_NOFOLLOW;
            rustix::fs::chownat(&opened, &name, Some(own.0), Some(own.1), no_link).map_err(why)?;
            rustix::fs::chmodat(&opened, &name, Mode::from_raw_mode(*mode), AtFlags::empty())
                .map_err(why)?;
        }
    }
    let _ = place::reopen(&opened).map(rustix::fs::fsync);
    Ok(true)
}

/// Brings units to their earlier state; those whose files changed are restarted. Returns what failed.
fn restore_units(saved: &Saved, is_changed: bool) -> Vec<String> {
    if saved.units.is_empty() || !has_systemd() {
        return Vec::new();
    }
    let mut wrong = Vec::new();
    let mut run = |arguments: &[&str], units: &[&str]| {
        if units.is_empty() && arguments != ["daemon-reload"] {
            return;
        }
        let ran = Tool::new("systemctl")
            .args(arguments)
            .args(units)
            .within(UNIT)
            .run();
        let ended = ran
            .map_err(|error| error.to_string())
            .and_then(crate::local::tool::Ran::succeeded);
        if let Err(reason) = ended {
            wrong.push(reason);
        }
    };
    if is_changed {
        run(&["daemon-reload"], &[]);
    }
    let names: Vec<&str> = saved.units.iter().map(|unit| &*unit.name).collect();
    let Ok(found) = states(&names) else {
        return vec!["`systemctl show` failed".to_owned()];
    };
    let changed = |wanted: &dyn Fn(&super::local::SavedUnit, &super::local::SavedUnit) -> bool| {
        let mut units = Vec::new();
        for unit in &saved.units {
            let now = found.iter().find(|other| other.name == unit.name);
            if now.is_some_and(|now| wanted(unit, now)) {
                units.push(&*unit.name);
            }
        }
        units
    };
    let is_masked = |word: &str| word.starts_with("masked");
    let unmask = changed(&|was, is| !is_masked(&was.enabled) && is_masked(&is.enabled));
    run(&["unmask", "--"], &unmask);
    let enable = changed(&|was, is| was.enabled == "enabled" && is.enabled != "enabled");
    run(&["enable", "--"], &enable);
    let disable = changed(&|was, is| was.enabled == "disabled" && is.enabled == "enabled");
    run(&["disable", "--"], &disable);
    let stop = changed(&|was, is| !was.active && is.active);
    run(&["stop", "--"], &stop);
    let mask = changed(&|was, is| is_masked(&was.enabled) && !is_masked(&is.enabled));
    run(&["mask", "--"], &mask);
    let restart = changed(&|was, is| {
        was.active && (is_changed || !is.active || was.invocation != is.invocation)
    });
    if !restart.is_empty() {
        // A unit that failed too often would refuse.
        run(&["reset-failed", "--"], &restart);
    }
    for unit in restart {
        run(&["restart", "--"], &[unit]);
    }
    wrong
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
    use std::path::Path;

    use super::super::Stake;
    use super::super::local::{ARMED, HAPPENED, Saved, load, save, write};
    use super::restore;

    fn saved(directory: &Path, paths: &[&Path]) -> Saved {
        let mut saved = Saved {
            run: "a-1 of staging".to_owned(),
            at: 0,
            within: 0,
            paths: Vec::new(),
            units: Vec::new(),
            settings: Vec::new(),
        };
        let paths = paths.iter().map(|path| path.display().to_string());
        let stake = Stake {
            paths: paths.collect(),
            ..Stake::default()
        };
        save(directory, &stake, &mut saved).unwrap();
        // What is saved stays, whatever happened since.
        save(directory, &stake, &mut saved).unwrap();
        write(directory, ARMED, &saved).unwrap();
        saved
    }

    #[test]
    fn files_links_directories_and_absence_are_restored_also_twice() {
        let scratch = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(scratch.path()).unwrap();
        let own = root.join("own");
        let [file, link, directory, absent, deep, same] = [
            "file",
            "link",
            "directory",
            "absent",
            "no/such/file",
            "same",
        ]
        .map(|name| root.join(name));
        fs::create_dir(&own).unwrap();
        fs::create_dir(&directory).unwrap();
        fs::write(&file, "before").unwrap();
        fs::write(&same, "same").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
        symlink("to", &link).unwrap();
        let number = fs::metadata(&same).unwrap().ino();
        let saved = saved(&own, &[&file, &link, &directory, &absent, &deep, &same]);

        // A change in place must not reach the copy.
        fs::write(&file, "after").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        fs::remove_file(&link).unwrap();
        fs::set_permissions(&directory, fs::Permissions::from_mode(0o700)).unwrap();
        fs::write(&absent, "new").unwrap();
        restore(&own, &saved).unwrap();
        for _ in 0..2 {
            assert_eq!(fs::read_to_string(&file).unwrap(), "before");
            assert_eq!(fs::metadata(&file).unwrap().mode() & 0o777, 0o640);
            assert_eq!(fs::read_link(&link).unwrap(), Path::new("to"));
            assert_eq!(fs::metadata(&directory).unwrap().mode() & 0o777, 0o755);
            assert!(!absent.exists() && !deep.exists());
            assert_eq!(fs::metadata(&same).unwrap().ino(), number);
            assert!(load(&own, ARMED).unwrap().is_none());
            assert_eq!(load(&own, HAPPENED).unwrap().unwrap().run, saved.run);
            // As after a kill right before its end.
            write(&own, ARMED, &saved).unwrap();
            restore(&own, &saved).unwrap();
        }
        let left = fs::read_dir(&own).unwrap().flatten();
        let left: Vec<_> = left.map(|entry| entry.file_name()).collect();
        assert_eq!(left, [HAPPENED]);
    }

    #[test]
    fn a_path_through_a_link_is_refused() {
        let scratch = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(scratch.path()).unwrap();
        fs::create_dir(root.join("real")).unwrap();
        symlink("real", root.join("link")).unwrap();
        let mut saved = saved(&root, &[]);
        let stake = Stake {
            paths: vec![root.join("link/file").display().to_string()],
            ..Stake::default()
        };
        let reason = save(&root, &stake, &mut saved).unwrap_err();
        assert!(reason.contains("symbolic link"), "{reason}");
    }
}
