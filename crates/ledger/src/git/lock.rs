//! The lock of an environment: a file that its holder changes as a sign of life.
//!
//! It is pushed together with the entry that says that the lease was taken, and removed together with the one that says
//! that it was returned. A waiting writer frees a lock that has not changed for some time *on its own clock*, so that
//! the clocks of two machines are never compared. The ledger's fence stops a holder that was only suspended.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::branch::{Branch, Changes, State};
use super::layout::{self, StoredLock};
use crate::lease::{Holder, Lock, check_name, introduce};
use crate::shared::{RENEW_EVERY, Renewal, TIME_TO_LIVE};
use crate::{LedgerError, LockGuard, random};
use evenkeel_model::{EnvironmentName, Moment, name};

/// The interval between two looks of a waiting writer.
const PAUSE: Duration = Duration::from_secs(1);

/// The age, by this machine's clock, from which a lock may be of a holder that died. It only decides who looks closer.
const DOUBTFUL: i64 = 60_000;

/// A lock that this run takes or holds.
#[derive(Clone, Debug)]
pub(super) struct Holding {
    stored: StoredLock,
    /// Whether it was pushed.
    is_pushed: bool,
    /// The lock of a dead holder that it replaces.
    replaces: Option<StoredLock>,
}

/// Returns the changes that take the lock, within an append that takes the lease. `newest` is the token before it.
///
/// # Errors
///
/// [`LedgerError::Fenced`] when another writer took the lock since: the caller reads the lock again.
pub(super) fn taking(
    branch: &Branch,
    state: &mut State,
    environment: &EnvironmentName,
    newest: u64,
) -> Result<Changes, LedgerError> {
    let Some(holding) = state.holdings.get(environment).cloned() else {
        return Ok(Changes::new());
    };
    let there = branch.lock_in(state, environment)?;
    let is_own = there
        .as_ref()
        .is_some_and(|there| there.name == holding.stored.name);
    let is_replaced = there == holding.replaces;
    if !is_own && !is_replaced {
        return Err(LedgerError::Fenced {
            environment: environment.clone(),
            held: newest,
            newest,
        });
    }
    let changes = write(branch, environment, Some(&holding.stored))?;
    if let Some(holding) = state.holdings.get_mut(environment) {
        holding.is_pushed = true;
    }
    Ok(changes)
}

/// Returns the changes that free the lock, within an append that returns the lease.
pub(super) fn returning(
    branch: &Branch,
    state: &mut State,
    environment: &EnvironmentName,
) -> Result<Changes, LedgerError> {
    let Some(holding) = state.holdings.get(environment).cloned() else {
        return Ok(Changes::new());
    };
    let there = branch.lock_in(state, environment)?;
    if there.is_some_and(|there| there.name == holding.stored.name) {
        return write(branch, environment, None);
    }
    Ok(Changes::new())
}

fn write(
    branch: &Branch,
    environment: &EnvironmentName,
    stored: Option<&StoredLock>,
) -> Result<Changes, LedgerError> {
    let content = match stored {
        None => None,
        Some(stored) => {
            let mut bytes = serde_json::to_vec(stored)
                .map_err(|error| branch.repository.failed("lock", error.to_string()))?;
            bytes.push(b'\n');
            Some(bytes)
        }
    };
    Ok(vec![(layout::lock(environment), content)])
}

/// A held lock, with the thread that shows its life.
struct HeldFile {
    branch: Arc<Branch>,
    environment: EnvironmentName,
    name: String,
    since: Moment,
    renewal: Arc<Renewal>,
    /// Dropped to end the thread.
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl LockGuard for HeldFile {
    fn confirm(&self) -> Result<(), LedgerError> {
        if self.renewal.is_fresh() {
            return Ok(());
        }
        beat(
            &self.branch,
            &self.environment,
            &self.name,
            self.since,
            &self.renewal,
        )
    }
}

impl Drop for HeldFile {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
        let holding = {
            let mut state = self.branch.state();
            let is_own = state
                .holdings
                .get(&self.environment)
                .is_some_and(|holding| holding.stored.name == self.name);
            if is_own {
                state.holdings.remove(&self.environment)
            } else {
                None
            }
        };
        // The entry that returns the lease has freed the lock, unless it could not be appended.
        if holding.is_some_and(|holding| holding.is_pushed) {
            let _ = self.branch.push(self.since, |branch, state| {
                let there = branch.lock_in(state, &self.environment)?;
                if there.is_none_or(|there| there.name != self.name) {
                    return Ok((String::new(), Changes::new()));
                }
                let changes = write(branch, &self.environment, None)?;
                Ok((format!("{}: unlock", self.environment), changes))
            });
        }
    }
}

