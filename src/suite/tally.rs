//! Counts what came of a load's requests.
//!
//! How they are sent is `load`'s, what the counts mean is `threshold`'s.

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, TryRecvError};
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

/// The longest latency that is told apart, in microseconds, unless a request may take longer.
const LONGEST: u64 = 60_000_000;
/// The most reasons for errors that are told apart.
const MOST_REASONS: usize = 8;
/// What came of a load.
pub(super) struct Tally {
    /// Requests that were to be sent.
    pub intended: u64,
    /// Requests that were sent.
    pub started: u64,
    /// Latencies of those that were answered, whatever the status, in microseconds.
    pub latency: Histogram<u64>,
    /// How late requests were sent, in microseconds.
    pub lag: Histogram<u64>,
    /// Errors by reason: no answer, no answer in time, a status of 400 and above, not sent.
    pub errors: BTreeMap<String, u64>,
    /// Requests answered with a status below 400.
    pub good: u64,
    /// Requests that were sent again, since the service closed an idle connection.
    pub resent: u64,
    /// When the first and the last request were sent.
    pub span: Option<(Instant, Instant)>,
    /// Whether it was interrupted.
    pub interrupted: bool,
}

/// What came of one request.
pub(super) struct Sample {
    /// When it was to be sent.
    pub intended: Instant,
    /// When it was.
    pub begun: Instant,
    /// When the whole answer was there, or it was given up.
    pub ended: Instant,
    /// Whether it was sent again, its idle connection having been closed by the service.
    pub resent: bool,
    /// The status, or why there is none.
    pub outcome: Result<u16, String>,
}

impl Tally {
    /// Of so many requests, nothing yet.
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

    /// Takes all samples that have come; how many there were.
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

    /// Takes one sample.
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
