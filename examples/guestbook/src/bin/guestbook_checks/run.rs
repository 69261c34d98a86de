//! One run of a suite: its cases in sequence, each timed and printed when it ends. The suites define the cases; `junit`
//! writes the results to a file.

use std::fmt;
use std::future::Future;
use std::io::Write;
use std::time::{Duration, Instant};

use jiff::Timestamp;

/// The reason of a failure, in one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    pub kind: Kind,
    pub message: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The response was wrong.
    WrongAnswer,
    /// There was no response in time.
    Timeout,
    /// There was no response.
    NoAnswer,
    /// An earlier case, which this one depends on, failed.
    NotTried,
}

impl Kind {
    pub fn name(self) -> &'static str {
        match self {
            Self::WrongAnswer => "wrong-answer",
            Self::Timeout => "timeout",
            Self::NoAnswer => "no-answer",
            Self::NotTried => "not-tried",
        }
    }
}

impl Failure {
    pub fn wrong(message: impl Into<String>) -> Self {
        Self {
            kind: Kind::WrongAnswer,
            message: message.into(),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} ({})", self.message, self.kind.name())
    }
}

/// Fails with the message unless the condition is true.
pub fn require(condition: bool, message: impl FnOnce() -> String) -> Result<(), Failure> {
    if condition {
        Ok(())
    } else {
        Err(Failure::wrong(message()))
    }
}

#[derive(Debug)]
pub struct Case {
    pub name: String,
    pub time: Duration,
    pub failure: Option<Failure>,
}

pub struct Run {
    pub suite: &'static str,
    pub started: Timestamp,
    pub cases: Vec<Case>,
    /// `None` is no deadline.
    end: Option<Instant>,
}

impl Run {
    pub fn new(suite: &'static str, limit: Duration) -> Self {
        Self {
            suite,
            started: Timestamp::now(),
            cases: Vec::new(),
            end: Instant::now().checked_add(limit),
        }
    }

    /// Runs one case; returns its result if it passed.
    pub async fn case<T>(
        &mut self,
        name: &str,
        work: impl Future<Output = Result<T, Failure>>,
    ) -> Option<T> {
        let started = Instant::now();
        let left = self
            .end
            .map_or(Duration::MAX, |end| end.saturating_duration_since(started));
        let too_late = || {
            let message = "the time limit of the suite was exceeded".to_owned();
            Err(Failure {
                kind: Kind::Timeout,
                message,
            })
        };
        // A time limit of zero would still start the work.
        let result = if left.is_zero() {
            too_late()
        } else {
            tokio::time::timeout(left, work)
                .await
                .unwrap_or_else(|_| too_late())
        };
        let (found, failure) = match result {
            Ok(found) => (Some(found), None),
            Err(failure) => (None, Some(failure)),
        };
        self.record(Case {
            name: name.to_owned(),
            time: started.elapsed(),
            failure,
        });
        found
    }

    /// Records cases that were skipped after a failure: a case that did not run has not passed.
    pub fn not_tried(&mut self, names: &[&str], because: &str) {
        for name in names {
            let failure = Failure {
                kind: Kind::NotTried,
                message: because.to_owned(),
            };
            self.record(Case {
                name: (*name).to_owned(),
                time: Duration::ZERO,
                failure: Some(failure),
            });
        }
    }

    fn record(&mut self, case: Case) {
        let milliseconds = case.time.as_millis();
        // Standard output may be closed; the results file must still be written.
        let _ = match &case.failure {
            None => writeln!(std::io::stdout(), "ok    {} [{milliseconds} ms]", case.name),
            Some(failure) => {
                writeln!(
                    std::io::stdout(),
                    "FAIL  {} [{milliseconds} ms]: {}",
                    case.name,
                    one_line(failure)
                )
            }
        };
        self.cases.push(case);
    }

    pub fn failures(&self) -> usize {
        self.cases
            .iter()
            .filter(|case| case.failure.is_some())
            .count()
    }

    /// A run without cases proves nothing.
    pub fn passed(&self) -> bool {
        !self.cases.is_empty() && self.failures() == 0
    }

    pub fn summary(&self) -> String {
        let (all, failed) = (self.cases.len(), self.failures());
        format!("{}: {} of {all} cases passed", self.suite, all - failed)
    }
}

/// Messages quote the target, which may send line ends and control characters of terminals.
fn one_line(failure: &Failure) -> String {
    let shown = |character: char| {
        if character.is_control() {
            '\u{fffd}'
        } else {
            character
        }
    };
    failure
        .to_string()
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .chars()
        .map(shown)
        .collect()
}
