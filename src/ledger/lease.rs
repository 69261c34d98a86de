//! The lease: the right to change one environment, held by one writer at a time.
//!
//! Two things make it safe. A lock of the operating system on `locks/<environment>.lock` keeps writers of this machine
//! apart, and dies with its holder. A token that rises with every lease, checked by the ledger in the transaction of
//! every append, shuts out a holder who was overtaken while he slept.

use std::fs::{self, File, TryLockError};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::record::{Actor, LeaseReturned, LeaseTaken};
use super::{Fence, Ledger, LedgerError, folder};
use crate::model::{Clock, EnvironmentName, Moment, name};

/// How often a waiting writer asks again.
const PAUSE: Duration = Duration::from_millis(50);

/// A lease that is held; given back when it is dropped.
#[must_use = "the lease is given back when it is dropped"]
pub struct Lease<'ledger> {
    ledger: &'ledger dyn Ledger,
    clock: &'ledger dyn Clock,
    fence: Fence,
    /// The lock is held as long as this is open.
    lock: File,
    returned: bool,
}

/// What a holder writes into the lock file, for whoever finds it locked.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Holder {
    by: Actor,
    since: Moment,
    purpose: String,
}

impl<'ledger> Lease<'ledger> {
    /// Takes the lease on an environment, waiting at most `wait` for its holder, and appends that it was taken.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Held`] when somebody else holds it; any other when it could not be written.
    pub fn take(
        ledger: &'ledger dyn Ledger,
        clock: &'ledger dyn Clock,
        folder: &Path,
        environment: &EnvironmentName,
        actor: &Actor,
        purpose: &str,
        wait: Option<Duration>,
    ) -> Result<Self, LedgerError> {
        let path = lock_path(folder, environment)?;
        let mut lock = acquire(&path, environment, wait)?;
        let holder = Holder {
            by: actor.clone(),
            since: clock.now(),
            purpose: purpose.to_owned(),
        };
        describe(&mut lock, Some(&holder))
            .map_err(|error| LedgerError::storage("write", &path, error))?;
        let token = loop {
            let token = ledger.newest_token(environment)? + 1;
            let record = LeaseTaken {
                environment: environment.clone(),
                token,
                by: actor.clone(),
                purpose: purpose.to_owned(),
            };
            match ledger.append(clock.now(), &[record.into()], None) {
                Ok(_) => break token,
                // Somebody with another lock file, such as one that was removed, was faster.
                Err(LedgerError::Fenced { .. }) => {}
                Err(error) => return Err(error),
            }
        };
        Ok(Self {
            ledger,
            clock,
            fence: Fence {
                environment: environment.clone(),
                token,
            },
            lock,
            returned: false,
        })
    }

    /// The right that every append of its holder shows.
    #[must_use]
    pub fn fence(&self) -> &Fence {
        &self.fence
    }

    /// Gives it back and appends that it was.
    ///
    /// # Errors
    ///
    /// When that could not be appended; the lease is free all the same.
    pub fn give_back(mut self) -> Result<(), LedgerError> {
        self.release()
    }

    fn release(&mut self) -> Result<(), LedgerError> {
        self.returned = true;
        let returned = LeaseReturned {
            environment: self.fence.environment.clone(),
            token: self.fence.token,
        };
        let outcome = self
            .ledger
            .append(self.clock.now(), &[returned.into()], Some(&self.fence));
        // What stands in the file is only read while the lock is held, and closing it unlocks it.
        let _ = describe(&mut self.lock, None);
        let _ = self.lock.unlock();
        outcome.map(drop)
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        if !self.returned {
            // Nobody depends on the entry: the lock is what others wait for.
            let _ = self.release();
        }
    }
}

/// Who holds the lease on an environment now, if anybody of this machine does. Looks, and changes nothing.
///
/// # Errors
///
/// When the lock file is there and cannot be looked at.
pub fn holder(folder: &Path, environment: &EnvironmentName) -> Result<Option<String>, LedgerError> {
    let path = folder.join("locks").join(format!("{environment}.lock"));
    if !name::is_word(environment.as_str()) {
        return Ok(None);
    }
    let mut lock = match File::open(&path) {
        Ok(lock) => lock,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(LedgerError::storage("open", &path, error)),
    };
    match lock.try_lock_shared() {
        Ok(()) => Ok(None),
        Err(TryLockError::WouldBlock) => Ok(Some(introduce(&mut lock))),
        Err(TryLockError::Error(error)) => Err(LedgerError::storage("lock", &path, error)),
    }
}

