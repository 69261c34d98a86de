//! Waiting that an interruption ends.

use std::time::{Duration, Instant};

use evenkeel_host::Interruption;

/// How often an interruption is looked for.
const PAUSE: Duration = Duration::from_millis(100);

/// Waits; returns whether the wait was not interrupted.
#[must_use]
pub fn wait(time: Duration, interruption: &Interruption) -> bool {
    let began = Instant::now();
    while !interruption.is_set() {
        let left = time.saturating_sub(began.elapsed());
        if left.is_zero() {
            return true;
        }
        std::thread::sleep(left.min(PAUSE));
    }
    false
}
