//! Removes the unfinished files of killed runs in the folder: `.head-…`, `.new-…`, `.founding-…` and
//! `.snapshot-…`.
//!
//! Every writing run holds a shared lock on the folder, which dies with it. A run that gets the exclusive lock knows
//! that no such name is in use.

use std::ffi::OsStr;
use std::fs::{self, File, TryLockError};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::thread;
use std::time::Duration;

/// Prefixes of unfinished files.
const BEGINNINGS: [&[u8]; 4] = [b".head-", b".new-", b".founding-", b".snapshot-"];
/// The number of tries for the shared lock while another run sweeps.
const TRIES: u32 = 20;

/// The registration of this process as a writer in the folder.
#[derive(Debug)]
pub(super) struct Presence {
    folder: PathBuf,
    lock: OnceLock<Option<File>>,
}

impl Presence {
    /// Creates the registration of a process that has not written yet.
    pub(super) fn new(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
            lock: OnceLock::new(),
        }
    }

    /// Call this before any write. The first call sweeps if no other process writes here; where that is not possible,
    /// leftovers stay.
    pub(super) fn begin(&self) {
        self.lock.get_or_init(|| present(&self.folder));
    }
}

fn present(folder: &Path) -> Option<File> {
    let lock = fs::symlink_metadata(folder)
        .ok()
        .filter(fs::Metadata::is_dir)
        .and_then(|_| File::open(folder).ok())?;
    if lock.try_lock().is_ok() {
        sweep(folder);
        // Downgrading to a shared lock requires releasing the exclusive one first.
        lock.unlock().ok()?;
    }
    for _ in 0..TRIES {
        match lock.try_lock_shared() {
            Ok(()) => return Some(lock),
            Err(TryLockError::WouldBlock) => thread::sleep(Duration::from_millis(1)),
            Err(TryLockError::Error(_)) => return None,
        }
    }
    None
}

/// Removes leftovers in the folder and in the folders of objects. Follows no link.
fn sweep(folder: &Path) {
    sweep_one(folder);
    let objects = folder.join("objects");
    for drawer in folders(&objects) {
        sweep_one(&drawer);
    }
}

fn sweep_one(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let is_ours = BEGINNINGS
            .iter()
            .any(|beginning| name.as_bytes().starts_with(beginning));
        if !is_ours {
            continue;
        }
        let path = entry.path();
        // If this fails, the next run tries again.
        let _ = match entry.file_type() {
            Ok(kind) if kind.is_dir() => remove_founding(&path),
            _ => fs::remove_file(&path),
        };
    }
}

/// A folder for an unfinished founding contains only files.
fn remove_founding(folder: &Path) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if !entry.file_type()?.is_dir() {
            fs::remove_file(entry.path())?;
        }
    }
    fs::remove_dir(folder)
}

/// Returns the real folders of objects.
fn folders(objects: &Path) -> Vec<PathBuf> {
    let is_plain = |path: &Path| fs::symlink_metadata(path).is_ok_and(|facts| facts.is_dir());
    if !is_plain(objects) {
        return Vec::new();
    }
    fs::read_dir(objects)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.file_name().is_some_and(is_drawer) && is_plain(path))
        .collect()
}

fn is_drawer(name: &OsStr) -> bool {
    name.len() == 2
}

#[cfg(test)]
mod tests {
    use super::Presence;
    use std::fs;

    #[test]
    fn leftovers_are_removed_when_no_other_run_writes() {
        let world = tempfile::tempdir().unwrap();
        let folder = world.path();
        fs::create_dir_all(folder.join("objects/ab")).unwrap();
        fs::create_dir_all(folder.join(".founding-1")).unwrap();
        let left = [
            ".head-1",
            "objects/ab/.new-1",
            ".new-2",
            ".snapshot-1",
            ".founding-1/ledger.db",
        ];
        let stays = ["head", "objects/ab/cd", ".newer"];
        for name in left.iter().chain(&stays) {
            fs::write(folder.join(name), "").unwrap();
        }
        let other = Presence::new(folder);
        other.begin();
        for name in left {
            assert!(!folder.join(name).exists(), "{name}");
        }
        for name in stays {
            assert!(folder.join(name).exists(), "{name}");
        }
        fs::write(folder.join(".new-3"), "").unwrap();
        Presence::new(folder).begin();
        assert!(folder.join(".new-3").exists(), "another run is active");
        drop(other);
        Presence::new(folder).begin();
        assert!(!folder.join(".new-3").exists());
    }
}
