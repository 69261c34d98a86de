//! Request for an approval, in a file for a person without access to the ledger.
//!
//! It is not signed: it only carries digests from the ledger's machine to the person, who checks the definitions of the
//! commit and signs a [`Statement`](crate::Statement) with these digests. The gate compares them with its own.

use evenkeel_model::{Digest, EnvironmentName, Moment};
use serde::{Deserialize, Serialize};

/// Format of the file.
pub const REQUEST_FORMAT: &str = "evenkeel approval request 1";

/// Request for an approval.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Request {
    /// [`REQUEST_FORMAT`].
    pub format: String,
    /// The system.
    pub system: String,
    /// Environment of the release.
    pub environment: EnvironmentName,
    /// The plan.
    pub plan: Digest,
    /// Its recipe.
    pub recipe: Digest,
    /// Digest of all evidence.
    pub evidence: Digest,
    /// Digest of the requirements of the release, with the file of approvers.
    pub policy: Digest,
    /// Commit of the definitions.
    pub commit: Option<String>,
    /// When it was written.
    pub at: Moment,
    /// Steps of the plan, one line each, for people.
    pub steps: Vec<String>,
    /// Suites that ran, one line each, for people.
    pub suites: Vec<String>,
    /// What it rolls back; absent for a release.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rollback: Option<RequestedRollback>,
}

/// Rollback that is to be approved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RequestedRollback {
    /// The restored release.
    pub restores: String,
    /// The release that is rolled back.
    pub undoes: String,
    /// Commit of the last release: its policy and approvers are in force, not those of the restored release.
    pub in_force: Option<String>,
}

impl Request {
    /// Longest accepted file.
    pub const LONGEST: u64 = 16 * 1024 * 1024;

    /// Reads a file.
    ///
    /// # Errors
    ///
    /// The reason why it is no request, for display.
    pub fn read(bytes: &[u8]) -> Result<Self, String> {
        let read: Self = serde_json::from_slice(bytes)
            .map_err(|error| format!("not a request for an approval: {error}"))?;
        if read.format != REQUEST_FORMAT {
            return Err(format!(
                "not a request for an approval: expected the format `{REQUEST_FORMAT}`"
            ));
        }
        Ok(read)
    }
}
