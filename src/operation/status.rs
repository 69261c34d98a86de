//! Status: what runs where, since when, from which plan. By the ledger alone: nothing is looked at.

use std::collections::BTreeMap;

use super::{Failure, Location, Project, World};
use crate::ledger::lease;
use crate::ledger::record::ApplyOutcome;
use crate::ledger::standing::Apply;
use crate::ledger::{Standing, State};
use crate::model::EnvironmentName;
use crate::report::{Report, StatusDocument};

/// Says what runs where.
///
/// # Errors
///
/// When definitions are wrong or the ledger cannot be read.
pub fn status(world: &World<'_>, location: &Location) -> Result<Report, Failure> {
    let project = Project::open(world, location)?;
    let (state, _) = project.state()?;
    let mut report = Report::new("status", &project.definition.system, world.clock.now());
    for name in &project.definition.path {
        let mut document = document(&state, name);
        document.held_by = lease::holder(&project.folder, name)?;
        report.status.push(document);
    }
    if state.sequence == 0 {
        report.say("nothing was recorded yet");
        report.next("evenkeel deliver");
    }
    Ok(report)
}

fn document(state: &State, name: &EnvironmentName) -> StatusDocument {
    let empty = Standing::default();
    let standing = state.environment(name).unwrap_or(&empty);
    let settled = standing.settled.as_ref();
    StatusDocument {
        environment: name.to_string(),
        apply: settled.map(|settled| settled.apply.to_string()),
        since: settled.map(|settled| settled.at),
        recipe: settled.map(|settled| settled.recipe.to_string()),
        plan: settled.map(|settled| settled.plan.to_string()),
        commit: settled.and_then(|settled| settled.origin.commit.clone()),
        release: release(state, name),
        unsettled: unsettled(standing),
        suites: suites(standing),
        held_by: None,
    }
}

fn release(state: &State, name: &EnvironmentName) -> Option<String> {
    let last = state
        .releases
        .iter()
        .rev()
        .find(|release| release.started.record.environment == *name)?;
    let number = &last.started.record.release;
    Some(
        match last
            .ended
            .as_ref()
            .map(|ended| (ended.record.outcome, ended.record.smoke))
        {
            Some((ApplyOutcome::Done, Some(false))) => {
                format!("{number} (its smoke suites failed)")
            }
            Some((ApplyOutcome::Done, _)) => number.clone(),
            Some((outcome, _)) => format!("{number} ({})", words(outcome)),
            None => format!("{number} (never said how it ended)"),
        },
    )
}

fn words(outcome: ApplyOutcome) -> &'static str {
    match outcome {
        ApplyOutcome::Done => "done",
        ApplyOutcome::Failed => "failed",
        ApplyOutcome::Interrupted => "interrupted",
        ApplyOutcome::Unknown => "outcome unknown",
    }
}

fn unsettled(standing: &Standing) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(last) = &standing.last_apply {
        match Apply::outcome(last) {
            Some(ApplyOutcome::Done) => {}
            Some(outcome) => lines.push(format!(
                "{} ended: {}",
                last.started.record.apply,
                words(outcome)
            )),
            None => lines.push(format!(
                "{} of {} never said how it ended",
                last.started.record.apply, last.started.at
            )),
        }
    }
    if !standing.open.is_empty() {
        lines.push(format!(
            "{} begun and not ended; the next apply looks at them",
            crate::text::count(standing.open.len(), "step")
        ));
    }
    lines
}

fn suites(standing: &Standing) -> Vec<(String, bool, String)> {
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
        .map(|(name, (passed, summary))| (name.to_owned(), passed, summary.to_owned()))
        .collect()
}
