//! A failure: what stopped an operation before it had anything to report.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What stopped an operation. Errors in definitions are findings of the same report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct FailureDocument {
    /// Its kind.
    pub kind: FailureKind,
    /// One sentence.
    pub reason: String,
    /// What caused it, the nearest cause first.
    pub causes: Vec<String>,
    /// What changed since a plan was saved that is refused now.
    pub changes: Vec<String>,
    /// What to do.
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
    /// It was interrupted before it began.
    Interrupted,
    /// Anything else.
    Other,
}
