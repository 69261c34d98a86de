//! Failures that stop an operation before it has results.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Failure of an operation. Errors in definitions are findings of the same report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct FailureDocument {
    /// Its kind.
    pub kind: FailureKind,
    /// Message.
    pub reason: String,
    /// Causes, the nearest first.
    pub causes: Vec<String>,
    /// Changes since the plan was saved, if it is refused.
    pub changes: Vec<String>,
    /// Help.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
}

/// The kind of a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FailureKind {
    /// Definitions have errors: the findings.
    Definitions,
    /// The command is wrong.
    Usage,
    /// The ledger cannot be used.
    Ledger,
    /// The plan is out of date.
    Stale,
    /// A rule refuses it.
    Refused,
    /// It was interrupted before it started.
    Interrupted,
    /// Any other failure.
    Other,
}
