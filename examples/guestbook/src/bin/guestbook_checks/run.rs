//! One run of a suite: its cases one after another, each timed, each printed as it ends. What a case does is up to the
//! suites; how results are written to a file is up to `junit`.

use std::fmt;
use std::future::Future;
use std::io::Write;
use std::time::{Duration, Instant};

use jiff::Timestamp;

/// Why a case failed, in one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    pub kind: Kind,
    pub message: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The target answered, and not as it should.
    WrongAnswer,
    /// There was no answer in time.
    Timeout,
    /// There was no answer at all.
    NoAnswer,
    /// An earlier case failed that this one builds on.
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

/// Fails with the message unless the condition holds.
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
    /// None is a deadline that never comes.
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

    /// Runs one case; what it found, if it passed.
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
            let message = "the suite's time was used up".to_owned();
            Err(Failure {
                kind: Kind::Timeout,
                message,
            })
        };
        // A time limit of nothing would still begin the work.
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

    /// Records cases that cannot be tried after a failure: what was not checked has not passed.
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
        // Whoever reads the lines may be gone, and the results file is still to be written.
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

    /// A run without a case has proved nothing.
    pub fn passed(&self) -> bool {
        !self.cases.is_empty() && self.failures() == 0
    }

    pub fn summary(&self) -> String {
        let (all, failed) = (self.cases.len(), self.failures());
        format!("{}: {} of {all} cases passed", self.suite, all - failed)
    }
}

/// Messages quote the target, and what it sends may hold line ends and a terminal's control characters.
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
