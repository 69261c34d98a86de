//! What runs in an environment, from the ledger and the lock alone: nothing is observed. The gate's verdict is in
//! `verdict`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::unsettled::{UnsettledDocument, unsettled};
use super::{HeldDocument, ReleaseDocument};
use evenkeel_core::environment::Definition;
use evenkeel_core::release::last;
use evenkeel_ledger::lease::Lock;
use evenkeel_ledger::{EnvironmentState, State};
use evenkeel_model::{EnvironmentName, Moment};

/// What runs in an environment, by the ledger.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
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
    /// The last release to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub release: Option<ReleaseDocument>,
    /// The last apply if it did not end well, and each step without an outcome.
    pub unsettled: Vec<UnsettledDocument>,
    /// The newest result of each suite.
    pub suites: Vec<SuiteStatusDocument>,
    /// Whether a process holds it now.
    pub held: bool,
    /// The holder; absent if its lock does not name it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held_by: Option<HeldDocument>,
}

/// The newest result of a suite.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct SuiteStatusDocument {
    /// Its name.
    pub suite: String,
    /// Whether it passed.
    pub passed: bool,
    /// What it showed, in one line.
    pub summary: String,
}

impl StatusDocument {
    /// The status of an environment.
    #[must_use]
    pub fn new(
        definition: &Definition,
        state: &State,
        name: &EnvironmentName,
        lock: &Lock,
    ) -> Self {
        let empty = EnvironmentState::default();
        let environment = state.environment(name).unwrap_or(&empty);
        let settled = environment.settled.as_ref();
        Self {
            environment: name.to_string(),
            apply: settled.map(|settled| settled.apply.to_string()),
            since: settled.map(|settled| settled.at),
            recipe: settled.map(|settled| settled.recipe.to_string()),
            plan: settled.map(|settled| settled.plan.to_string()),
            commit: settled.and_then(|settled| settled.origin.commit.clone()),
            release: last(state, name)
                .map(|release| ReleaseDocument::new(definition, state, release)),
            unsettled: unsettled(environment),
            suites: suites(environment),
            held: *lock != Lock::Free,
            held_by: match lock {
                Lock::Free => None,
                Lock::Held(holder) => holder.as_ref().map(Into::into),
            },
        }
    }
}

fn suites(environment: &EnvironmentState) -> Vec<SuiteStatusDocument> {
    let newest: BTreeMap<&str, (bool, &str)> = environment
        .evidence
        .iter()
        .map(|noted| {
            (
                noted.record.suite.as_str(),
                (noted.record.passed, noted.record.summary.as_str()),
            )
        })
        .collect();
    newest
        .into_iter()
        .map(|(name, (passed, summary))| SuiteStatusDocument {
            suite: name.to_owned(),
            passed,
            summary: summary.to_owned(),
        })
        .collect()
}
