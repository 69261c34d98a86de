//! Records in full: an apply, a release, an entry, a suite's output, a dossier, a saved plan.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Record in full.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct ShownDocument {
    /// Kind: `apply`, `release`, `suite`, `entry`, `dossier`, `plan`.
    pub kind: String,
    /// Name: `a-7`, `suite:e2e`, a number, a digest.
    pub id: String,
    /// Recorded facts, in the order of printing.
    pub facts: Vec<FactDocument>,
    /// Steps of an apply, in the order of their ends.
    pub steps: Vec<ShownStep>,
    /// Output of a suite, or content of a dossier or an entry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// Named fact.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct FactDocument {
    /// Its name.
    pub name: String,
    /// Value, in words.
    pub value: String,
}

/// Step of an apply.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct ShownStep {
    /// The resource.
    pub address: String,
    /// Change.
    pub verb: String,
    /// Outcome; absent if none is recorded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<String>,
    /// Reason of a failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl ShownDocument {
    /// Creates an empty record.
    #[must_use]
    pub fn new(kind: &str, id: &str) -> Self {
        Self {
            kind: kind.to_owned(),
            id: id.to_owned(),
            ..Self::default()
        }
    }

    /// Adds a fact.
    pub fn fact(&mut self, name: &str, value: impl Into<String>) {
        self.facts.push(FactDocument {
            name: name.to_owned(),
            value: value.into(),
        });
    }
}
