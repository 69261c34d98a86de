//! Objects beside the ledger: the ones that its entries name, and the ones of these that are missing or altered.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use evenkeel_model::Digest;
use evenkeel_model::text::count;

/// Objects that the entries of the ledger name.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct ObjectsDocument {
    /// Number of objects that entries name.
    pub named: usize,
    /// Number of missing objects among them.
    pub missing: usize,
    /// Number of objects whose bytes do not match their digest.
    pub altered: usize,
    /// Missing and altered objects, by the first entry that names them.
    pub findings: Vec<ObjectDocument>,
}

/// Object that is missing or altered.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct ObjectDocument {
    /// Digest.
    #[schemars(with = "String")]
    pub digest: Digest,
    /// First entry that names it.
    pub entry: u64,
    /// Role: `the dossier of a verdict`, `the output of a suite`.
    pub role: String,
    /// State.
    pub state: ObjectState,
    /// Place and problem of an altered object.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// State of an object that cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ObjectState {
    /// It is not stored.
    Missing,
    /// Its bytes do not match its digest.
    Altered,
}

impl ObjectsDocument {
    /// Returns the result in one line: `12 objects, all unchanged`.
    #[must_use]
    pub fn words(&self) -> String {
        let named = count(self.named, "object");
        if self.findings.is_empty() {
            format!("{named}, all unchanged")
        } else {
            format!(
                "{named}: {} missing, {} altered",
                self.missing, self.altered
            )
        }
    }
}

impl ObjectDocument {
    /// Returns the finding in one line.
    #[must_use]
    pub fn words(&self) -> String {
        let Self {
            digest,
            entry,
            role,
            state,
            reason,
        } = self;
        let what = match state {
            ObjectState::Missing => "is missing",
            ObjectState::Altered => "is altered",
        };
        let reason = reason
            .as_ref()
            .map_or_else(String::new, |reason| format!(": {reason}"));
        format!("entry {entry}: {role}, object {digest}, {what}{reason}")
    }
}
