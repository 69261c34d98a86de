//! Status of an environment, from the ledger and the lock only. The gate's verdict is in `verdict`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::unsettled::{UnsettledDocument, unsettled};
use super::{HeldDocument, ReleaseDocument};
use evenkeel_core::environment::Definition;
use evenkeel_core::release::{last, rolled_back_by};
use evenkeel_ledger::environment_state::Noted;
use evenkeel_ledger::lease::Lock;
use evenkeel_ledger::record::{Actor, Signed, SuiteEnded};
use evenkeel_ledger::{EnvironmentState, State};
use evenkeel_model::{Digest, EnvironmentName, Moment};

/// Status of an environment, from the ledger.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct StatusDocument {
    /// The environment.
    pub environment: String,
    /// Last apply with every step done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub apply: Option<String>,
    /// Its time.
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
    /// Last release to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub release: Option<ReleaseDocument>,
    /// Last apply unless it succeeded, and each step without an outcome.
    pub unsettled: Vec<UnsettledDocument>,
    /// Newest result of each suite.
    pub suites: Vec<SuiteStatusDocument>,
    /// Running work.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub running: Option<RunningDocument>,
    /// Recipe awaiting release to it; only for the last environment of the path.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub awaits: Option<AwaitsDocument>,
    /// Last recorded drift check.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub checked: Option<CheckedDocument>,
    /// Whether a process holds it.
    pub held: bool,
    /// Holder; absent if its lock does not name it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held_by: Option<HeldDocument>,
}

/// Newest result of a suite.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct SuiteStatusDocument {
    /// Its name.
    pub suite: String,
    /// Whether it passed.
    pub passed: bool,
    /// Summary in one line.
    pub summary: String,
    /// End.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schemars(with = "Option<String>")]
    pub ended: Option<Moment>,
    /// Reason why its result is stale, according to the ledger; absent while it counts.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub stale: Option<StaleDocument>,
}

/// Reason why the result of a suite is stale.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct StaleDocument {
    /// Short reason.
    pub reason: String,
    /// Start.
    #[schemars(with = "String")]
    pub since: Moment,
}

/// Running work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct RunningDocument {
    /// Apply, or the command if none was started yet: `a-18`, `verify`.
    pub what: String,
    /// Start.
    #[schemars(with = "String")]
    pub since: Moment,
}

/// Recipe awaiting release to production.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct AwaitsDocument {
    /// Recipe of the environment before production.
    pub recipe: String,
    /// That environment.
    pub runs_in: String,
    /// Since when it runs there.
    #[schemars(with = "String")]
    pub since: Moment,
    /// Rules that shut the gate in its last verdict; empty if it was open.
    pub shut_by: Vec<String>,
    /// Recorded decisions about the plan of that verdict, one for each person, in words: `approved by …`. The gate verifies
    /// whether they count.
    pub decisions: Vec<String>,
    /// Its last release, if that was rolled back.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub rolled_back: Option<RolledBackDocument>,
}

/// Release that was rolled back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct RolledBackDocument {
    /// The release: `r-3`.
    pub release: String,
    /// The rollback: `r-4`.
    pub by: String,
    /// The reason of the rollback, if the ledger has it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reason: Option<String>,
}

impl RolledBackDocument {
    /// Returns the next step.
    pub(crate) fn advice(&self) -> String {
        format!(
            "fix {} in a new commit, then run `evenkeel deliver`",
            self.release
        )
    }
}

/// Last recorded drift check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct CheckedDocument {
    /// Time.
    #[schemars(with = "String")]
    pub at: Moment,
    /// Number of findings that counted.
    pub findings: usize,
    /// Whether everything was read.
    pub complete: bool,
}

impl StatusDocument {
    /// Creates the status of an environment.
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
            // A running apply is not one without an outcome.
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

/// Returns the newest result of each suite, by name.
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

/// Returns why a result is stale. Only the ledger is read: the gate detects changes that no check recorded.
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

/// Returns the work of the lock's holder.
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

/// Returns the recipe that runs before the last environment and not in it.
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
        decisions: match (production, verdict) {
            (Some(production), Some(verdict)) => decisions(production, verdict.record.plan),
            _ => Vec::new(),
        },
        rolled_back: rolled_back(state, name, source.recipe),
    })
}

/// Returns the last release of a recipe, if it was rolled back.
fn rolled_back(
    state: &State,
    name: &EnvironmentName,
    recipe: Digest,
) -> Option<RolledBackDocument> {
    let mut releases = state.releases.iter().rev();
    let release = releases.find(|release| {
        let started = &release.started.record;
        started.environment == *name && started.recipe == recipe && started.rollback.is_none()
    })?;
    let by = rolled_back_by(state, release)?;
    let rollback = by.started.record.rollback.as_ref();
    Some(RolledBackDocument {
        release: release.started.record.release.clone(),
        by: by.started.record.release.clone(),
        reason: rollback.and_then(|rollback| rollback.reason.clone()),
    })
}

/// Returns the last recorded decision of each person about a plan, in the order of the ledger.
fn decisions(environment: &EnvironmentState, plan: Digest) -> Vec<String> {
    type Entry<'a> = (
        u64,
        Digest,
        Option<&'a Signed>,
        &'a Actor,
        Option<&'static str>,
    );
    let approvals = environment.approvals.iter().map(|noted| -> Entry<'_> {
        let it = &noted.record;
        let signed = it.signed.as_ref();
        (noted.sequence, it.plan, signed, &it.by, Some("approved"))
    });
    let rejections = environment.rejections.iter().map(|noted| -> Entry<'_> {
        let it = &noted.record;
        let signed = it.signed.as_ref();
        (noted.sequence, it.plan, signed, &it.by, Some("rejected"))
    });
    let withdrawals = environment.withdrawals.iter().map(|noted| -> Entry<'_> {
        let it = &noted.record;
        (noted.sequence, it.plan, it.signed.as_ref(), &it.by, None)
    });
    let mut all: Vec<Entry<'_>> = approvals
        .chain(rejections)
        .chain(withdrawals)
        .filter(|(_, of, ..)| *of == plan)
        .collect();
    all.sort_by_key(|(sequence, ..)| *sequence);
    let mut last: Vec<(&str, String)> = Vec::new();
    for (_, _, signed, account, decision) in all {
        let person = Signed::person(signed, account);
        last.retain(|(earlier, _)| *earlier != person);
        last.extend(decision.map(|decision| {
            let by = Signed::signer(signed, account);
            (person, format!("{decision} by {by}"))
        }));
    }
    last.into_iter().map(|(_, words)| words).collect()
}
