//! Result of a suite: its cases, its figures, and its summary.
//!
//! Plain data. Creating cases is left to the runners; the ledger's record to `evidence`.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Result of running a suite.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[must_use]
pub struct SuiteResult {
    /// Whether it passed: it ran to its end, at least one case passed, and none failed or could not be judged.
    pub passed: bool,
    /// Summary in one line: `12 passed, 1 failed`.
    pub summary: String,
    /// Every case, in the order of running or reading.
    pub cases: Vec<Case>,
    /// Numbers by name; milliseconds end in `-ms`.
    pub figures: BTreeMap<String, f64>,
    /// Evidence to store: one canonical JSON document without secrets.
    pub output: String,
    /// Whether it was interrupted before its end.
    pub interrupted: bool,
}

/// Case of a suite.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Case {
    /// Its name.
    pub name: String,
    /// Outcome.
    pub outcome: Outcome,
    /// Reason why it did not pass, or a note.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub message: Option<String>,
    /// Duration.
    pub seconds: f64,
}

/// Outcome of a case. Later ones are worse: a case with several outcomes has the worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// As expected.
    Passed,
    /// Not checked.
    Skipped,
    /// Not as expected.
    Failed,
    /// Not judged because of an error.
    Error,
}

impl Case {
    /// Creates a case.
    pub(super) fn new(name: &str, outcome: Outcome, message: impl Into<Option<String>>) -> Self {
        Self {
            name: name.to_owned(),
            outcome,
            message: message.into(),
            seconds: 0.0,
        }
    }

    /// Sets its duration in microseconds.
    pub(super) fn taking(mut self, time: Duration) -> Self {
        self.seconds = rounded(time.as_secs_f64(), 1e6);
        self
    }
}

/// Result of one part of a suite (checks, command or load).
#[derive(Debug, Default)]
pub(super) struct Part {
    /// Cases.
    pub cases: Vec<Case>,
    /// Figures.
    pub figures: BTreeMap<String, f64>,
    /// Its own line in the summary, in place of its counted cases.
    pub line: Option<String>,
    /// Output of the command, redacted, by the name of the stream.
    pub streams: BTreeMap<&'static str, String>,
    /// Whether it was interrupted.
    pub interrupted: bool,
}

/// Returns the number of cases by outcome: `12 passed, 1 failed, 2 skipped`.
pub(super) fn counted<'a>(cases: impl Iterator<Item = &'a Case>) -> String {
    let mut counts: BTreeMap<Outcome, usize> = BTreeMap::new();
    for case in cases {
        *counts.entry(case.outcome).or_default() += 1;
    }
    let of = |outcome| counts.get(&outcome).copied().unwrap_or(0);
    let mut words = vec![format!("{} passed", of(Outcome::Passed))];
    if of(Outcome::Failed) > 0 {
        words.push(format!("{} failed", of(Outcome::Failed)));
    }
    if of(Outcome::Error) > 0 {
        words.push(evenkeel_model::text::count(of(Outcome::Error), "error"));
    }
    if of(Outcome::Skipped) > 0 {
        words.push(format!("{} skipped", of(Outcome::Skipped)));
    }
    words.join(", ")
}

/// Whether these cases are a pass: at least one passed, and each of them passed or was skipped.
pub(super) fn all_good(cases: &[Case]) -> bool {
    cases.iter().any(|case| case.outcome == Outcome::Passed)
        && cases.iter().all(|case| case.outcome <= Outcome::Skipped)
}

/// Rounds to a useful precision (`1000.0` for thousandths), to keep noise out of records.
pub(super) fn rounded(number: f64, parts: f64) -> f64 {
    (number * parts).round() / parts
}

#[cfg(test)]
mod tests {
    use super::{Case, Outcome, all_good, counted};

    fn cases(outcomes: &[Outcome]) -> Vec<Case> {
        outcomes
            .iter()
            .map(|outcome| Case::new("case", *outcome, None))
            .collect()
    }

    #[test]
    fn no_case_and_only_skipped_cases_are_not_a_pass() {
        assert!(!all_good(&[]));
        assert!(!all_good(&cases(&[Outcome::Skipped])));
        assert!(all_good(&cases(&[Outcome::Skipped, Outcome::Passed])));
        assert!(!all_good(&cases(&[Outcome::Passed, Outcome::Error])));
        assert!(!all_good(&cases(&[Outcome::Passed, Outcome::Failed])));
    }

    #[test]
    fn counts_contain_only_existing_outcomes() {
        assert_eq!(counted(cases(&[Outcome::Passed]).iter()), "1 passed");
        let all = cases(&[Outcome::Failed, Outcome::Error, Outcome::Skipped]);
        assert_eq!(
            counted(all.iter()),
            "0 passed, 1 failed, 1 error, 1 skipped"
        );
    }
}
