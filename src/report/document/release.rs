//! Last release to an environment, with its outcome and the result of its smoke suites.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::RollbackDocument;
use evenkeel_core::environment::Definition;
use evenkeel_core::release::{SmokeResult, smoke_result};
use evenkeel_ledger::State;
use evenkeel_ledger::record::ApplyOutcome;
use evenkeel_ledger::state::Release;
use evenkeel_model::Moment;

/// Release.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct ReleaseDocument {
    /// Number: `r-3`.
    pub id: String,
    /// Released plan.
    pub plan: String,
    /// Released recipe.
    pub recipe: String,
    /// Released commit, if the ledger contains it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// Start.
    #[schemars(with = "String")]
    pub started: Moment,
    /// End.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub ended: Option<Moment>,
    /// Outcome; absent while it runs, and after it was killed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<ApplyOutcome>,
    /// Result of its smoke suites.
    pub smoke: SmokeState,
    /// What it rolls back; absent if it is no rollback.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rollback: Option<RollbackDocument>,
}

/// Result of the smoke suites of a release.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SmokeState {
    /// None is declared, and none ran.
    None,
    /// None ran on the released state.
    NotRun,
    /// They passed.
    Passed,
    /// They failed with the release and pass since.
    PassedSince,
    /// They failed.
    Failed,
}

impl ReleaseDocument {
    pub(super) fn new(definition: &Definition, state: &State, release: &Release) -> Self {
        let started = &release.started;
        let ended = release.ended.as_ref();
        Self {
            id: started.record.release.clone(),
            plan: started.record.plan.to_string(),
            recipe: started.record.recipe.to_string(),
            commit: ended.and_then(|ended| ended.record.commit.clone()),
            started: started.at,
            ended: ended.map(|ended| ended.at),
            outcome: ended.map(|ended| ended.record.outcome),
            smoke: smoke_result(definition, state, release).into(),
            rollback: started.record.rollback.as_ref().map(|record| {
                let is_done = ended.is_some_and(|it| it.record.outcome == ApplyOutcome::Done);
                RollbackDocument::new(&started.record.release, record, is_done)
            }),
        }
    }
}

impl From<SmokeResult> for SmokeState {
    fn from(result: SmokeResult) -> Self {
        match result {
            SmokeResult::None => Self::None,
            SmokeResult::NotRun => Self::NotRun,
            SmokeResult::Passed => Self::Passed,
            SmokeResult::PassedSince => Self::PassedSince,
            SmokeResult::Failed => Self::Failed,
        }
    }
}
