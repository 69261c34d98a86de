//! Surveys of live hosts: reads the facts of each environment, has them judged, and keeps them in the ledger.

use std::collections::BTreeMap;

use super::log::time;
use super::picture::Resolution;
use super::{Failure, Project};
use crate::report::Report;
use evenkeel_core::drift::survey::{self, FactsOfSurvey, SurveyFindings};
use evenkeel_host::facts::GroupOfFacts;
use evenkeel_ledger::Record;
use evenkeel_ledger::record::FactsOfHost;
use evenkeel_model::text::count;
use evenkeel_model::{EnvironmentName, Moment};

/// The most changes of one host that are listed.
const MOST: usize = 20;

/// The facts of one host.
pub(super) struct Surveyed {
    survey: String,
    environment: EnvironmentName,
    host: String,
    groups: Vec<GroupOfFacts>,
}

/// What surveys read and found.
#[derive(Default)]
pub(super) struct SurveyResult {
    /// The findings.
    pub(super) findings: SurveyFindings,
    /// The facts of each readable host.
    pub(super) facts: Vec<Surveyed>,
}

/// Reads and judges the surveys of all environments, for the gate.
///
/// # Errors
///
/// When an environment was not resolved, or the run is interrupted.
pub(super) fn of_all(
    project: &Project<'_>,
    resolution: &Resolution,
) -> Result<SurveyResult, Failure> {
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
) -> Result<SurveyResult, Failure> {
    let result = read(project, resolution, names)?;
    if !project.definition.surveys.is_empty() {
        report.say(format!(
            "survey: {} of {} compared",
            count(result.findings.facts, "fact"),
            count(result.findings.hosts, "host")
        ));
    }
    Ok(result)
}

fn read(
    project: &Project<'_>,
    resolution: &Resolution,
    names: &[EnvironmentName],
) -> Result<SurveyResult, Failure> {
    let definition = &project.definition;
    if definition.surveys.is_empty() {
        return Ok(SurveyResult::default());
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
    let findings = survey::judge(definition, &read, project.world.clock.now());
    let mut facts = Vec::new();
    for (survey, environments) in read {
        for (environment, hosts) in environments {
            for (host, groups) in hosts {
                if let Ok(groups) = groups {
                    facts.push(Surveyed {
                        survey: survey.to_string(),
                        environment: environment.clone(),
                        host,
                        groups,
                    });
                }
            }
        }
    }
    Ok(SurveyResult { findings, facts })
}

/// Stores the facts of each host as an object. Unchanged facts are stored once.
///
/// # Errors
///
/// When the store cannot be written.
pub(super) fn keep(
    project: &Project<'_>,
    surveyed: &[Surveyed],
) -> Result<Vec<FactsOfHost>, Failure> {
    surveyed
        .iter()
        .map(|one| {
            let text = evenkeel_model::canonical::to_string(&one.groups)
                .map_err(|error| Failure::other(error.to_string()))?;
            Ok(FactsOfHost {
                survey: one.survey.clone(),
                environment: one.environment.clone(),
                host: one.host.clone(),
                facts: project.store.objects().put(text.as_bytes())?,
            })
        })
        .collect()
}

/// Reports what changed on each host since the last recorded check before a time.
///
/// # Errors
///
/// When the time is invalid, or the ledger cannot be read.
pub(super) fn tell_changes(
    project: &Project<'_>,
    since: &str,
    names: &[EnvironmentName],
    surveyed: &[Surveyed],
    report: &mut Report,
) -> Result<(), Failure> {
    let since = time(since, project.world.clock.now()).map_err(Failure::Usage)?;
    let mut last: Option<(Moment, Vec<FactsOfHost>)> = None;
    if let (_, Some(ledger)) = project.state()? {
        ledger.each_record(0, &mut |entry, record| {
            if let Some(Record::DriftChecked(checked)) = record
                && entry.time <= since
                && checked
                    .facts
                    .iter()
                    .any(|it| names.contains(&it.environment))
            {
                last = Some((entry.time, checked.facts));
            }
            Ok(())
        })?;
    }
    let Some((at, then)) = last else {
        report.say("no check with facts of hosts was recorded before this time");
        report.next("evenkeel drift --record");
        return Ok(());
    };
    for one in surveyed {
        let host = format!("{} ({})", one.host, one.environment);
        let is_same = |it: &&FactsOfHost| {
            it.survey == one.survey && it.environment == one.environment && it.host == one.host
        };
        let Some(kept) = then.iter().find(is_same) else {
            report.say(format!(
                "{host}: no facts in the check of {}",
                at.for_people()
            ));
            continue;
        };
        let stored = project.store.objects().get(&kept.facts)?;
        let before: Option<Vec<GroupOfFacts>> =
            stored.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        let Some(before) = before else {
            report.say(format!(
                "{host}: the facts of {} are not stored",
                at.for_people()
            ));
            continue;
        };
        let changes = survey::changes(&before, &one.groups);
        report.say(format!(
            "{host}: {} since the check of {}",
            count(changes.len(), "changed fact"),
            at.for_people()
        ));
        for change in changes.iter().take(MOST) {
            report.say(format!("  {change}"));
        }
        if changes.len() > MOST {
            report.say(format!("  and {} more", changes.len() - MOST));
        }
    }
    Ok(())
}
