//! Verdict: open or shut, the reasons, and the smallest set of commands that would open the gate.

use super::Remedy;

/// Verdict with its reasons.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// Whether it is open.
    pub open: bool,
    /// Number of judged rules.
    pub rules: usize,
    /// Reasons why it is shut.
    pub reasons: Vec<Reason>,
    /// What does not shut it since the release is a rollback, by the codes of the rules.
    pub waived: Vec<(&'static str, String)>,
    /// Smallest set of commands that would open it, in order; one line each.
    pub remedies: Vec<String>,
}

/// Reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// The rule's code.
    pub code: String,
    /// Message.
    pub message: String,
    /// Remedy.
    pub remedy: Remedy,
}

impl Reason {
    /// Creates a reason of a rule.
    #[must_use]
    pub fn new(
        code: &evenkeel_model::defect::Code,
        message: impl Into<String>,
        remedy: Remedy,
    ) -> Self {
        Self {
            code: code.name.to_owned(),
            message: message.into(),
            remedy,
        }
    }
}
