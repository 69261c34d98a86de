//! The lock of an environment: an operating system lock on `locks/<environment>.lock`, which excludes other writers on
//! this machine and is released when its holder dies.
//!
//! The ledger records who held it and why it was broken, see `lease`.

use std::fs::{self, File, TryLockError};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::{files, opening};
use crate::lease::{Holder, Lock, check_name, introduce};
use crate::{LedgerError, LockGuard};
use evenkeel_model::{EnvironmentName, name};

/// The interval between two tries of a waiting writer.
const PAUSE: Duration = Duration::from_millis(50);

/// The number of tries on a taken lock, even without waiting: a process that checks the holder takes the lock for a
/// moment, and a process that a killed holder was starting has it until it is another program.
const TRIES: u32 = 30;

/// The most bytes read from a lock file.
const LONGEST: u64 = 64 * 1024;

/// A lock file that stays locked while it is open.
struct LockedFile(File);

impl LockGuard for LockedFile {}

impl Drop for LockedFile {
    fn drop(&mut self) {
        // The file's content is valid only while the lock is held, and closing the file releases it.
        let _ = describe(&mut self.0, None);
        let _ = self.0.unlock();
    }
}

/// Takes the lock, waiting at most `wait`, and writes the holder into its file.
///
/// # Errors
///
/// Like [`Store::lock`](crate::Store::lock).
pub fn take(
    folder: &Path,
    environment: &EnvironmentName,
    holder: &Holder,
    wait: Option<Duration>,
    ending: &AtomicBool,
) -> Result<Box<dyn LockGuard>, LedgerError> {
    check_name(environment)?;
    files::ensure(&folder.join("locks"))?;
    let path = path(folder, environment);
    let mut lock = LockedFile(acquire(&path, environment, wait, ending)?);
    describe(&mut lock.0, Some(holder))
        .map_err(|error| LedgerError::storage("write", &path, error))?;
    Ok(Box::new(lock))
}

/// Returns the holder of an environment's lock on this machine, if any. Changes nothing.
///
/// # Errors
///
/// When the lock file exists and is unreadable.
pub fn look(folder: &Path, environment: &EnvironmentName) -> Result<Lock, LedgerError> {
    let path = path(folder, environment);
    if !name::is_word(environment.as_str()) {
        return Ok(Lock::Free);
    }
    let name = format!("{environment}.lock");
    let Some(mut lock) = opening::open(folder, &["locks", &name])? else {
        return Ok(Lock::Free);
    };
    match lock.try_lock_shared() {
        Ok(()) => Ok(Lock::Free),
        Err(TryLockError::WouldBlock) => Ok(Lock::Held(holder_in(&mut lock))),
        Err(TryLockError::Error(error)) => Err(LedgerError::storage("lock", &path, error)),
    }
}

/// Removes the lock file: its current holder no longer excludes other writers.
///
/// # Errors
///
/// [`LedgerError::Storage`].
pub fn break_open(folder: &Path, environment: &EnvironmentName) -> Result<(), LedgerError> {
    check_name(environment)?;
    let path = path(folder, environment);
    match fs::remove_file(&path) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(LedgerError::storage("remove", &path, error)),
    }
}

fn path(folder: &Path, environment: &EnvironmentName) -> PathBuf {
    folder.join("locks").join(format!("{environment}.lock"))
}

fn acquire(
    path: &Path,
    environment: &EnvironmentName,
    wait: Option<Duration>,
    ending: &AtomicBool,
) -> Result<File, LedgerError> {
    let begun = Instant::now();
    let mut tries = 0;
    loop {
        // The existing file must be a regular file: a pipe would not exclude other writers.
        files::is_there(path)?;
        let mut lock =
            files::open_private(path).map_err(|error| LedgerError::storage("open", path, error))?;
        match lock.try_lock() {
            Ok(()) if is_at(&lock, path) => return Ok(lock),
            // The lease was broken meanwhile: the lock of a removed file excludes no writer.
            Ok(()) => continue,
            Err(TryLockError::Error(error)) => {
                return Err(LedgerError::storage("lock", path, error));
            }
            Err(TryLockError::WouldBlock) => {}
        }
        tries += 1;
        let left = wait.unwrap_or_default().saturating_sub(begun.elapsed());
        if left.is_zero() && tries < TRIES {
            thread::sleep(PAUSE / 5);
            continue;
        }
        if left.is_zero() {
            return Err(LedgerError::Held {
                environment: environment.clone(),
                holder: introduce(holder_in(&mut lock).as_ref()),
            });
        }
        if ending.load(Ordering::SeqCst) {
            return Err(LedgerError::Interrupted {
                awaited: introduce(holder_in(&mut lock).as_ref()),
            });
        }
        thread::sleep(left.min(PAUSE));
    }
}

/// Returns whether this open file is the one at `path`.
fn is_at(file: &File, path: &Path) -> bool {
    match (file.metadata(), fs::symlink_metadata(path)) {
        (Ok(own), Ok(there)) => (own.dev(), own.ino()) == (there.dev(), there.ino()),
        _ => false,
    }
}

/// Writes the holder of the lock into its file, or clears it.
fn describe(lock: &mut File, holder: Option<&Holder>) -> std::io::Result<()> {
    lock.rewind()?;
    lock.set_len(0)?;
    if let Some(holder) = holder {
        let mut line = serde_json::to_string(holder)?;
        line.push('\n');
        lock.write_all(line.as_bytes())?;
    }
    Ok(())
}

/// Returns the holder as written in the file.
fn holder_in(lock: &mut File) -> Option<Holder> {
    let mut text = String::new();
    lock.rewind().ok()?;
    lock.take(LONGEST).read_to_string(&mut text).ok()?;
    serde_json::from_str(&text).ok()
}
