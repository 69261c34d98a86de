//! Verdict of a command in one word, which every format prints first.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{FailureKind, Report};

/// The verdict of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Headline {
    /// Everything was read, and there is no undeclared difference.
    InSync,
    /// The two sides of a comparison are equal.
    InParity,
    /// There are undeclared differences.
    Drift,
    /// The definition changed and is not applied yet; there is no other difference.
    Pending,
    /// Something is unreadable; there is no difference in the rest.
    CannotTell,
    /// The definitions have no errors.
    Valid,
    /// There is nothing to change.
    NoChanges,
    /// There are changes.
    Changes,
    /// Every step is done.
    Applied,
    /// Every suite passed.
    Passed,
    /// Production already runs the recipe.
    UpToDate,
    /// The gate is open: a person may release.
    Ready,
    /// Only approvals are missing.
    WaitingForApproval,
    /// The gate is shut.
    Blocked,
    /// The recipe runs in production.
    Released,
    /// The release was undone.
    RolledBack,
    /// The ledger is whole.
    Intact,
    /// The record was exported.
    Exported,
    /// Every verdict was judged again, with the recorded result.
    Replayed,
    /// No decision is in doubt.
    NoDoubts,
    /// Decisions are in doubt, since drift was found after them.
    InDoubt,
    /// The ledger is damaged.
    Broken,
    /// The plan is not the current one.
    OutOfDate,
    /// Another process holds the environment.
    Locked,
    /// What a step did is not known.
    Unknown,
    /// The command was interrupted.
    Interrupted,
    /// Something failed.
    Failed,
}

/// Colour of a headline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Nothing to do.
    Good,
    /// Waiting for a person.
    Waiting,
    /// Something is wrong.
    Bad,
}

impl Headline {
    /// Returns the word, equal in every format.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::InSync => "IN SYNC",
            Self::InParity => "IN PARITY",
            Self::Drift => "DRIFT",
            Self::Pending => "PENDING",
            Self::CannotTell => "CANNOT TELL",
            Self::Valid => "VALID",
            Self::NoChanges => "NO CHANGES",
            Self::Changes => "CHANGES",
            Self::Applied => "APPLIED",
            Self::Passed => "PASSED",
            Self::UpToDate => "UP TO DATE",
            Self::Ready => "READY",
            Self::WaitingForApproval => "WAITING FOR APPROVAL",
            Self::Blocked => "BLOCKED",
            Self::Released => "RELEASED",
            Self::RolledBack => "ROLLED BACK",
            Self::Intact => "INTACT",
            Self::Exported => "EXPORTED",
            Self::Replayed => "REPLAYED",
            Self::NoDoubts => "NO DOUBTS",
            Self::InDoubt => "IN DOUBT",
            Self::Broken => "BROKEN",
            Self::OutOfDate => "OUT OF DATE",
            Self::Locked => "LOCKED",
            Self::Unknown => "UNKNOWN",
            Self::Interrupted => "INTERRUPTED",
            Self::Failed => "FAILED",
        }
    }

    /// Returns the colour of the word.
    #[must_use]
    pub const fn tone(self) -> Tone {
        match self {
            Self::InSync
            | Self::InParity
            | Self::Valid
            | Self::NoChanges
            | Self::Applied
            | Self::Passed
            | Self::UpToDate
            | Self::Ready
            | Self::Released
            | Self::Intact
            | Self::Exported
            | Self::Replayed
            | Self::NoDoubts => Tone::Good,
            Self::Pending | Self::Changes | Self::WaitingForApproval | Self::Interrupted => {
                Tone::Waiting
            }
            Self::Drift
            | Self::CannotTell
            | Self::Blocked
            | Self::RolledBack
            | Self::InDoubt
            | Self::Broken
            | Self::OutOfDate
            | Self::Locked
            | Self::Unknown
            | Self::Failed => Tone::Bad,
        }
    }

    /// Returns the verdict of a report; `None` for commands that judge nothing.
    pub(super) fn of(report: &Report) -> Option<Self> {
        match report.exit_code {
            129 | 130 | 143 => return Some(Self::Interrupted),
            5 => return Some(Self::Locked),
            6 => return Some(Self::Unknown),
            7 => return Some(Self::Broken),
            8 => return Some(Self::RolledBack),
            _ => {}
        }
        if let Some(failure) = &report.failure {
            return Some(match failure.kind {
                FailureKind::Stale => Self::OutOfDate,
                FailureKind::Refused => Self::Blocked,
                FailureKind::Ledger if report.exit_code == 7 => Self::Broken,
                _ => Self::Failed,
            });
        }
        let gate = || {
            report.verdict.as_ref().map(|verdict| {
                if verdict.open {
                    Self::Ready
                } else if verdict.releasable {
                    Self::WaitingForApproval
                } else {
                    Self::Blocked
                }
            })
        };
        let is_clean = report.exit_code == 0;
        let is_past_the_gate = || !is_clean && report.verdict.as_ref().is_some_and(|it| it.open);
        Some(match (&*report.command, is_clean) {
            ("drift" | "compare", false) if report.exit_code == 1 && !report.has_drift() => {
                Self::CannotTell
            }
            ("drift", false) if report.is_pending_only() => Self::Pending,
            ("drift" | "compare", false) => Self::Drift,
            ("drift", true) if report.environments.is_empty() => Self::InParity,
            ("drift", true) => Self::InSync,
            ("compare", true) => Self::InParity,
            ("validate", true) => Self::Valid,
            ("plan", _) if report.exit_code == 1 => Self::CannotTell,
            ("plan", _) => {
                if report.plans.iter().all(|plan| plan.steps.is_empty()) {
                    Self::NoChanges
                } else {
                    Self::Changes
                }
            }
            ("apply", true) => Self::Applied,
            ("verify" | "drill", true) => Self::Passed,
            ("deliver" | "release" | "break-glass", true) if report.release.is_some() => {
                Self::Released
            }
            ("deliver" | "approve" | "reject" | "withdraw" | "release" | "rollback", _)
                if report.verdict.is_some() =>
            {
                // What came after it failed.
                if is_past_the_gate() {
                    Self::Failed
                } else {
                    gate()?
                }
            }
            ("deliver" | "release" | "rollback" | "break-glass", true) => Self::UpToDate,
            ("audit", true) if report.proofs.iter().all(|proof| proof.proven) => Self::Intact,
            ("audit export", true) => Self::Exported,
            ("audit replay", true) => Self::Replayed,
            ("audit doubts", true) => Self::NoDoubts,
            ("audit doubts", false) if report.exit_code == 2 => Self::InDoubt,
            // Signed, and recorded elsewhere.
            ("approve", true) => return None,
            (
                "validate" | "apply" | "verify" | "deliver" | "approve" | "reject" | "withdraw"
                | "release" | "rollback" | "break-glass" | "drill" | "audit" | "audit export"
                | "audit replay" | "audit doubts",
                _,
            ) => Self::Failed,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Headline, Tone};

    #[test]
    fn every_word_of_the_gate_is_another_one() {
        let words = [
            Headline::Ready,
            Headline::WaitingForApproval,
            Headline::Blocked,
        ];
        let labels = words.map(Headline::label);
        assert_eq!(labels, ["READY", "WAITING FOR APPROVAL", "BLOCKED"]);
        let tones = words.map(Headline::tone);
        assert_eq!(tones, [Tone::Good, Tone::Waiting, Tone::Bad]);
    }
}
