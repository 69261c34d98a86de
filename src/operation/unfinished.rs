//! Releases that did not end well, and what became of them.
//!
//! A release that was killed says nothing of how it ended. Whoever brings production to what it was to run, or back to
//! what it ran before, says so in its place; the smoke suites are not run by that, and are never claimed.

use super::Project;
use crate::report::Report;
use evenkeel_core::environment::reference::plain_text;
use evenkeel_ledger::record::{ApplyOutcome, ReleaseEnded};
use evenkeel_ledger::{State, state::Release};
use evenkeel_model::{Digest, EnvironmentName};

/// What the smoke suites say of a release.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Smoke {
    /// None is declared.
    None,
    /// None ran on what was released.
    NotRun,
    /// The newest of each passed.
    Passed,
    /// The newest of one failed.
    Failed,
}

/// The last release to an environment.
pub(super) fn last<'s>(state: &'s State, name: &EnvironmentName) -> Option<&'s Release> {
    state
        .releases
        .iter()
        .rev()
        .find(|release| release.started.record.environment == *name)
}

/// What the smoke suites said on what a release brought, since it began.
pub(super) fn smoke(project: &Project<'_>, state: &State, release: &Release) -> Smoke {
    let started = &release.started;
    let declared = smoke_suites(project, &started.record.environment);
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

/// The names of the smoke suites of an environment.
fn smoke_suites<'p>(project: &'p Project<'_>, name: &EnvironmentName) -> Vec<&'p str> {
    project
        .definition
        .suites_of(name)
        .into_iter()
        .filter(|(_, block)| plain_text(block, "kind").is_some_and(|(kind, _)| kind == "smoke"))
        .map(|(suite, _)| &**suite)
        .collect()
}

/// The command that runs the smoke suites of an environment.
pub(super) fn run_smoke(project: &Project<'_>, name: &EnvironmentName) -> String {
    format!(
        "evenkeel verify {name} {}",
        smoke_suites(project, name).join(" ")
    )
}

/// After an apply to production that ended with everything done: how the release stands that was unfinished before it,
/// if there is one. What is to be recorded is given back, and the report says it.
pub(super) fn settle(
    project: &Project<'_>,
    state: &State,
    name: &EnvironmentName,
    recipe: Digest,
    commit: Option<String>,
    report: &mut Report,
) -> Option<ReleaseEnded> {
    let release = last(state, name)?;
    let started = &release.started.record;
    let outcome = release.ended.as_ref().map(|ended| ended.record.outcome);
    let number = &started.release;
    let is_finished = started.recipe == recipe;
    if outcome == Some(ApplyOutcome::Done) || (outcome.is_some() && !is_finished) {
        return None;
    }
    if is_finished {
        report.say(format!(
            "{number} had not ended well: {name} runs its recipe now"
        ));
        if smoke(project, state, release) == Smoke::None {
            report.next("evenkeel status");
        } else {
            report.say("its smoke suites were not run on that");
            report.next(run_smoke(project, name));
        }
    } else {
        report.say(format!(
            "{number} was begun and not finished: {name} runs what it ran before"
        ));
        report.next("evenkeel status");
    }
    Some(ReleaseEnded {
        release: number.clone(),
        environment: name.clone(),
        recipe: started.recipe,
        commit: commit.filter(|_| is_finished),
        outcome: if is_finished {
            ApplyOutcome::Done
        } else {
            ApplyOutcome::Failed
        },
        smoke: None,
    })
}
