//! Surveys of live hosts: reads the facts of each environment, and has them judged.

use std::collections::BTreeMap;

use super::picture::Resolution;
use super::{Failure, Project};
use crate::report::Report;
use evenkeel_core::drift::survey::{self, FactsOfSurvey, SurveyFindings};
use evenkeel_model::EnvironmentName;
use evenkeel_model::text::count;

/// Reads and judges the surveys of all environments, for the gate.
///
/// # Errors
///
/// When an environment was not resolved, or the run is interrupted.
pub(super) fn of_all(
    project: &Project<'_>,
    resolution: &Resolution,
) -> Result<SurveyFindings, Failure> {
    read(project, resolution, &project.definition.path)
}

/// Reads and judges the surveys of these environments, and reports how much was compared. It changes nothing.
///
/// # Errors
///
/// When an environment was not resolved, or the run is interrupted.
pub(super) fn survey(
    project: &Project<'_>,
    resolution: &Resolution,
    names: &[EnvironmentName],
    report: &mut Report,
) -> Result<SurveyFindings, Failure> {
    let found = read(project, resolution, names)?;
    if !project.definition.surveys.is_empty() {
        report.say(format!(
            "survey: {} of {} compared",
            count(found.facts, "fact"),
            count(found.hosts, "host")
        ));
    }
    Ok(found)
}

fn read(
    project: &Project<'_>,
    resolution: &Resolution,
    names: &[EnvironmentName],
) -> Result<SurveyFindings, Failure> {
    let definition = &project.definition;
    if definition.surveys.is_empty() {
        return Ok(SurveyFindings::default());
    }
    let mut read: BTreeMap<_, FactsOfSurvey> = BTreeMap::new();
    for name in names {
        let targets = resolution.targets(project, name)?;
        let observers = targets.observers();
        for (key, survey) in &definition.surveys {
            let facts = survey::read(survey, &observers);
            read.entry(key.clone())
                .or_default()
                .insert(name.clone(), facts);
        }
    }
    if project.world.interruption.is_set() {
        return Err(Failure::Interrupted);
    }
    Ok(survey::judge(definition, &read, project.world.clock.now()))
}
