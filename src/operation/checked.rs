//! Recorded drift checks: writing, and the history of a finding in earlier ones.

use std::collections::BTreeMap;

use super::picture::Resolution;
use super::{Failure, Project};
use crate::report::Report;
use evenkeel_ledger::record::{DriftChecked, FactsOfHost};
use evenkeel_ledger::{Sighting, State};
use evenkeel_model::defect::{Corner, Defect, Since};
use evenkeel_model::{Digest, EnvironmentName};

/// Records a check: the fingerprints of all findings that count.
///
/// # Errors
///
/// When the ledger cannot be written.
#[allow(clippy::too_many_arguments, reason = "each is a part of the record")]
pub(super) fn record(
    project: &Project<'_>,
    resolution: &Resolution,
    names: &[EnvironmentName],
    has_parity: bool,
    complete: bool,
    defects: &[Defect],
    facts: Vec<FactsOfHost>,
    report: &mut Report,
) -> Result<(), Failure> {
    let mut environments: BTreeMap<EnvironmentName, Vec<Digest>> = names
        .iter()
        .map(|name| (name.clone(), Vec::new()))
        .collect();
    let mut parity = has_parity.then(Vec::new);
    let mut pending = Vec::new();
    for defect in defects.iter().filter(|defect| defect.counts()) {
        if is_of_parity(defect) {
            if let Some(parity) = &mut parity {
                parity.push(defect.fingerprint());
            }
        } else if let Some(findings) = defect
            .environment
            .as_ref()
            .and_then(|name| environments.get_mut(name))
        {
            findings.push(defect.fingerprint());
            if matches!(defect.corner, Some(Corner::Pending | Corner::HalfPromoted)) {
                pending.push(defect.fingerprint());
            }
        }
    }
    let world = project.world;
    let checked = DriftChecked {
        environments,
        parity,
        pending,
        facts,
        complete,
        origin: resolution.origin.clone(),
        by: world.actor.clone(),
    };
    let ledger = project.ledger()?;
    ledger.append(world.clock.now(), &[checked.into()], None)?;
    report.say("check recorded");
    Ok(())
}

/// Narrows since when findings exist, by the recorded checks with and without them.
pub(super) fn narrow(state: &State, defects: &mut [Defect]) {
    if state.checks.is_empty() && state.parity.is_none() {
        return;
    }
    for defect in defects {
        let check = if is_of_parity(defect) {
            state.parity.as_ref()
        } else {
            let name = defect.environment.as_ref();
            name.and_then(|name| state.checks.get(name))
        };
        let sighting = check.and_then(|check| check.findings.get(&defect.fingerprint()));
        if let Some(sighting) = sighting {
            defect.since = Some(since(defect.since.take(), *sighting));
        }
    }
}

fn since(known: Option<Since>, Sighting { after, first }: Sighting) -> Since {
    let seen = match after {
        Some(after) => format!(
            "not found by the check of {}, found by that of {}",
            after.for_people(),
            first.for_people()
        ),
        None => format!("in the first recorded check, {}", first.for_people()),
    };
    let Some(known) = known else {
        return match after {
            Some(after) => Since {
                at: after,
                until: Some(first),
                known: seen,
                by: None,
            },
            None => Since::at(first, seen),
        };
    };
    // A known moment, such as that of a commit, is more exact than an interval.
    let Some(until) = known.until else {
        return known;
    };
    Since {
        at: after.map_or(known.at, |after| after.max(known.at)),
        until: Some(until.min(first)),
        known: format!("{}; {seen}", known.known),
        by: known.by,
    }
}

fn is_of_parity(defect: &Defect) -> bool {
    defect.code.name.starts_with("parity/") || defect.code.name.starts_with("document/")
}
