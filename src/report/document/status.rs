//! What runs in an environment, from the ledger and the lock alone: nothing is observed. The gate's verdict is in
//! `verdict`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::unsettled::{UnsettledDocument, unsettled};
use super::{HeldDocument, ReleaseDocument};
use evenkeel_core::environment::Definition;
use evenkeel_core::release::last;
use evenkeel_ledger::environment_state::Noted;
use evenkeel_ledger::lease::Lock;
use evenkeel_ledger::record::SuiteEnded;
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
    /// What runs now.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub running: Option<RunningDocument>,
    /// What awaits release to it; only for the last environment of the path.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub awaits: Option<AwaitsDocument>,
    /// The last recorded check for drift.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub checked: Option<CheckedDocument>,
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
    /// When it ended.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schemars(with = "Option<String>")]
    pub ended: Option<Moment>,
    /// Why its result counts no more, as far as the ledger tells; absent while it counts.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub stale: Option<StaleDocument>,
}

/// Why the result of a suite counts no more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct StaleDocument {
    /// The reason, in a few words.
    pub reason: String,
    /// Since when.
    #[schemars(with = "String")]
    pub since: Moment,
}

/// What runs now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct RunningDocument {
    /// The apply, or the command where none was started yet: `a-18`, `verify`.
    pub what: String,
    /// Since when.
    #[schemars(with = "String")]
    pub since: Moment,
}

/// What awaits release to production.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct AwaitsDocument {
    /// The recipe that the environment before production runs.
    pub recipe: String,
    /// That environment.
    pub runs_in: String,
    /// Since when it runs there.
    #[schemars(with = "String")]
    pub since: Moment,
    /// The rules that shut the gate when it was asked last; empty where it was open.
    pub shut_by: Vec<String>,
}

/// The last recorded check for drift.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct CheckedDocument {
    /// When.
    #[schemars(with = "String")]
    pub at: Moment,
    /// How many findings it had that count.
    pub findings: usize,
    /// Whether everything was read.
    pub complete: bool,
}

impl StatusDocument {
    /// The status of an environment.
    #[must_use]
    pub fn new(
        definition: &Definition,
        state: &State,
        name: &EnvironmentName,
        lock: &Lock,
        now: Moment,
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
            // An apply that runs now is no apply without an outcome.
            unsettled: if *lock == Lock::Free {
                unsettled(environment)
            } else {
                Vec::new()
            },
            suites: suites(environment, definition.policy.evidence_max_age, now),
            running: running(environment, lock),
            awaits: awaits(definition, state, name),
            checked: state.checks.get(name).map(|check| CheckedDocument {
                at: check.at,
                findings: check.findings.len(),
                complete: check.complete,
            }),
            held: *lock != Lock::Free,
            held_by: match lock {
                Lock::Free => None,
                Lock::Held(holder) => holder.as_ref().map(Into::into),
            },
        }
    }
}

/// The newest result of each suite, by name.
fn suites(environment: &EnvironmentState, max_age: u64, now: Moment) -> Vec<SuiteStatusDocument> {
    let newest: BTreeMap<&str, &Noted<SuiteEnded>> = environment
        .evidence
        .iter()
        .map(|noted| (noted.record.suite.as_str(), noted))
        .collect();
    newest
        .into_iter()
        .map(|(name, noted)| SuiteStatusDocument {
            suite: name.to_owned(),
            passed: noted.record.passed,
            summary: noted.record.summary.clone(),
            ended: Some(noted.record.ended),
            stale: stale(environment, noted, max_age, now),
        })
        .collect()
}

/// Why a result counts no more. Only the ledger is asked: a change that no check has recorded is found by the gate.
fn stale(
    environment: &EnvironmentState,
    noted: &Noted<SuiteEnded>,
    max_age: u64,
    now: Moment,
) -> Option<StaleDocument> {
    let because = |reason: String, since: Moment| Some(StaleDocument { reason, since });
    if !noted.record.undisturbed {
        let reason = "the environment changed while it ran".to_owned();
        return because(reason, noted.record.ended);
    }
    if let Some(apply) = &environment.last_apply
        && apply.started.sequence > noted.sequence
        && apply.started.record.steps > 0
    {
        let reason = format!("{} changed the environment", apply.started.record.apply);
        return because(reason, apply.started.at);
    }
    let expired = noted
        .record
        .ended
        .as_millisecond()
        .saturating_add(i64::try_from(max_age.saturating_mul(1000)).unwrap_or(i64::MAX));
    (now.as_millisecond() > expired).then(|| StaleDocument {
        reason: "too old".into(),
        since: Moment::from_millisecond(expired),
    })
}

/// What the holder of the lock does.
fn running(environment: &EnvironmentState, lock: &Lock) -> Option<RunningDocument> {
    let Lock::Held(holder) = lock else {
        return None;
    };
    let open = environment
        .last_apply
        .as_ref()
        .filter(|apply| apply.ended.is_none());
    match (open, holder) {
        (Some(apply), _) => Some(RunningDocument {
            what: apply.started.record.apply.clone(),
            since: apply.started.at,
        }),
        (None, Some(holder)) => Some(RunningDocument {
            what: holder.purpose.clone(),
            since: holder.since,
        }),
        (None, None) => None,
    }
}

/// What runs in the environment before the last one and not in the last one.
fn awaits(
    definition: &Definition,
    state: &State,
    name: &EnvironmentName,
) -> Option<AwaitsDocument> {
    let [.., before, last] = &*definition.path else {
        return None;
    };
    if last != name {
        return None;
    }
    let source = state.environment(before)?.settled.as_ref()?;
    let production = state.environment(name);
    let runs = production.and_then(|environment| environment.settled.as_ref());
    if runs.is_some_and(|settled| settled.recipe == source.recipe) {
        return None;
    }
    let verdict = production.and_then(|environment| environment.verdict.as_ref());
    let verdict = verdict.filter(|verdict| verdict.record.recipe == source.recipe);
    Some(AwaitsDocument {
        recipe: source.recipe.to_string(),
        runs_in: before.to_string(),
        since: source.at,
        shut_by: verdict.map_or_else(Vec::new, |verdict| {
            let mut codes = verdict.record.shut_by.clone();
            codes.dedup();
            codes
        }),
    })
}
