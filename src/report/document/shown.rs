//! One recorded thing in full: an apply, a release, an entry, a suite's output, a dossier, a saved plan.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One recorded thing.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct ShownDocument {
    /// What it is: `apply`, `release`, `suite`, `entry`, `dossier`, `plan`.
    pub kind: String,
    /// Its name: `a-7`, `suite:e2e`, a number, a digest.
    pub id: String,
    /// What is recorded of it, in the order in which it is printed.
    pub facts: Vec<FactDocument>,
    /// The steps of an apply, in the order in which they ended.
    pub steps: Vec<ShownStep>,
    /// What a suite printed, or the content of a dossier or an entry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// A named fact.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct FactDocument {
    /// Its name.
    pub name: String,
    /// Its value, in words.
    pub value: String,
}

/// A step of an apply.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct ShownStep {
    /// The resource.
    pub address: String,
    /// What was done to it.
    pub verb: String,
    /// What came of it; absent where no outcome is recorded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<String>,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl ShownDocument {
    /// An empty one.
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
