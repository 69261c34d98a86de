//! Unsettled work in an environment: its last apply, and steps that started and have no outcome.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use evenkeel_ledger::EnvironmentState;
use evenkeel_ledger::environment_state::Apply;
use evenkeel_ledger::record::{ApplyOutcome, Verb};
use evenkeel_model::Moment;

/// Apply, or step of an apply, that failed or has no outcome.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct UnsettledDocument {
    /// Apply: `a-7`.
    pub apply: String,
    /// Resource, if this is a step.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
    /// Verb, if this is a step.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verb: Option<Verb>,
    /// State.
    pub state: UnsettledState,
    /// Start of the apply; absent for a step.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub started: Option<Moment>,
    /// Breaking of the environment's lease since then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub broken: Option<BrokenDocument>,
}

/// State of an apply or a step that failed or has no outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum UnsettledState {
    /// It started and has no recorded outcome.
    Started,
    /// It failed.
    Failed,
    /// It was interrupted.
    Interrupted,
    /// It ended, and its outcome is unknown.
    Unknown,
}

/// Broken lease.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct BrokenDocument {
    /// Account that broke it.
    pub by: String,
    /// Time.
    #[schemars(with = "String")]
    pub at: Moment,
    /// Reason.
    pub reason: String,
}

/// Returns the last apply, unless it is done, and then each open step.
pub(super) fn unsettled(environment: &EnvironmentState) -> Vec<UnsettledDocument> {
    let apply = environment
        .last_apply
        .as_ref()
        .and_then(|last| unsettled_apply(environment, last));
    let steps = environment
        .open
        .iter()
        .map(|(instance, (apply, verb))| UnsettledDocument {
            apply: apply.to_string(),
            instance: Some(instance.to_string()),
            verb: Some(*verb),
            state: UnsettledState::Started,
            started: None,
            broken: None,
        });
    apply.into_iter().chain(steps).collect()
}

fn unsettled_apply(environment: &EnvironmentState, last: &Apply) -> Option<UnsettledDocument> {
    let state = match last.outcome() {
        Some(ApplyOutcome::Done) => return None,
        Some(ApplyOutcome::Failed) => UnsettledState::Failed,
        Some(ApplyOutcome::Interrupted) => UnsettledState::Interrupted,
        Some(ApplyOutcome::Unknown) => UnsettledState::Unknown,
        None => UnsettledState::Started,
    };
    let broken = environment.broken.as_ref().filter(|broken| {
        state == UnsettledState::Started && broken.sequence > last.started.sequence
    });
    Some(UnsettledDocument {
        apply: last.started.record.apply.clone(),
        instance: None,
        verb: None,
        state,
        started: Some(last.started.at),
        broken: broken.map(|broken| BrokenDocument {
            by: broken.record.by.name.clone(),
            at: broken.at,
            reason: broken.record.reason.clone(),
        }),
    })
}
