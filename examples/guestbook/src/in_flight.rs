//! The number of requests in progress: a stop waits for these, and not for idle or incomplete connections.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

const LOOK_EVERY: Duration = Duration::from_millis(20);

#[derive(Clone, Default)]
pub struct InFlight(Arc<AtomicUsize>);

/// One request, which counts until this is dropped.
pub struct Flight(InFlight);

impl InFlight {
    pub fn begin(&self) -> Flight {
        self.0.fetch_add(1, Ordering::SeqCst);
        Flight(self.clone())
    }

    /// Returns when no request was in progress for that time.
    pub async fn quiet_for(&self, time: Duration) {
        let mut since = Instant::now();
        while since.elapsed() < time {
            if self.0.load(Ordering::SeqCst) > 0 {
                since = Instant::now();
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::SeqCst);
    }
}
