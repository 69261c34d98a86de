//! The lease: the right to change one environment, held by one writer at a time.
//!
//! Two things make it safe. A lock of the operating system on `locks/<environment>.lock` keeps writers of this machine
//! apart, and dies with its holder. A token that rises with every lease, checked by the ledger in the transaction of
//! every append, shuts out a holder who was overtaken while he slept.

use std::fmt;
use std::fs::{self, File, TryLockError};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::record::{Actor, LeaseBroken, LeaseReturned, LeaseTaken};
use super::{Fence, Ledger, LedgerError, folder};
use evenkeel_model::text::inert;
use evenkeel_model::{Clock, EnvironmentName, Moment, name};

/// How often a waiting writer asks again.
const PAUSE: Duration = Duration::from_millis(50);

/// A lock that is found taken is tried again so often, even by who does not wait: whoever looks whose it is has it for a
/// moment.
const TRIES: u32 = 3;

/// The most that is read of a lock file.
const LONGEST: u64 = 64 * 1024;

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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Holder {
    /// Who.
    pub by: Actor,
    /// Since when.
    pub since: Moment,
    /// For what: the command.
    pub purpose: String,
}

impl fmt::Display for Holder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{} on {} (process {}) since {}, for `{}`",
            inert(&self.by.name),
            inert(&self.by.host),
            self.by.process,
            self.since,
            inert(&self.purpose),
        )
    }
}

/// The lock of an environment as it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lock {
    /// Nobody of this machine has it.
    Free,
    /// Somebody who is alive has it, and wrote who he is; nothing, when that cannot be read.
    Held(Option<Holder>),
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

    /// Gives it back, and appends that it was; when that cannot be appended, the lease is free all the same.
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

/// Who has the lock of an environment now, if anybody of this machine does. Looks, and changes nothing.
///
/// # Errors
///
/// When the lock file is there and cannot be looked at.
pub fn lock(folder: &Path, environment: &EnvironmentName) -> Result<Lock, LedgerError> {
    let path = folder.join("locks").join(format!("{environment}.lock"));
    if !name::is_word(environment.as_str()) || !folder::is_there(&path)? {
        return Ok(Lock::Free);
    }
    let mut lock = match File::open(&path) {
        Ok(lock) => lock,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Lock::Free),
        Err(error) => return Err(LedgerError::storage("open", &path, error)),
    };
    match lock.try_lock_shared() {
        Ok(()) => Ok(Lock::Free),
        Err(TryLockError::WouldBlock) => Ok(Lock::Held(holder_in(&mut lock))),
        Err(TryLockError::Error(error)) => Err(LedgerError::storage("lock", &path, error)),
    }
}

/// Breaks a lease, for a holder who hangs: whatever he still does, the ledger refuses his entries.
///
/// Returns the token that took its place; the environment is free then. The breaking is in the ledger, with who did it
/// and why.
///
/// # Errors
///
/// [`LedgerError::Fenced`] when it is not the newest lease: somebody else holds the environment by now.
pub fn break_open(
    ledger: &dyn Ledger,
    clock: &dyn Clock,
    folder: &Path,
    held: &LeaseTaken,
    actor: &Actor,
    reason: &str,
) -> Result<u64, LedgerError> {
    let environment = &held.environment;
    let path = lock_path(folder, environment)?;
    let fence = Fence {
        environment: environment.clone(),
        token: held.token,
    };
    let broken = LeaseBroken {
        environment: environment.clone(),
        token: held.token,
        held_by: held.by.clone(),
        purpose: held.purpose.clone(),
        by: actor.clone(),
        reason: reason.to_owned(),
    };
    // Versions that do not know of breaking understand these two, and so do those who only count tokens.
    let token = held.token + 1;
    let taken = LeaseTaken {
        environment: environment.clone(),
        token,
        by: actor.clone(),
        purpose: format!("break the lease with token {}", held.token),
    };
    let returned = LeaseReturned {
        environment: environment.clone(),
        token,
    };
    // The ledger first: between the two, the old holder can write nothing and nobody else is let in.
    ledger.append(
        clock.now(),
        &[broken.into(), taken.into(), returned.into()],
        Some(&fence),
    )?;
    match fs::remove_file(&path) {
        Ok(()) => {}
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(LedgerError::storage("remove", &path, error)),
    }
    Ok(token)
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
    let mut tries = 0;
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

/// Who holds a lock, as a sentence says it.
pub fn introduce(holder: Option<&Holder>) -> String {
    holder.map_or_else(
        || "somebody who has not said who".to_owned(),
        Holder::to_string,
    )
}

/// What the holder wrote of himself.
fn holder_in(lock: &mut File) -> Option<Holder> {
    let mut text = String::new();
    lock.rewind().ok()?;
    lock.take(LONGEST).read_to_string(&mut text).ok()?;
    serde_json::from_str(&text).ok()
}

#[cfg(test)]
#[path = "lease_tests.rs"]
mod tests;
