//! Counts of a load's results.
//!
//! Sending is left to `load`, judging to `threshold`.

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, TryRecvError};
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

/// Longest recorded latency, in microseconds, unless a request may take longer.
const LONGEST: u64 = 60_000_000;
/// Maximum number of separately counted error reasons.
const MOST_REASONS: usize = 8;
/// Results of a load.
pub(super) struct Tally {
    /// Number of requests to send.
    pub intended: u64,
    /// Number of sent requests.
    pub started: u64,
    /// Latencies of answered requests with any status, in microseconds.
    pub latency: Histogram<u64>,
    /// Delays of sending, in microseconds.
    pub lag: Histogram<u64>,
    /// Errors by reason: no answer, no answer in time, a status of 400 and above, not sent.
    pub errors: BTreeMap<String, u64>,
    /// Number of requests answered with a status below 400.
    pub good: u64,
    /// Number of requests sent again because the service closed an idle connection.
    pub resent: u64,
    /// Times of the first and the last sent request.
    pub span: Option<(Instant, Instant)>,
    /// Whether it was interrupted.
    pub interrupted: bool,
}

/// Result of one request.
pub(super) struct Sample {
    /// Scheduled time.
    pub intended: Instant,
    /// Time of sending.
    pub begun: Instant,
    /// Time of the complete answer, or of giving up.
    pub ended: Instant,
    /// Whether it was sent again because the service closed its idle connection.
    pub resent: bool,
    /// Status, or the reason why there is none.
    pub outcome: Result<u16, String>,
}

impl Tally {
    /// Creates an empty tally of scheduled requests.
    pub(super) fn new(intended: u64, within: Duration) -> Result<Self, String> {
        let longest = u64::try_from(within.as_micros())
            .unwrap_or(u64::MAX / 4)
            .clamp(LONGEST, u64::MAX / 4);
        let histogram = || {
            Histogram::new_with_bounds(1, longest, 3)
                .map_err(|error| format!("no histogram: {error:?}"))
        };
        Ok(Self {
            intended,
            started: 0,
            latency: histogram()?,
            lag: histogram()?,
            errors: BTreeMap::new(),
            good: 0,
            resent: 0,
            span: None,
            interrupted: false,
        })
    }

    /// Adds all available samples, and returns their number.
    pub(super) fn drain(&mut self, receiver: &Receiver<Sample>) -> u64 {
        let mut taken = 0;
        loop {
            match receiver.try_recv() {
                Ok(sample) => self.add(sample),
                Err(TryRecvError::Empty | TryRecvError::Disconnected) => return taken,
            }
            taken += 1;
        }
    }

    /// Adds one sample.
    pub(super) fn add(&mut self, sample: Sample) {
        let microseconds = |time: Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        let (first, last) = self.span.unwrap_or((sample.begun, sample.begun));
        self.span = Some((first.min(sample.begun), last.max(sample.begun)));
        self.started += 1;
        self.resent += u64::from(sample.resent);
        let lag = sample.begun.saturating_duration_since(sample.intended);
        self.lag.saturating_record(microseconds(lag));
        match sample.outcome {
            Ok(status) => {
                let latency = sample.ended.saturating_duration_since(sample.intended);
                self.latency.saturating_record(microseconds(latency));
                if status >= 400 {
                    self.fail(&format!("status {status}"));
                } else {
                    self.good += 1;
                }
            }
            Err(reason) => self.fail(&reason),
        }
    }

    /// Counts an error.
    pub(super) fn fail(&mut self, reason: &str) {
        let known = self.errors.contains_key(reason) || self.errors.len() < MOST_REASONS;
        let reason = if known { reason } else { "other" };
        *self.errors.entry(reason.to_owned()).or_default() += 1;
    }
}
