//! Checkpoints as a report tells them: what is kept elsewhere, and what came of holding the ledger against it.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use evenkeel_model::{Digest, Moment};

/// The command whose report is a checkpoint and nothing else.
pub const COMMAND: &str = "audit checkpoint";

/// How far a ledger had come: what is kept elsewhere, and read back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct CheckpointDocument {
    /// What it is: `evenkeel checkpoint 1`.
    pub format: Cow<'static, str>,
    /// The system the ledger belongs to.
    pub system: String,
    /// The ledger's own random name.
    pub lineage: String,
    /// The number of its last entry.
    pub sequence: u64,
    /// The digest of that entry; through the chain, of everything before it.
    #[schemars(with = "String")]
    pub digest: Digest,
    /// When that entry was written, by its writer's clock.
    #[schemars(with = "String")]
    pub time: Moment,
}

impl CheckpointDocument {
    /// The text that is kept: JSON over a few lines, so that it can be read, mailed and committed.
    ///
    /// # Errors
    ///
    /// Never; the encoder's signature has it.
    pub fn text(&self) -> Result<String, serde_json::Error> {
        let mut text = serde_json::to_string_pretty(self)?;
        text.push('\n');
        Ok(text)
    }
}

/// What came of a checkpoint that was kept elsewhere.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct ProofDocument {
    /// The file it was read from.
    pub file: String,
    /// The number of the entry it remembers.
    pub sequence: u64,
    /// Whether the ledger has that entry, and every entry up to it is what was written.
    pub proven: bool,
    /// When that entry was written, where it is proven.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub time: Option<Moment>,
    /// Why the ledger is not the one that this checkpoint remembers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}
