//! Status: what runs where, since when, from which plan. By the ledger alone: nothing is looked at.

use std::collections::BTreeMap;

use super::apply::run_smoke;
use super::session::Session;
use super::{Failure, Project, ProjectLocation, World};
use crate::report::{Report, StatusDocument, SuiteStatusDocument};
use evenkeel_core::release::{Smoke, last, smoke};
use evenkeel_ledger::environment_state::Apply;
use evenkeel_ledger::lease::{self, Lock};
use evenkeel_ledger::record::ApplyOutcome;
use evenkeel_ledger::state::Release;
use evenkeel_ledger::{EnvironmentState, State};
use evenkeel_model::EnvironmentName;

/// Says what runs where.
///
/// # Errors
///
/// When definitions are wrong or the ledger cannot be read.
pub fn status(world: &World<'_>, location: &ProjectLocation) -> Result<Report, Failure> {
    let (session, state) = Session::open_with_state(world, location, "status")?;
    let Session {
        project,
        mut report,
    } = session;
    for name in &project.definition.path {
        let mut document = document(&project, &state, name);
        document.held_by = match project.store.look_at_lock(name)? {
            Lock::Free => None,
            Lock::Held(holder) => Some(lease::introduce(holder.as_ref())),
        };
        // While somebody is at it, there is nothing to be done by anybody else.
        if document.held_by.is_none()
            && let Some(release) = last(&state, name)
        {
            report.next.extend(open_end(&project, &state, release));
        }
        report.status.push(document);
    }
    if state.sequence == 0 {
        report.say("nothing was recorded yet");
        report.next("evenkeel deliver");
    }
    Ok(report)
}

fn document(project: &Project<'_>, state: &State, name: &EnvironmentName) -> StatusDocument {
    let empty = EnvironmentState::default();
    let standing = state.environment(name).unwrap_or(&empty);
    let settled = standing.settled.as_ref();
    StatusDocument {
        environment: name.to_string(),
        apply: settled.map(|settled| settled.apply.to_string()),
        since: settled.map(|settled| settled.at),
        recipe: settled.map(|settled| settled.recipe.to_string()),
        plan: settled.map(|settled| settled.plan.to_string()),
        commit: settled.and_then(|settled| settled.origin.commit.clone()),
        release: last(state, name).map(|release| release_words(project, state, release)),
        unsettled: unsettled(standing),
        suites: suites(standing),
        held_by: None,
    }
}

/// A release in words: its number, and what there is to say besides.
fn release_words(project: &Project<'_>, state: &State, release: &Release) -> String {
    let number = &release.started.record.release;
    let ended = release
        .ended
        .as_ref()
        .map(|ended| (ended.record.outcome, ended.record.smoke));
    let besides = match (ended, smoke(&project.definition, state, release)) {
        (None, _) => "never said how it ended",
        (Some((ApplyOutcome::Done, _)), Smoke::Failed) => "its smoke suites failed",
        (Some((ApplyOutcome::Done, Some(false))), Smoke::Passed) => {
            "its smoke suites failed, and pass since"
        }
        (Some((ApplyOutcome::Done, Some(false))), _) => "its smoke suites failed",
        (Some((ApplyOutcome::Done, None)), Smoke::NotRun) => "its smoke suites were not run",
        (Some((ApplyOutcome::Done, _)), _) => return number.clone(),
        (Some((outcome, _)), _) => outcome_words(outcome),
    };
    format!("{number} ({besides})")
}

/// What is to be done about a release that is not settled.
fn open_end(project: &Project<'_>, state: &State, release: &Release) -> Option<String> {
    let name = &release.started.record.environment;
    let Some(ended) = &release.ended else {
        return Some(format!("evenkeel apply {name}"));
    };
    let not_run = ended.record.outcome == ApplyOutcome::Done
        && ended.record.smoke.is_none()
        && smoke(&project.definition, state, release) == Smoke::NotRun;
    not_run.then(|| run_smoke(project, name))
}

/// How an apply or a release ended, in words.
pub(super) fn outcome_words(outcome: ApplyOutcome) -> &'static str {
    match outcome {
        ApplyOutcome::Done => "done",
        ApplyOutcome::Failed => "failed",
        ApplyOutcome::Interrupted => "interrupted",
        ApplyOutcome::Unknown => "outcome unknown",
    }
}

fn unsettled(standing: &EnvironmentState) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(last) = &standing.last_apply {
        match Apply::outcome(last) {
            Some(ApplyOutcome::Done) => {}
            Some(outcome) => lines.push(format!(
                "{} ended: {}",
                last.started.record.apply,
                outcome_words(outcome)
            )),
            None => lines.push(format!(
                "{} of {} never said how it ended{}",
                last.started.record.apply,
                last.started.at,
                broken(standing, last.started.sequence)
            )),
        }
    }
    if !standing.open.is_empty() {
        lines.push(format!(
            "{} begun and not ended; the next apply looks at them",
            evenkeel_model::text::count(standing.open.len(), "step")
        ));
    }
    lines
}

/// Who took the lease away from an apply that began with the entry `since`, and why.
fn broken(standing: &EnvironmentState, since: u64) -> String {
    let broken = standing.broken.as_ref();
    match broken.filter(|broken| broken.sequence > since) {
        None => String::new(),
        Some(broken) => format!(
            ": {} took its lease away at {}: {}",
            broken.record.by.name, broken.at, broken.record.reason
        ),
    }
}

fn suites(standing: &EnvironmentState) -> Vec<SuiteStatusDocument> {
    let newest: BTreeMap<&str, (bool, &str)> = standing
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
