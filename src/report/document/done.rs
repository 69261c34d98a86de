//! Applies and suites.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use evenkeel_core::apply::{ApplyReport, RolloutReport};
use evenkeel_core::plan::Plan;
use evenkeel_ledger::record::{ApplyOutcome, StepOutcome, SuiteEnded, Verb};
use evenkeel_model::HostName;

/// Result of an apply.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct ApplyDocument {
    /// Number: `a-7`; absent if there was nothing to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub apply: Option<String>,
    /// The environment.
    pub environment: String,
    /// Outcome.
    pub outcome: ApplyOutcome,
    /// Number of completed steps.
    pub done: usize,
    /// First resources that these steps changed, at most 20.
    #[serde(default)]
    pub changed: Vec<String>,
    /// Number of resources that were already in sync.
    pub unchanged: usize,
    /// Duration in seconds.
    pub seconds: f64,
    /// Steps that are not done, with reasons.
    pub not_done: Vec<NotDone>,
    /// Notes on steps that are done, such as an earlier revert of their host.
    #[serde(default)]
    pub notes: Vec<String>,
    /// Rollouts over several hosts.
    #[serde(default)]
    pub rollouts: Vec<RolloutDocument>,
}

/// Rollout over the hosts of a target.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct RolloutDocument {
    /// The target.
    pub target: String,
    /// Hosts with every step done.
    pub done: Vec<String>,
    /// Hosts that failed.
    pub failed: Vec<HostFailure>,
    /// Hosts that were not changed.
    pub untouched: Vec<String>,
    /// Why it stopped; absent if it reached every host.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stopped: Option<String>,
}

/// Host that failed.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct HostFailure {
    /// The host.
    pub host: String,
    /// Reason.
    pub reason: String,
}

impl RolloutDocument {
    fn new(report: &RolloutReport) -> Self {
        let names = |hosts: &[HostName]| hosts.iter().map(ToString::to_string).collect();
        Self {
            target: report.target.clone(),
            done: names(&report.done),
            failed: report
                .failed
                .iter()
                .map(|(host, reason)| HostFailure {
                    host: host.to_string(),
                    reason: reason.clone(),
                })
                .collect(),
            untouched: names(&report.untouched),
            stopped: report.stopped.clone(),
        }
    }
}

/// Step that is not done.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct NotDone {
    /// The resource.
    pub address: String,
    /// Planned change.
    pub verb: Verb,
    /// Outcome; absent if it was not started.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<StepOutcome>,
    /// Reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Result of a suite.
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
    /// Summary in one line.
    pub summary: String,
    /// Cases that did not pass.
    pub failures: Vec<CaseDocument>,
    /// Figures, such as latencies in milliseconds.
    pub figures: BTreeMap<String, f64>,
    /// Stored output.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<String>,
    /// Duration in seconds.
    pub seconds: f64,
}

/// Case that did not pass.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct CaseDocument {
    /// Its name.
    pub name: String,
    /// Message; may be empty.
    pub message: String,
}

/// Rounds seconds to milliseconds, so that JSON readers get the same number.
fn rounded(seconds: f64) -> f64 {
    (seconds * 1000.0).round() / 1000.0
}

/// Maximum number of changed resources in the document of an apply.
const NAMED: usize = 20;

impl ApplyDocument {
    /// Creates the result of an apply.
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
            notes: Vec::new(),
            rollouts: Vec::new(),
        };
        document.judge(report);
        document
    }

    /// Applies the results of steps that are known after the last observation.
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
        self.notes = report
            .steps
            .iter()
            .filter(|step| step.outcome == Some(StepOutcome::Done))
            .filter_map(|step| Some(format!("{}: {}", step.instance, step.reason.as_ref()?)))
            .collect();
        self.rollouts = report.rollouts.iter().map(RolloutDocument::new).collect();
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
    /// Creates the result of a recorded suite; failures and figures are added by its runner.
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
