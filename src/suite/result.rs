//! What a suite showed: its cases, its figures, and the one line that says it.
//!
//! Plain data. How a case came about is its runner's; what is kept of it in the ledger is `evidence`'s.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What came of running a suite.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[must_use]
pub struct SuiteResult {
    /// Whether it passed: it ran to its end, at least one case passed, and none failed or could not be judged.
    pub passed: bool,
    /// What it showed, in one line: `12 passed, 1 failed`.
    pub summary: String,
    /// Every case, in the order it was run or read.
    pub cases: Vec<Case>,
    /// Numbers by name; milliseconds end in `-ms`.
    pub figures: BTreeMap<String, f64>,
    /// The evidence to keep: one canonical JSON document without secrets.
    pub output: String,
    /// Whether it was interrupted before its end.
    pub interrupted: bool,
}

/// One thing a suite looked at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Case {
    /// Its name.
    pub name: String,
    /// What came of it.
    pub outcome: Outcome,
    /// Why it did not pass, or what is worth knowing.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub message: Option<String>,
    /// How long it took.
    pub seconds: f64,
}

/// What came of a case. Later ones are worse: a case with several outcomes has the worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It is as it must be.
    Passed,
    /// It was not looked at.
    Skipped,
    /// It is not as it must be.
    Failed,
    /// It could not be judged.
    Error,
}

impl Case {
    /// A case with an outcome and what is to be said about it.
    pub(super) fn new(name: &str, outcome: Outcome, message: impl Into<Option<String>>) -> Self {
        Self {
            name: name.to_owned(),
            outcome,
            message: message.into(),
            seconds: 0.0,
        }
    }

    /// The same case, with the time it took, to the microsecond.
    pub(super) fn taking(mut self, time: Duration) -> Self {
        self.seconds = rounded(time.as_secs_f64(), 1e6);
        self
    }
}

/// What one part of a suite (checks, command or load) contributes to its result.
#[derive(Debug, Default)]
pub(super) struct Part {
    /// Its cases.
    pub cases: Vec<Case>,
    /// Its figures.
    pub figures: BTreeMap<String, f64>,
    /// Its own line for the summary; its cases are not counted there then.
    pub line: Option<String>,
    /// What the command wrote, redacted, by the name of the stream.
    pub streams: BTreeMap<&'static str, String>,
    /// Whether it was interrupted.
    pub interrupted: bool,
}

/// How many cases had each outcome, as a sentence has it: `12 passed, 1 failed, 2 skipped`.
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

/// Whether these cases make a pass: at least one passed, and each of them passed or was skipped.
pub(super) fn all_good(cases: &[Case]) -> bool {
    cases.iter().any(|case| case.outcome == Outcome::Passed)
        && cases.iter().all(|case| case.outcome <= Outcome::Skipped)
}

/// Rounds to the parts that mean something (`1000.0` for thousandths), so that records are not full of noise.
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
    fn nothing_and_only_skipped_are_no_pass() {
        assert!(!all_good(&[]));
        assert!(!all_good(&cases(&[Outcome::Skipped])));
        assert!(all_good(&cases(&[Outcome::Skipped, Outcome::Passed])));
        assert!(!all_good(&cases(&[Outcome::Passed, Outcome::Error])));
        assert!(!all_good(&cases(&[Outcome::Passed, Outcome::Failed])));
    }

    #[test]
    fn counts_say_only_what_happened() {
        assert_eq!(counted(cases(&[Outcome::Passed]).iter()), "1 passed");
        let all = cases(&[Outcome::Failed, Outcome::Error, Outcome::Skipped]);
        assert_eq!(
            counted(all.iter()),
            "0 passed, 1 failed, 1 error, 1 skipped"
        );
    }
}
