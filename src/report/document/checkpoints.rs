//! Checkpoints in a report: the stored document, and the results of comparing the ledger with one.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use evenkeel_model::{Digest, Moment};

/// Command whose report is only a checkpoint.
pub const COMMAND: &str = "audit checkpoint";

/// Position of a ledger, to be kept elsewhere and read back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct CheckpointDocument {
    /// Format: `evenkeel checkpoint 1`.
    pub format: Cow<'static, str>,
    /// System of the ledger.
    pub system: String,
    /// Random name of the ledger.
    pub lineage: String,
    /// Number of its last entry.
    pub sequence: u64,
    /// Digest of that entry; through the chain, of everything before it.
    #[schemars(with = "String")]
    pub digest: Digest,
    /// Time of that entry, by its writer's clock.
    #[schemars(with = "String")]
    pub time: Moment,
}

impl CheckpointDocument {
    /// Returns the text to keep: JSON on a few lines, for reading, mailing and committing.
    ///
    /// # Errors
    ///
    /// Never; the encoder's signature requires it.
    pub fn text(&self) -> Result<String, serde_json::Error> {
        let mut text = serde_json::to_string_pretty(self)?;
        text.push('\n');
        Ok(text)
    }
}

/// Result of a checkpoint that was kept elsewhere.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct ProofDocument {
    /// File.
    pub file: String,
    /// Number of its entry.
    pub sequence: u64,
    /// Whether the ledger contains that entry, and every entry up to it is unchanged.
    pub proven: bool,
    /// Time of that entry, if it is proven.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub time: Option<Moment>,
    /// Reason why the ledger differs from this checkpoint.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}
