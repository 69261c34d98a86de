//! DORA figures of the releases to production, from the ledger and the commits that git has.

use std::collections::BTreeMap;

use super::session::Session;
use super::{Failure, Project, ProjectLocation, World, log};
use crate::report::{DORA_COMMAND, DoraDocument, Report};
use crate::world::git::GitError;
use evenkeel_core::release::dora::{Brought, Change, Deployments, KINDS, Window};
use evenkeel_ledger::{State, chain};
use evenkeel_model::{Moment, duration};

/// Length of the period, unless its start is named.
const DEFAULT: &str = "90d";

/// Reports the figures of a period: until now, since 90 days.
///
/// # Errors
///
/// When the ledger cannot be read completely, or the period is malformed or empty.
pub fn report_dora(
    world: &World<'_>,
    location: &ProjectLocation,
    since: Option<&str>,
    until: Option<&str>,
) -> Result<Report, Failure> {
    let Session {
        project,
        mut report,
    } = Session::open(world, location, DORA_COMMAND)?;
    report.project = None;
    let now = world.clock.now();
    let time = |text: &str| log::time(text, now).map_err(Failure::Usage);
    let until = until.map(time).transpose()?.unwrap_or(now);
    let since = match since {
        Some(text) => time(text)?,
        None => before(until),
    };
    if since >= until {
        return Err(Failure::Usage(format!(
            "the period is empty: it starts at {} and ends at {}",
            since.for_people(),
            until.for_people()
        )));
    }
    let environment = project.production()?;
    let mut deployments = Deployments::to(&environment);
    match project.store.open(Some(&project.definition.system))? {
        Some(ledger) => {
            report.outstanding(&State::current(&*ledger)?);
            let mut last = 0;
            ledger.each(0, &mut |entry| {
                // A concurrent append restarts the read, so an entry can be delivered twice.
                if entry.sequence <= last {
                    return Ok(());
                }
                last = entry.sequence;
                if KINDS.contains(&&*entry.kind)
                    && let Some(record) = chain::understand(&entry)?
                {
                    deployments.take(entry.time, &record);
                }
                Ok(())
            })?;
        }
        None => {
            report.say("no entries yet");
            report.next("evenkeel deliver");
        }
    }
    let window = Window { since, until };
    let mut changes: BTreeMap<String, Vec<Change>> = BTreeMap::new();
    for brought in deployments.brought(window) {
        if let Some(list) = commits(&project, &brought)? {
            changes.insert(brought.release, list);
        }
    }
    let figures = deployments.figures(window, &changes);
    report.dora = Some(Box::new(DoraDocument::new(&environment, figures)));
    Ok(report)
}

/// Returns the default start of a period that ends at `until`.
fn before(until: Moment) -> Moment {
    let length = duration::parse(DEFAULT).unwrap_or_default().as_millis();
    let length = i64::try_from(length).unwrap_or(i64::MAX);
    Moment::from_millisecond(until.as_millisecond().saturating_sub(length))
}

/// Returns the commits that a release brought; `None` if this repository does not have them all.
fn commits(project: &Project<'_>, brought: &Brought) -> Result<Option<Vec<Change>>, Failure> {
    let Some(repository) = project.repository() else {
        return Ok(None);
    };
    match repository.brought(&brought.commit, brought.before.as_deref()) {
        Ok(Some(list)) => {
            let changes = list.into_iter();
            Ok(Some(
                changes
                    .map(|(commit, time)| Change { commit, time })
                    .collect(),
            ))
        }
        Ok(None) | Err(GitError::NoCommit { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