/// Takes the lock, waiting at most `wait`; it is pushed with the lease.
///
/// # Errors
///
/// Like [`Store::lock`](crate::Store::lock).
pub(super) fn take(
    branch: &Arc<Branch>,
    environment: &EnvironmentName,
    holder: &Holder,
    wait: Option<Duration>,
) -> Result<Box<dyn LockGuard>, LedgerError> {
    check_name(environment)?;
    let begun = Instant::now();
    let mut observed: Option<(StoredLock, Instant)> = None;
    let mut is_alive = false;
    let replaces = loop {
        branch.refresh()?;
        let there = {
            let mut state = branch.state();
            if let Some(own) = state.holdings.get(environment) {
                Some(own.stored.clone())
            } else {
                branch.lock_in(&mut state, environment)?
            }
        };
        let Some(there) = there else {
            break None;
        };
        let unchanged = match &observed {
            Some((before, since)) if *before == there => since.elapsed(),
            before => {
                is_alive |= before.is_some();
                observed = Some((there.clone(), Instant::now()));
                Duration::ZERO
            }
        };
        if unchanged >= TIME_TO_LIVE {
            break Some(there);
        }
        let left = wait.unwrap_or_default().saturating_sub(begun.elapsed());
        // A holder that may have died is watched for as long as a living one is silent.
        let age = holder.since.as_millisecond() - there.holder.since.as_millisecond();
        let is_doubtful =
            !is_alive && !(0..DOUBTFUL).contains(&age) && there.holder.by != holder.by;
        let watching = if is_doubtful {
            TIME_TO_LIVE.saturating_sub(unchanged)
        } else {
            Duration::ZERO
        };
        let left = left.max(watching);
        if left.is_zero() {
            return Err(LedgerError::Held {
                environment: environment.clone(),
                holder: introduce(Some(&there.holder)),
            });
        }
        if branch.ending.load(Ordering::SeqCst) {
            return Err(LedgerError::Interrupted {
                awaited: introduce(Some(&there.holder)),
            });
        }
        thread::sleep(left.min(PAUSE));
    };
    let stored = StoredLock {
        holder: holder.clone(),
        name: random::lineage()?,
        beat: 0,
    };
    let name = stored.name.clone();
    branch.state().holdings.insert(
        environment.clone(),
        Holding {
            stored,
            is_pushed: false,
            replaces,
        },
    );
    Ok(Box::new(held(branch, environment, name, holder.since)))
}

/// Starts the signs of life of a lock.
fn held(
    branch: &Arc<Branch>,
    environment: &EnvironmentName,
    name: String,
    since: Moment,
) -> HeldFile {
    let renewal = Arc::new(Renewal::now());
    let (stop, stopped) = mpsc::channel::<()>();
    let thread = {
        let (branch, environment) = (Arc::clone(branch), environment.clone());
        let (name, renewal) = (name.clone(), Arc::clone(&renewal));
        thread::Builder::new()
            .name("lock".to_owned())
            .spawn(move || {
                while stopped.recv_timeout(RENEW_EVERY) == Err(RecvTimeoutError::Timeout) {
                    // A failed sign is repeated; the holder's next check decides what it means.
                    let _ = beat(&branch, &environment, &name, since, &renewal);
                }
            })
            // Without the thread, every check of the holder is a sign of life.
            .ok()
    };
    HeldFile {
        branch: Arc::clone(branch),
        environment: environment.clone(),
        name,
        since,
        renewal,
        stop: Some(stop),
        thread,
    }
}

/// Changes a lock that is still held. One that is not pushed yet needs no sign of life.
fn beat(
    branch: &Branch,
    environment: &EnvironmentName,
    name: &str,
    time: Moment,
    renewal: &Renewal,
) -> Result<(), LedgerError> {
    let asked = Renewal::now();
    branch.push(time, |branch, state| {
        let own = state
            .holdings
            .get(environment)
            .filter(|holding| holding.stored.name == name)
            .cloned();
        if own.as_ref().is_some_and(|holding| !holding.is_pushed) {
            return Ok((String::new(), Changes::new()));
        }
        let there = branch.lock_in(state, environment)?;
        match there {
            Some(there) if there.name == name && own.is_some() => {
                let next = StoredLock {
                    beat: there.beat + 1,
                    ..there
                };
                let changes = write(branch, environment, Some(&next))?;
                if let Some(holding) = state.holdings.get_mut(environment) {
                    holding.stored = next;
                }
                Ok((format!("{environment}: lock held"), changes))
            }
            other => Err(LedgerError::Held {
                environment: environment.clone(),
                holder: match other {
                    Some(other) => introduce(Some(&other.holder)),
                    None => "no run: it was taken away from this one".to_owned(),
                },
            }),
        }
    })?;
    renewal.advance(&asked);
    Ok(())
}

/// Returns the holder of an environment's lock, if any. Changes nothing on the remote.
///
/// # Errors
///
/// When the remote cannot be read.
pub(super) fn look(branch: &Branch, environment: &EnvironmentName) -> Result<Lock, LedgerError> {
    if !name::is_word(environment.as_str()) {
        return Ok(Lock::Free);
    }
    branch.refresh()?;
    let mut state = branch.state();
    if let Some(own) = state.holdings.get(environment) {
        return Ok(Lock::Held(Some(own.stored.holder.clone())));
    }
    Ok(match branch.lock_in(&mut state, environment)? {
        None => Lock::Free,
        Some(stored) => Lock::Held(Some(stored.holder)),
    })
}

/// Frees the lock, regardless of its holder.
///
/// # Errors
///
/// When the push is refused.
pub(super) fn break_open(
    branch: &Branch,
    environment: &EnvironmentName,
) -> Result<(), LedgerError> {
    check_name(environment)?;
    let Some(tip) = branch.refresh()? else {
        return Ok(());
    };
    let time = match branch.head_at(&tip)? {
        // The time of the break is in its entry; the commit follows it at once.
        crate::Head::Known(head) => super::ledger::row_at(branch, &tip, head.sequence)?
            .and_then(|row| {
                let line = String::from_utf8(row.line).ok()?;
                Some(crate::entry::read(&line).ok()?.time)
            })
            .unwrap_or_else(|| Moment::from_millisecond(0)),
        _ => Moment::from_millisecond(0),
    };
    branch.state().holdings.remove(environment);
    branch.push(time, |branch, state| {
        if branch.lock_in(state, environment)?.is_none() {
            return Ok((String::new(), Changes::new()));
        }
        let changes = write(branch, environment, None)?;
        Ok((format!("{environment}: unlock"), changes))
    })
}
