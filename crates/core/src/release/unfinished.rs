//! Unfinished releases, and the apply that settles one.
//!
//! A killed release records no outcome. The apply that brings production to the released recipe, or back to the one
//! before, records it instead. It runs no smoke suites, so it records no result of theirs.

use crate::environment::Definition;
use crate::environment::reference::plain_text;
use evenkeel_ledger::record::{ApplyOutcome, ReleaseEnded};
use evenkeel_ledger::{State, state::Release};
use evenkeel_model::{Digest, EnvironmentName};

/// Result of the smoke suites on a release.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Smoke {
    /// None is declared.
    None,
    /// None ran on the released state.
    NotRun,
    /// The newest run of each passed.
    Passed,
    /// The newest run of one failed.
    Failed,
}

/// Returns the last release to an environment.
#[must_use]
pub fn last<'s>(state: &'s State, name: &EnvironmentName) -> Option<&'s Release> {
    state
        .releases
        .iter()
        .rev()
        .find(|release| release.started.record.environment == *name)
}

/// Returns the result of the smoke suites on a release since it started.
#[must_use]
pub fn smoke(definition: &Definition, state: &State, release: &Release) -> Smoke {
    let started = &release.started;
    let declared = smoke_suites(definition, &started.record.environment);
    let evidence = state
        .environment(&started.record.environment)
        .map_or(&[][..], |standing| &standing.evidence);
    let mut newest = std::collections::BTreeMap::new();
    for noted in evidence {
        if noted.sequence > started.sequence
            && noted.record.kind == "smoke"
            && noted.record.bound.recipe == started.record.recipe
        {
            newest.insert(noted.record.suite.as_str(), noted.record.passed);
        }
    }
    if newest.values().any(|passed| !passed) {
        Smoke::Failed
    } else if !newest.is_empty() && declared.iter().all(|suite| newest.contains_key(&**suite)) {
        Smoke::Passed
    } else if declared.is_empty() {
        Smoke::None
    } else {
        Smoke::NotRun
    }
}

/// Result of a release's smoke suites, with the release and since.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SmokeResult {
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

/// Returns the result of a release's smoke suites. A failure with the release counts until all of them pass.
#[must_use]
pub fn smoke_result(definition: &Definition, state: &State, release: &Release) -> SmokeResult {
    let with_release = release.ended.as_ref().and_then(|ended| ended.record.smoke);
    match (with_release, smoke(definition, state, release)) {
        (_, Smoke::Failed) => SmokeResult::Failed,
        (Some(false), Smoke::Passed) => SmokeResult::PassedSince,
        (Some(false), _) => SmokeResult::Failed,
        (None, Smoke::NotRun) => SmokeResult::NotRun,
        (None, Smoke::None) => SmokeResult::None,
        _ => SmokeResult::Passed,
    }
}

/// Returns the command that settles a release: the apply that ends it, or the smoke suites that never ran on it.
#[must_use]
pub fn remedy(definition: &Definition, state: &State, release: &Release) -> Option<String> {
    let name = &release.started.record.environment;
    let Some(ended) = &release.ended else {
        let command = match release.started.record.rollback {
            None => "apply",
            // Its definitions are those of an earlier commit.
            Some(_) => "rollback",
        };
        return Some(format!("evenkeel {command} {name}"));
    };
    let not_run = ended.record.outcome == ApplyOutcome::Done
        && smoke_result(definition, state, release) == SmokeResult::NotRun;
    not_run.then(|| run_smoke(definition, name))
}

/// Returns the command that runs the smoke suites of an environment.
#[must_use]
pub fn run_smoke(definition: &Definition, name: &EnvironmentName) -> String {
    format!(
        "evenkeel verify {name} {}",
        smoke_suites(definition, name).join(" ")
    )
}

/// Returns the names of an environment's smoke suites.
#[must_use]
pub fn smoke_suites<'p>(definition: &'p Definition, name: &EnvironmentName) -> Vec<&'p str> {
    definition
        .suites_of(name)
        .into_iter()
        .filter(|(_, block)| plain_text(block, "kind").is_some_and(|(kind, _)| kind == "smoke"))
        .map(|(suite, _)| &**suite)
        .collect()
}

/// Effect of an apply on an unfinished release.
#[derive(Clone, Debug)]
pub struct Settlement {
    /// Record that ends the release.
    pub ended: ReleaseEnded,
    /// Whether the environment runs the released recipe; otherwise, it runs the one before.
    pub is_finished: bool,
    /// Result of the smoke suites.
    pub smoke: Smoke,
}

/// Returns how a successful apply of `recipe` to production settles its last release; `None` if that release needs no
/// settlement.
#[must_use]
pub fn settlement(
    definition: &Definition,
    state: &State,
    name: &EnvironmentName,
    recipe: Digest,
    commit: Option<String>,
) -> Option<Settlement> {
    let release = last(state, name)?;
    let started = &release.started.record;
    let outcome = release.ended.as_ref().map(|ended| ended.record.outcome);
    let is_finished = started.recipe == recipe;
    if outcome == Some(ApplyOutcome::Done) || (outcome.is_some() && !is_finished) {
        return None;
    }
    Some(Settlement {
        ended: ReleaseEnded {
            release: started.release.clone(),
            environment: name.clone(),
            recipe: started.recipe,
            commit: commit.filter(|_| is_finished),
            outcome: if is_finished {
                ApplyOutcome::Done
            } else {
                ApplyOutcome::Failed
            },
            smoke: None,
        },
        is_finished,
        smoke: smoke(definition, state, release),
    })
}
