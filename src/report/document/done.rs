//! What was done: applies and suites.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use evenkeel_core::apply::ApplyReport;
use evenkeel_core::plan::Plan;
use evenkeel_ledger::record::{ApplyOutcome, StepOutcome, SuiteEnded, Verb};

/// What came of an apply.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
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
    /// The first resources that these steps changed, at most 20.
    #[serde(default)]
    pub changed: Vec<String>,
    /// Resources that were as declared already.
    pub unchanged: usize,
    /// How long it took, in seconds.
    pub seconds: f64,
    /// Steps that are not done, and why.
    pub not_done: Vec<NotDone>,
}

/// A step that is not done.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct NotDone {
    /// The resource.
    pub address: String,
    /// What was to be done.
    pub verb: Verb,
    /// What came of it; absent where it was not started.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<StepOutcome>,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A suite that ran.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
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
    /// Cases that did not pass.
    pub failures: Vec<CaseDocument>,
    /// Figures, such as latencies in milliseconds.
    pub figures: BTreeMap<String, f64>,
    /// The kept output.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<String>,
    /// How long it took, in seconds.
    pub seconds: f64,
}

/// A case of a suite that did not pass.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct CaseDocument {
    /// Its name.
    pub name: String,
    /// What it says; empty where it says nothing.
    pub message: String,
}

/// Seconds, to the millisecond: what a JSON reader reads back is what was written.
fn rounded(seconds: f64) -> f64 {
    (seconds * 1000.0).round() / 1000.0
}

/// Resources that an apply changed and that its document names.
const NAMED: usize = 20;

impl ApplyDocument {
    /// What came of an apply.
    #[must_use]
    pub fn new(apply: Option<String>, plan: &Plan, report: &ApplyReport, seconds: f64) -> Self {
        let mut document = Self {
            apply,
            environment: plan.environment.to_string(),
            outcome: report.outcome,
            done: 0,
            changed: Vec::new(),
            unchanged: plan.unchanged,
            seconds: rounded(seconds),
            not_done: Vec::new(),
        };
        document.judge(report);
        document
    }

    /// Takes over what is known of the steps now: the observation after the last one may show otherwise.
    pub fn judge(&mut self, report: &ApplyReport) {
        self.outcome = report.outcome;
        self.done = report.count(Some(StepOutcome::Done));
        self.changed = report
            .steps
            .iter()
            .filter(|step| step.outcome == Some(StepOutcome::Done))
            .take(NAMED)
            .map(|step| step.instance.to_string())
            .collect();
        self.not_done = report
            .steps
            .iter()
            .filter(|step| step.outcome != Some(StepOutcome::Done))
            .map(|step| NotDone {
                address: step.instance.to_string(),
                verb: step.verb,
                outcome: step.outcome,
                reason: step.reason.clone(),
            })
            .collect();
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
            seconds: rounded(ended.ended.since(ended.started).as_secs_f64()),
        }
    }
}
