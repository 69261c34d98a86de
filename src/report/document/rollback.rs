//! Rollback: the restored release, and the one that was rolled back.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use evenkeel_ledger::record::{Rollback, RollbackCause};

/// Rollback.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct RollbackDocument {
    /// Number of the release that rolls back: `r-3`.
    pub id: String,
    /// Restored release.
    pub restores: String,
    /// Release that is rolled back.
    pub undoes: String,
    /// Trigger.
    pub cause: RollbackCause,
    /// Reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Whether every step is done, so that the environment runs the restored release.
    pub done: bool,
}

impl RollbackDocument {
    /// Creates the document of a rollback.
    #[must_use]
    pub fn new(id: &str, record: &Rollback, done: bool) -> Self {
        Self {
            id: id.to_owned(),
            restores: record.restores.clone(),
            undoes: record.undoes.clone(),
            cause: record.cause,
            reason: record.reason.clone(),
            done,
        }
    }

    /// Returns it in words: `r-2 to r-1`.
    #[must_use]
    pub fn words(&self) -> String {
        format!("{} to {}", self.undoes, self.restores)
    }
}
