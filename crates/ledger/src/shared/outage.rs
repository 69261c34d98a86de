//! An outage of the place of a shared ledger: a run waits for it once, and not again with each of its statements.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The time for which a run waits for a place that has answered before.
const PATIENCE: Duration = Duration::from_secs(15);

/// Whether a place answers, as seen by one run.
#[derive(Debug, Default)]
pub(crate) struct Outage {
    /// Whether this run has reached the place before: then its address is right, and it is away.
    is_known: AtomicBool,
    /// The start of the present outage.
    since: Mutex<Option<Instant>>,
}

impl Outage {
    /// Records that the place answers.
    pub(crate) fn is_over(&self) {
        self.is_known.store(true, Ordering::SeqCst);
        *self.since() = None;
    }

    /// Returns whether the place has answered before.
    pub(crate) fn is_known(&self) -> bool {
        self.is_known.load(Ordering::SeqCst)
    }

    /// Records that the place does not answer; returns whether to go on waiting.
    pub(crate) fn is_bearable(&self) -> bool {
        self.since().get_or_insert_with(Instant::now).elapsed() < PATIENCE
    }

    fn since(&self) -> std::sync::MutexGuard<'_, Option<Instant>> {
        self.since.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::{Outage, PATIENCE};
    use std::time::{Duration, Instant};

    #[test]
    fn an_outage_is_waited_for_once() {
        let outage = Outage::default();
        assert!(!outage.is_known());
        outage.is_over();
        assert!(outage.is_known() && outage.is_bearable());
        let long_ago = Instant::now().checked_sub(PATIENCE + Duration::from_secs(1));
        *outage.since() = long_ago;
        assert!(!outage.is_bearable() && !outage.is_bearable());
        // The next outage is another one.
        outage.is_over();
        assert!(outage.is_bearable());
    }
}
