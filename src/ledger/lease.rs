//! The lease: the right to change one environment, held by one writer at a time.
//!
//! Two things make it safe. A lock of the operating system on `locks/<environment>.lock` keeps writers of this machine
//! apart, and dies with its holder. A token that rises with every lease, checked by the ledger in the transaction of
//! every append, shuts out a holder who was overtaken while he slept.

use std::fs::{File, TryLockError};
use std::io::{Read, Seek, Write};
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
    let mut lock =
        folder::open_private(path).map_err(|error| LedgerError::storage("open", path, error))?;
    let begun = Instant::now();
    loop {
        match lock.try_lock() {
            Ok(()) => return Ok(lock),
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
mod tests {
    use super::{Lease, holder};
    use crate::ledger::conformance::{lease as taken, time};
    use crate::ledger::record::Actor;
    use crate::ledger::{Ledger, LedgerError, MemoryLedger};
    use crate::model::EnvironmentName;
    use crate::model::moment::FixedClock;
    use std::time::Duration;

    fn ada() -> Actor {
        Actor {
            name: "ada".to_owned(),
            host: "engine".to_owned(),
            process: 7,
        }
    }

    fn kinds(ledger: &MemoryLedger) -> Vec<String> {
        let entries = ledger.read(0).unwrap();
        entries.into_iter().map(|entry| entry.kind).collect()
    }

    #[test]
    fn one_writer_holds_an_environment_and_others_hear_who() {
        let world = tempfile::tempdir().unwrap();
        let ledger = MemoryLedger::found("guestbook", time(0), "lineage").unwrap();
        let clock = FixedClock(time(5));
        let take = |environment: &str, wait| {
            let environment = EnvironmentName::new(environment);
            Lease::take(
                &ledger,
                &clock,
                world.path(),
                &environment,
                &ada(),
                "apply",
                wait,
            )
        };
        let first = take("staging", None).unwrap();
        assert_eq!(first.fence().token, 1);
        let refused = take("staging", Some(Duration::from_millis(60)))
            .err()
            .unwrap();
        let said = format!("ada on engine (process 7) since {}, for `apply`", time(5));
        assert_eq!(refused.to_string(), format!("staging is held by {said}"));
        let staging = EnvironmentName::new("staging");
        assert_eq!(holder(world.path(), &staging).unwrap(), Some(said));
        take("production", None).unwrap().give_back().unwrap();
        drop(first);
        assert_eq!(holder(world.path(), &staging).unwrap(), None);
        let second = take("staging", None).unwrap();
        assert_eq!(second.fence().token, 2);
        drop(second);
        assert_eq!(
            kinds(&ledger),
            [
                "founded",
                "lease-taken",
                "lease-taken",
                "lease-returned",
                "lease-returned",
                "lease-taken",
                "lease-returned"
            ]
        );
    }

    #[test]
    fn waiting_ends_when_the_holder_leaves() {
        let world = tempfile::tempdir().unwrap();
        let ledger = MemoryLedger::found("guestbook", time(0), "lineage").unwrap();
        let clock = FixedClock(time(5));
        let staging = EnvironmentName::new("staging");
        let first = Lease::take(
            &ledger,
            &clock,
            world.path(),
            &staging,
            &ada(),
            "apply",
            None,
        )
        .unwrap();
        std::thread::scope(|scope| {
            let second = scope.spawn(|| {
                let patience = Some(Duration::from_secs(30));
                Lease::take(
                    &ledger,
                    &clock,
                    world.path(),
                    &staging,
                    &ada(),
                    "apply",
                    patience,
                )
                .unwrap()
                .fence()
                .token
            });
            std::thread::sleep(Duration::from_millis(100));
            drop(first);
            assert_eq!(second.join().unwrap(), 2);
        });
    }

    #[test]
    fn a_holder_who_was_overtaken_can_write_nothing() {
        let world = tempfile::tempdir().unwrap();
        let ledger = MemoryLedger::found("guestbook", time(0), "lineage").unwrap();
        let clock = FixedClock(time(5));
        let staging = EnvironmentName::new("staging");
        let old = Lease::take(
            &ledger,
            &clock,
            world.path(),
            &staging,
            &ada(),
            "apply",
            None,
        )
        .unwrap();
        // Somebody removed the lock file, and with it the lock's meaning; the token still has one.
        std::fs::remove_file(world.path().join("locks/staging.lock")).unwrap();
        let new = Lease::take(
            &ledger,
            &clock,
            world.path(),
            &staging,
            &ada(),
            "apply",
            None,
        )
        .unwrap();
        let refused = ledger.append(time(6), &[taken("production", 1)], Some(old.fence()));
        assert!(matches!(
            refused,
            Err(LedgerError::Fenced {
                held: 1,
                newest: 2,
                ..
            })
        ));
        assert!(matches!(old.give_back(), Err(LedgerError::Fenced { .. })));
        ledger
            .append(time(6), &[taken("production", 1)], Some(new.fence()))
            .unwrap();
    }

    #[test]
    fn an_environment_cannot_name_a_file_elsewhere() {
        let world = tempfile::tempdir().unwrap();
        let ledger = MemoryLedger::found("guestbook", time(0), "lineage").unwrap();
        let clock = FixedClock(time(5));
        let outside = EnvironmentName::new("../outside");
        let refused = Lease::take(
            &ledger,
            &clock,
            world.path(),
            &outside,
            &ada(),
            "apply",
            None,
        );
        assert!(matches!(refused, Err(LedgerError::Unusable { .. })));
    }
}
