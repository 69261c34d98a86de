//! The verdict of the gate, rule by rule.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use evenkeel_core::gate::{self, Reason, Verdict};
use evenkeel_core::plan::Plan;
use evenkeel_model::EnvironmentName;
use evenkeel_model::defect::Code;

/// The gate's answer.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
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
    /// Every rule, in the order in which the gate judges them.
    pub rules: Vec<RuleDocument>,
    /// What would open it, in the order in which to do it.
    pub remedies: Vec<String>,
}

/// One rule of the gate, and its result.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct RuleDocument {
    /// Its code: `gate/not-approved`.
    pub code: Cow<'static, str>,
    /// One line that names the fault.
    pub title: Cow<'static, str>,
    /// What it means and what to do.
    pub help: Cow<'static, str>,
    /// Whether it holds.
    pub holds: bool,
    /// Why it does not hold, one sentence each.
    pub reasons: Vec<String>,
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
                .all(|reason| gate::PEOPLE.contains(&reason.code.as_str())),
            rules: gate::CODES
                .iter()
                .map(|code| RuleDocument::new(code, &verdict.reasons))
                .collect(),
            remedies: verdict.remedies.clone(),
        }
    }
}

impl RuleDocument {
    fn new(code: &'static Code, reasons: &[Reason]) -> Self {
        let reasons: Vec<String> = reasons
            .iter()
            .filter(|reason| reason.code == code.name)
            .map(|reason| reason.message.clone())
            .collect();
        Self {
            code: code.name.into(),
            title: code.title.into(),
            help: code.help.into(),
            holds: reasons.is_empty(),
            reasons,
        }
    }
}
