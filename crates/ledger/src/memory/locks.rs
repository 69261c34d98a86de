//! Locks in memory, with waiting.

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::lease::{Holder, Lock, check_name, introduce};
use crate::{LedgerError, LockGuard};
use evenkeel_model::EnvironmentName;

/// The locks of all environments.
#[derive(Debug, Default)]
pub(super) struct Locks {
    held: Mutex<Held>,
    freed: Condvar,
}

#[derive(Debug, Default)]
struct Held {
    /// The number of each lock ever taken: a broken one must not release its successor.
    taken: u64,
    by: BTreeMap<EnvironmentName, (u64, Holder)>,
}

struct HeldLock {
    locks: Arc<Locks>,
    environment: EnvironmentName,
    number: u64,
}

impl LockGuard for HeldLock {}

impl Drop for HeldLock {
    fn drop(&mut self) {
        let mut held = self.locks.held();
        if held
            .by
            .get(&self.environment)
            .is_some_and(|(number, _)| *number == self.number)
        {
            held.by.remove(&self.environment);
            self.locks.freed.notify_all();
        }
    }
}

impl Locks {
    pub(super) fn take(
        locks: &Arc<Self>,
        environment: &EnvironmentName,
        holder: &Holder,
        wait: Option<Duration>,
    ) -> Result<Box<dyn LockGuard>, LedgerError> {
        check_name(environment)?;
        let begun = Instant::now();
        let mut held = locks.held();
        while let Some((_, other)) = held.by.get(environment) {
            let left = wait.unwrap_or_default().saturating_sub(begun.elapsed());
            if left.is_zero() {
                return Err(LedgerError::Held {
                    environment: environment.clone(),
                    holder: introduce(Some(other)),
                });
            }
            let woken = locks.freed.wait_timeout(held, left);
            (held, _) = woken.unwrap_or_else(PoisonError::into_inner);
        }
        held.taken += 1;
        let number = held.taken;
        held.by
            .insert(environment.clone(), (number, holder.clone()));
        Ok(Box::new(HeldLock {
            locks: Arc::clone(locks),
            environment: environment.clone(),
            number,
        }))
    }

    pub(super) fn look(&self, environment: &EnvironmentName) -> Lock {
        match self.held().by.get(environment) {
            Some((_, holder)) => Lock::Held(Some(holder.clone())),
            None => Lock::Free,
        }
    }

    /// Frees the lock, regardless of its holder. Returns whether it was held.
    pub(super) fn remove(&self, environment: &EnvironmentName) -> bool {
        let there = self.held().by.remove(environment).is_some();
        self.freed.notify_all();
        there
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
