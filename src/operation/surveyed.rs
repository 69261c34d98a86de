//! Surveys of live hosts: reads the facts of each environment, has them judged, and keeps them in the ledger.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use super::picture::Resolution;
use super::{Failure, Project};
use crate::report::{FactChangeDocument, Report};
use evenkeel_core::drift::survey::{
    self, Coming, FactChange, FactTimes, FactsOfSurvey, Reading, SurveyFindings,
};
use evenkeel_host::facts::GroupOfFacts;
use evenkeel_ledger::Record;
use evenkeel_ledger::record::FactsOfHost;
use evenkeel_model::defect::Defect;
use evenkeel_model::text::count;
use evenkeel_model::{Digest, EnvironmentName, Moment};

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
    coming: &BTreeMap<EnvironmentName, Coming>,
) -> Result<SurveyResult, Failure> {
    read(project, resolution, &project.definition.path, coming)
}

/// Returns the pending changes of each environment, from the findings about its live state.
///
/// # Errors
///
/// When an environment was not resolved.
pub(super) fn coming<'d>(
    resolution: &Resolution,
    live: impl IntoIterator<Item = (&'d EnvironmentName, &'d Vec<Defect>)>,
) -> Result<BTreeMap<EnvironmentName, Coming>, Failure> {
    live.into_iter()
        .map(|(name, defects)| {
            let resolved = resolution.environment(name)?;
            Ok((name.clone(), Coming::of(resolved, defects)))
        })
        .collect()
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
    coming: &BTreeMap<EnvironmentName, Coming>,
    report: &mut Report,
) -> Result<SurveyResult, Failure> {
    let result = read(project, resolution, names, coming)?;
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
    coming: &BTreeMap<EnvironmentName, Coming>,
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
    let findings = survey::judge(definition, &read, coming, project.world.clock.now());
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

/// Reports what changed on each host since the last recorded check before a time, and returns each change with the
/// checks that saw its values.
///
/// # Errors
///
/// When the ledger cannot be read.
pub(super) fn tell_changes(
    project: &Project<'_>,
    since: Moment,
    names: &[EnvironmentName],
    surveyed: &[Surveyed],
    report: &mut Report,
) -> Result<Vec<FactChangeDocument>, Failure> {
    let mut checks: Vec<(Moment, Vec<FactsOfHost>)> = Vec::new();
    let mut sequence = 0;
    if let (_, Some(ledger)) = project.state()? {
        ledger.each_record(0, &mut |entry, record| {
            // A restarted read delivers known entries again.
            if entry.sequence <= sequence {
                return Ok(());
            }
            sequence = entry.sequence;
            if let Some(Record::DriftChecked(checked)) = record {
                let mut facts = checked.facts;
                facts.retain(|it| names.contains(&it.environment));
                if !facts.is_empty() {
                    checks.push((entry.time, facts));
                }
            }
            Ok(())
        })?;
    }
    let Some((at, then)) = checks.iter().rfind(|(at, _)| *at <= since) else {
        report.say("no check with facts of hosts was recorded before this time");
        report.next("evenkeel drift --record");
        return Ok(Vec::new());
    };
    let mut all = Vec::new();
    for one in surveyed {
        let host = format!("{} ({})", one.host, one.environment);
        let Some(kept) = then.iter().find(|it| one.is_of(it)) else {
            report.say(format!(
                "{host}: no facts in the check of {}",
                at.for_people()
            ));
            continue;
        };
        let Some(before) = stored(project, &kept.facts)? else {
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
        let times = times(project, one, &checks, &changes, *at)?;
        for (number, (change, times)) in changes.into_iter().zip(times).enumerate() {
            let change =
                FactChangeDocument::new(&one.survey, &one.environment, &one.host, change, times);
            if number < MOST {
                report.say(format!("  {}", change.words()));
            } else if number == MOST {
                report.say("  the others are in the report: --format json");
            }
            all.push(change);
        }
    }
    Ok(all)
}

impl Surveyed {
    /// Whether recorded facts are those of this host.
    fn is_of(&self, kept: &FactsOfHost) -> bool {
        kept.survey == self.survey && kept.environment == self.environment && kept.host == self.host
    }
}

/// Reads recorded facts; `None` if the object is missing or damaged.
fn stored(project: &Project<'_>, facts: &Digest) -> Result<Option<Vec<GroupOfFacts>>, Failure> {
    let bytes = project.store.objects().get(facts)?;
    Ok(bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()))
}

/// Returns when the recorded checks saw the values of changed facts. Equal facts are one object, which is read once.
fn times(
    project: &Project<'_>,
    one: &Surveyed,
    checks: &[(Moment, Vec<FactsOfHost>)],
    changes: &[FactChange],
    base: Moment,
) -> Result<Vec<FactTimes>, Failure> {
    if changes.is_empty() {
        return Ok(Vec::new());
    }
    let mut read: BTreeMap<Digest, Vec<Reading>> = BTreeMap::new();
    let mut readings: Vec<(Moment, Digest)> = Vec::new();
    for (at, facts) in checks {
        let Some(kept) = facts.iter().find(|it| one.is_of(it)) else {
            continue;
        };
        if let Entry::Vacant(vacant) = read.entry(kept.facts) {
            let groups = stored(project, &kept.facts)?;
            let values = groups.map(|groups| survey::values(&groups, changes));
            vacant.insert(values.unwrap_or_default());
        }
        readings.push((*at, kept.facts));
    }
    let series = |number: usize| -> Vec<(Moment, Reading)> {
        readings
            .iter()
            .map(|(at, facts)| {
                let value = read.get(facts).and_then(|values| values.get(number));
                (*at, value.cloned().unwrap_or(Reading::Unread))
            })
            .collect()
    };
    Ok(changes
        .iter()
        .enumerate()
        .map(|(number, change)| survey::times(change, &series(number), base))
        .collect())
}
