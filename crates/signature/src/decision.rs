//! Signed decision in a file: what a person without access to the ledger sends to someone with access.

use serde::{Deserialize, Serialize};

/// Format of the file.
pub const DECISION_FORMAT: &str = "evenkeel signed decision 1";

/// Statement and signature, as recorded and as exchanged in files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct SignedDecision {
    /// [`DECISION_FORMAT`].
    pub format: String,
    /// The exact bytes that were signed.
    pub statement: String,
    /// The armored SSH signature.
    pub signature: String,
}

impl SignedDecision {
    /// Longest accepted file.
    pub const LONGEST: u64 = 64 * 1024;

    /// Reads a file.
    ///
    /// # Errors
    ///
    /// The reason why it is no signed decision, for display.
    pub fn read(bytes: &[u8]) -> Result<Self, String> {
        let read: Self = serde_json::from_slice(bytes)
            .map_err(|error| format!("not a signed decision: {error}"))?;
        if read.format != DECISION_FORMAT {
            return Err(format!(
                "not a signed decision: expected the format `{DECISION_FORMAT}`"
            ));
        }
        Ok(read)
    }
}
