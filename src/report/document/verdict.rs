//! Verdict of the gate, rule by rule.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use evenkeel_core::gate::{self, Reason, Verdict};
use evenkeel_core::plan::Plan;
use evenkeel_model::EnvironmentName;
use evenkeel_model::defect::Code;

/// Verdict of the gate.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct VerdictDocument {
    /// Environment to release to.
    pub environment: String,
    /// The plan.
    pub plan: String,
    /// The recipe.
    pub recipe: String,
    /// Whether it is open.
    pub open: bool,
    /// Whether only people are missing.
    pub releasable: bool,
    /// Every rule, in the order of judging.
    pub rules: Vec<RuleDocument>,
    /// Commands that would open it, in order.
    pub remedies: Vec<String>,
}

/// Rule of the gate with its result.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct RuleDocument {
    /// Code: `gate/not-approved`.
    pub code: Cow<'static, str>,
    /// Title in one line.
    pub title: Cow<'static, str>,
    /// Meaning and help.
    pub help: Cow<'static, str>,
    /// Whether it holds.
    pub holds: bool,
    /// Reasons why it does not hold, one sentence each.
    pub reasons: Vec<String>,
}

impl VerdictDocument {
    /// Creates the verdict on one plan.
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