/// Breaks the lease with this token, for a holder who hangs: whatever he still does, the ledger refuses his entries.
///
/// Returns the token that took its place; the environment is free then. The breaking is in the ledger, with who did it.
///
/// # Errors
///
/// [`LedgerError::Fenced`] when `token` is not the newest: somebody else holds the lease by now.
pub fn break_open(
    ledger: &dyn Ledger,
    clock: &dyn Clock,
    folder: &Path,
    environment: &EnvironmentName,
    actor: &Actor,
    token: u64,
) -> Result<u64, LedgerError> {
    let path = lock_path(folder, environment)?;
    let fence = Fence {
        environment: environment.clone(),
        token,
    };
    let breaking = LeaseTaken {
        environment: environment.clone(),
        token: token + 1,
        by: actor.clone(),
        purpose: format!("break the lease with token {token}"),
    };
    let returned = LeaseReturned {
        environment: environment.clone(),
        token: token + 1,
    };
    // The ledger first: between the two, the old holder can write nothing and nobody else is let in.
    ledger.append(
        clock.now(),
        &[breaking.into(), returned.into()],
        Some(&fence),
    )?;
    match fs::remove_file(&path) {
        Ok(()) => {}
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(LedgerError::storage("remove", &path, error)),
    }
    Ok(token + 1)
}

fn lock_path(folder: &Path, environment: &EnvironmentName) -> Result<PathBuf, LedgerError> {
    if !name::is_word(environment.as_str()) {
        return Err(LedgerError::unusable(
            Path::new(environment.as_str()),
            "it is not the name of an environment",
            "use lower-case letters, digits and hyphens",
        ));
    }
    let locks = folder.join("locks");
    folder::ensure(&locks)?;
    Ok(locks.join(format!("{environment}.lock")))
}

fn acquire(
    path: &Path,
    environment: &EnvironmentName,
    wait: Option<Duration>,
) -> Result<File, LedgerError> {
    let begun = Instant::now();
    loop {
        let mut lock = folder::open_private(path)
            .map_err(|error| LedgerError::storage("open", path, error))?;
        match lock.try_lock() {
            Ok(()) if is_at(&lock, path) => return Ok(lock),
            // The lease was broken meanwhile: the lock of a removed file keeps nobody out.
            Ok(()) => continue,
            Err(TryLockError::Error(error)) => {
                return Err(LedgerError::storage("lock", path, error));
            }
            Err(TryLockError::WouldBlock) => {}
        }
        let left = wait.unwrap_or_default().saturating_sub(begun.elapsed());
        if left.is_zero() {
            return Err(LedgerError::Held {
                environment: environment.clone(),
                holder: introduce(&mut lock),
            });
        }
        thread::sleep(left.min(PAUSE));
    }
}

/// Whether this open file is the one that lies at `path`.
fn is_at(file: &File, path: &Path) -> bool {
    match (file.metadata(), fs::symlink_metadata(path)) {
        (Ok(own), Ok(there)) => (own.dev(), own.ino()) == (there.dev(), there.ino()),
        _ => false,
    }
}

/// Writes who holds the lock into its file, or that nobody does.
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

/// Who holds the lock, as a sentence says it.
fn introduce(lock: &mut File) -> String {
    let mut text = String::new();
    let read = lock
        .rewind()
        .and_then(|()| lock.take(64 * 1024).read_to_string(&mut text));
    match serde_json::from_str::<Holder>(&text) {
        Ok(Holder { by, since, purpose }) if read.is_ok() => format!(
            "{} on {} (process {}) since {since}, for `{purpose}`",
            crate::text::inert(&by.name),
            crate::text::inert(&by.host),
            by.process,
            purpose = crate::text::inert(&purpose),
        ),
        _ => "somebody who has not said who".to_owned(),
    }
}

#[cfg(test)]
#[path = "lease_tests.rs"]
mod tests;
