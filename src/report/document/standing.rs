//! How environments stand: the gate's verdict, and what runs where.

use schemars::JsonSchema;
use serde::Serialize;

use evenkeel_core::gate::Verdict;
use evenkeel_core::plan::Plan;
use evenkeel_model::{EnvironmentName, Moment};

/// The gate's answer.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct VerdictDocument {
    /// The environment a release would go to.
    pub environment: String,
    /// The plan.
    pub plan: String,
    /// The recipe.
    pub recipe: String,
    /// Whether it is open.
    pub open: bool,
    /// Whether only people are waited for.
    pub releasable: bool,
    /// How many rules were judged.
    pub rules: usize,
    /// Why it is shut: code and sentence.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<(String, String)>,
    /// What would open it, in the order in which to do it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub remedies: Vec<String>,
}

/// What runs in an environment, by the ledger.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct StatusDocument {
    /// The environment.
    pub environment: String,
    /// The last apply that ended with every step done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub apply: Option<String>,
    /// When that was.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub since: Option<Moment>,
    /// Its recipe.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recipe: Option<String>,
    /// Its plan.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan: Option<String>,
    /// Its commit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// The last release to it, and how that ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub release: Option<String>,
    /// Something that is not settled: an apply that failed or never ended, steps that are open.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unsettled: Vec<String>,
    /// The newest result of each suite: name, passed, summary.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub suites: Vec<(String, bool, String)>,
    /// Who holds it now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held_by: Option<String>,
}

impl VerdictDocument {
    /// The gate's answer about one plan.
    #[must_use]
    pub fn new(environment: &EnvironmentName, plan: &Plan, verdict: &Verdict) -> Self {
        Self {
            environment: environment.to_string(),
            plan: plan.digest().to_string(),
            recipe: plan.recipe.to_string(),
            open: verdict.open,
            releasable: verdict
                .reasons
                .iter()
                .all(|reason| reason.code == "gate/not-approved"),
            rules: verdict.rules,
            reasons: verdict
                .reasons
                .iter()
                .map(|reason| (reason.code.clone(), reason.message.clone()))
                .collect(),
            remedies: verdict.remedies.clone(),
        }
    }
}
