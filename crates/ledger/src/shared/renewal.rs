//! The last renewal of a lock that expires: whether its holder may still act.
//!
//! The time is this machine's time since its start, including the time in which it was suspended: a laptop that slept
//! knows on waking that its lock has expired. No two machines' clocks are compared.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The time after its last renewal at which a lock is free for others.
pub(crate) const TIME_TO_LIVE: Duration = Duration::from_secs(30);

/// The interval between two renewals.
pub(crate) const RENEW_EVERY: Duration = Duration::from_secs(8);

/// The age of a renewal that is still trusted. The rest of its time is for what the holder does next.
const TRUSTED: Duration = Duration::from_secs(20);

/// The moment at which the last successful renewal was asked for, in milliseconds since the machine's start.
#[derive(Debug)]
pub(crate) struct Renewal(AtomicU64);

impl Renewal {
    /// Returns the present.
    pub(crate) fn now() -> Self {
        Self(AtomicU64::new(since_start()))
    }

    /// Records that a renewal asked for at `asked` succeeded.
    pub(crate) fn advance(&self, asked: &Self) {
        self.0
            .fetch_max(asked.0.load(Ordering::SeqCst), Ordering::SeqCst);
    }

    /// Returns whether the lock is certainly still held.
    pub(crate) fn is_fresh(&self) -> bool {
        let age = since_start().saturating_sub(self.0.load(Ordering::SeqCst));
        Duration::from_millis(age) < TRUSTED
    }
}

/// Returns the time since the machine's start, in milliseconds.
fn since_start() -> u64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    let nanoseconds = u64::try_from(time.tv_nsec).unwrap_or(0);
    seconds
        .saturating_mul(1000)
        .saturating_add(nanoseconds / 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::{Renewal, since_start};
    use std::sync::atomic::AtomicU64;

    #[test]
    fn only_a_recent_renewal_is_trusted() {
        let before = |seconds: u64| Renewal(AtomicU64::new(since_start() - seconds * 1000));
        assert!(Renewal::now().is_fresh());
        assert!(before(19).is_fresh());
        let old = before(21);
        assert!(!old.is_fresh());
        old.advance(&before(5));
        assert!(old.is_fresh());
        // An earlier request that is answered late changes nothing.
        old.advance(&before(25));
        assert!(old.is_fresh());
    }
}
