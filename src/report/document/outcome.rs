//! Words for the outcome of an apply or a release.

use evenkeel_ledger::record::ApplyOutcome;

/// Returns the name of an outcome: `done`, `failed`, `interrupted`, `unknown`.
#[must_use]
pub fn outcome_name(outcome: ApplyOutcome) -> &'static str {
    match outcome {
        ApplyOutcome::Unknown => "unknown",
        other => outcome_words(other),
    }
}

/// Returns an outcome in words.
pub(in crate::report) fn outcome_words(outcome: ApplyOutcome) -> &'static str {
    match outcome {
        ApplyOutcome::Done => "done",
        ApplyOutcome::Failed => "failed",
        ApplyOutcome::Interrupted => "interrupted",
        ApplyOutcome::Unknown => "outcome unknown",
    }
}
