//! What was done: applies and suites.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use evenkeel_core::apply::ApplyReport;
use evenkeel_core::plan::Plan;
use evenkeel_ledger::record::{ApplyOutcome, StepOutcome, SuiteEnded, Verb};

/// What came of an apply.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct ApplyDocument {
    /// Its number: `a-7`; none when there was nothing to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub apply: Option<String>,
    /// The environment.
    pub environment: String,
    /// How it ended.
    pub outcome: ApplyOutcome,
    /// Steps done.
    pub done: usize,
    /// Resources that were as declared already.
    pub unchanged: usize,
    /// How long it took, in seconds.
    pub seconds: f64,
    /// Steps that are not done, and why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub not_done: Vec<NotDone>,
}

/// A step that is not done.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct NotDone {
    /// The resource.
    pub address: String,
    /// What was to be done.
    pub verb: Verb,
    /// What came of it; none when it was not started.
    pub outcome: Option<StepOutcome>,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A suite that ran.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct SuiteDocument {
    /// Its name.
    pub suite: String,
    /// Its kind.
    pub kind: String,
    /// The environment.
    pub environment: String,
    /// Whether it passed.
    pub passed: bool,
    /// What it showed, in one line.
    pub summary: String,
    /// Cases that did not pass: name and message.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub failures: Vec<(String, String)>,
    /// Figures, such as latencies in milliseconds.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub figures: BTreeMap<String, f64>,
    /// The kept output.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<String>,
    /// How long it took, in seconds.
    pub seconds: f64,
}

impl ApplyDocument {
    /// What came of an apply.
    #[must_use]
    pub fn new(apply: Option<String>, plan: &Plan, report: &ApplyReport, seconds: f64) -> Self {
        Self {
            apply,
            environment: plan.environment.to_string(),
            outcome: report.outcome,
            done: report.count(Some(StepOutcome::Done)),
            unchanged: plan.unchanged,
            seconds,
            not_done: report
                .steps
                .iter()
                .filter(|step| step.outcome != Some(StepOutcome::Done))
                .map(|step| NotDone {
                    address: step.instance.to_string(),
                    verb: step.verb,
                    outcome: step.outcome,
                    reason: step.reason.clone(),
                })
                .collect(),
        }
    }
}

impl SuiteDocument {
    /// A suite that ran, as it is recorded; failures and figures are added by who ran it.
    #[must_use]
    pub fn new(ended: &SuiteEnded) -> Self {
        Self {
            suite: ended.suite.clone(),
            kind: ended.kind.clone(),
            environment: ended.environment.to_string(),
            passed: ended.passed,
            summary: ended.summary.clone(),
            failures: Vec::new(),
            figures: BTreeMap::new(),
            output: ended.output.map(|digest| digest.to_string()),
            seconds: ended.ended.since(ended.started).as_secs_f64(),
        }
    }
}
