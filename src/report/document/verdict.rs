//! Verdict of the gate, rule by rule.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use evenkeel_core::gate::people::{Decisions, Void};
use evenkeel_core::gate::{self, Dossier, Verdict};
use evenkeel_core::plan::Plan;
use evenkeel_model::Moment;
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
    /// Valid decisions of people about this plan, by person.
    #[serde(default)]
    pub decisions: Vec<DecisionDocument>,
    /// Decisions about this plan that do not count, each with the reason.
    #[serde(default)]
    pub void: Vec<VoidDocument>,
}

/// Valid decision of a person.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct DecisionDocument {
    /// The person; the account if it is not signed.
    pub by: String,
    /// Whether the person approved; otherwise the person rejected the plan.
    pub approves: bool,
    /// Whether it is signed with the person's key.
    pub signed: bool,
    /// Fingerprint of the key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// When it was recorded.
    #[schemars(with = "String")]
    pub at: Moment,
    /// Reason.
    pub reason: String,
}

/// Decision that does not count.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct VoidDocument {
    /// The person; the account that recorded it if the person is unknown.
    pub by: String,
    /// Reason why it does not count.
    pub why: String,
}

impl DecisionDocument {
    /// Returns it in words, without the reason: `approved by ada@example.com (signed with SHA256:…)`.
    pub(in crate::report) fn words(&self) -> String {
        let past = if self.approves {
            "approved"
        } else {
            "rejected"
        };
        match &self.key {
            Some(key) => format!("{past} by {} (signed with {key})", self.by),
            None => format!("{past} by {} (not signed)", self.by),
        }
    }
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
    /// What would be a reason, and is none since the release is a rollback.
    #[serde(default)]
    pub waived: Vec<String>,
}

impl VerdictDocument {
    /// Creates the verdict on one plan.
    #[must_use]
    pub fn new(dossier: &Dossier, plan: &Plan, verdict: &Verdict) -> Self {
        let Decisions { people, void } = dossier.decided();
        Self {
            environment: dossier.production.to_string(),
            plan: plan.digest().to_string(),
            recipe: plan.recipe.to_string(),
            open: verdict.open,
            releasable: verdict
                .reasons
                .iter()
                .all(|reason| gate::PEOPLE.contains(&reason.code.as_str())),
            rules: gate::CODES
                .iter()
                .map(|code| RuleDocument::new(code, verdict))
                .collect(),
            remedies: verdict.remedies.clone(),
            decisions: people
                .into_iter()
                .map(|(by, decided)| DecisionDocument {
                    by,
                    approves: decided.approves,
                    signed: decided.key.is_some(),
                    key: decided.key,
                    at: decided.at,
                    reason: decided.reason,
                })
                .collect(),
            void: void
                .into_iter()
                .map(|Void { by, why }| VoidDocument { by, why })
                .collect(),
        }
    }
}

impl RuleDocument {
    fn new(code: &'static Code, verdict: &Verdict) -> Self {
        let waived = verdict.waived.iter();
        let waived = waived.filter(|(rule, _)| *rule == code.name);
        let reasons: Vec<String> = verdict
            .reasons
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
            waived: waived.map(|(_, words)| words.clone()).collect(),
        }
    }
}
