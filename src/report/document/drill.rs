//! Drill of the gate: each injected fault, and the rules that shut the gate.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use evenkeel_core::gate::drill::{Trial, TrialResult};
use evenkeel_model::EnvironmentName;

/// Drill of the gate.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct DrillDocument {
    /// Environment of the release.
    pub environment: String,
    /// Version of the rules.
    pub rules: u32,
    /// Whether the gate shut each time, for the right reason.
    pub passed: bool,
    /// Every injected fault.
    pub trials: Vec<TrialDocument>,
}

/// Injected fault and its result.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct TrialDocument {
    /// Name of the fault: `evidence-old`.
    pub fault: String,
    /// What was injected.
    pub what: String,
    /// Code of the rule that must shut the gate.
    pub expected: String,
    /// Whether the gate shut.
    pub result: TrialResultDocument,
    /// Codes of the rules that shut it.
    pub shut_by: Vec<String>,
    /// Reason that the expected rule gave; absent if it gave none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Whether the gate shut.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TrialResultDocument {
    /// Shut, for the right reason.
    Shut,
    /// Shut, for other reasons only.
    OtherReason,
    /// Open: the gate has a defect.
    Open,
}

impl DrillDocument {
    /// Creates the document.
    #[must_use]
    pub fn new(environment: &EnvironmentName, rules: u32, trials: &[Trial]) -> Self {
        let trials: Vec<TrialDocument> = trials.iter().map(TrialDocument::new).collect();
        Self {
            environment: environment.to_string(),
            rules,
            passed: trials
                .iter()
                .all(|trial| trial.result == TrialResultDocument::Shut),
            trials,
        }
    }

    /// Returns the number of faults that shut the gate for the right reason.
    pub(in crate::report) fn right(&self) -> usize {
        let trials = self.trials.iter();
        trials
            .filter(|trial| trial.result == TrialResultDocument::Shut)
            .count()
    }
}

impl TrialDocument {
    fn new(trial: &Trial) -> Self {
        Self {
            fault: trial.name.clone(),
            what: trial.what.clone(),
            expected: trial.expected.clone(),
            result: match trial.result() {
                TrialResult::Shut => TrialResultDocument::Shut,
                TrialResult::OtherReason => TrialResultDocument::OtherReason,
                TrialResult::Open => TrialResultDocument::Open,
            },
            shut_by: trial.shut_by.clone(),
            reason: trial.reason.clone(),
        }
    }

    /// Returns the result in words.
    pub(in crate::report) fn words(&self) -> String {
        match self.result {
            TrialResultDocument::Shut => format!("{}; shut by {}", self.what, self.expected),
            TrialResultDocument::OtherReason => format!(
                "{}; shut by {}, expected {}",
                self.what,
                self.shut_by.join(", "),
                self.expected
            ),
            TrialResultDocument::Open => {
                format!(
                    "{}; the gate is open, expected {}",
                    self.what, self.expected
                )
            }
        }
    }
}

impl TrialResultDocument {
    /// Returns its word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Shut => "shut",
            Self::OtherReason => "other-reason",
            Self::Open => "open",
        }
    }
}
