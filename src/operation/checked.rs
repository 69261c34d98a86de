//! Recorded drift checks: writing, and the history of a finding in earlier ones.

use std::collections::{BTreeMap, BTreeSet};

use super::picture::Resolution;
use super::{Failure, Project};
use crate::report::Report;
use evenkeel_core::drift::{Unread, hiding, is_of_parity};
use evenkeel_ledger::record::{DescribedFinding, DriftChecked, FactsOfHost};
use evenkeel_ledger::{Check, Sighting, State};
use evenkeel_model::defect::{Corner, Defect, Seen, Since};
use evenkeel_model::{Digest, EnvironmentName, Moment};

/// A check to record.
pub(super) struct Recording<'a> {
    /// The checked environments.
    pub(super) names: &'a [EnvironmentName],
    /// Whether environments were compared with each other.
    pub(super) has_parity: bool,
    /// Whether everything was readable.
    pub(super) complete: bool,
    /// All findings.
    pub(super) defects: &'a [Defect],
    /// The facts of hosts.
    pub(super) facts: Vec<FactsOfHost>,
    /// What the check could not judge.
    pub(super) unread: &'a Unread,
    /// The state with the check before.
    pub(super) state: &'a State,
}

/// Records a check: the fingerprints of all findings that count, and descriptions of those that the check before did not
/// have.
///
/// # Errors
///
/// When an environment was not resolved, or the ledger cannot be written.
pub(super) fn record(
    project: &Project<'_>,
    resolution: &Resolution,
    recording: Recording<'_>,
    report: &mut Report,
) -> Result<(), Failure> {
    let Recording {
        names,
        has_parity,
        complete,
        defects,
        facts,
        unread,
        state,
    } = recording;
    let mut environments: BTreeMap<EnvironmentName, Vec<Digest>> = names
        .iter()
        .map(|name| (name.clone(), Vec::new()))
        .collect();
    let mut parity = has_parity.then(Vec::new);
    let mut pending = Vec::new();
    let mut described = Vec::new();
    for defect in defects.iter().filter(|defect| defect.counts()) {
        let fingerprint = defect.fingerprint();
        let (before, resolved) = if is_of_parity(defect) {
            let Some(parity) = &mut parity else {
                continue;
            };
            parity.push(fingerprint);
            (state.parity.as_ref(), None)
        } else {
            let name = defect.environment.as_ref();
            let Some((name, findings)) =
                name.and_then(|name| Some((name, environments.get_mut(name)?)))
            else {
                continue;
            };
            findings.push(fingerprint);
            if matches!(defect.corner, Some(Corner::Pending | Corner::HalfPromoted)) {
                pending.push(fingerprint);
            }
            (state.checks.get(name), Some(resolution.environment(name)?))
        };
        if before.is_some_and(|before| before.notes.contains_key(&fingerprint)) {
            continue;
        }
        let is_known = |before: &&Check| {
            before.findings.contains_key(&fingerprint) || before.hidden.contains_key(&fingerprint)
        };
        described.push(DescribedFinding {
            fingerprint,
            code: defect.code.name.to_owned(),
            subject: defect.subject.clone(),
            attribute: defect.attribute.clone(),
            hidden_by: before
                .filter(|before| !is_known(before))
                .and_then(|before| hiding(defect, before, resolved)),
        });
    }
    let mut unknown = Vec::new();
    for (name, found) in &environments {
        unknown.extend(hidden(unread, Some(name), state.checks.get(name), found));
    }
    if let Some(found) = &parity {
        unknown.extend(hidden(unread, None, state.parity.as_ref(), found));
    }
    let world = project.world;
    let checked = DriftChecked {
        environments,
        parity,
        pending,
        facts,
        described,
        unknown: (!complete || !unknown.is_empty()).then_some(unknown),
        complete,
        origin: resolution.origin.clone(),
        by: world.actor.clone(),
    };
    let ledger = project.ledger()?;
    ledger.append(world.clock.now(), &[checked.into()], None)?;
    report.say("check recorded");
    Ok(())
}

/// Returns the findings of the check before that this one could not judge.
fn hidden(
    unread: &Unread,
    environment: Option<&EnvironmentName>,
    before: Option<&Check>,
    found: &[Digest],
) -> Vec<Digest> {
    let Some(before) = before else {
        return Vec::new();
    };
    let found: BTreeSet<&Digest> = found.iter().collect();
    before
        .findings
        .keys()
        .chain(before.hidden.keys())
        .filter(|fingerprint| {
            !found.contains(fingerprint)
                && unread.hides(environment, before.notes.get(*fingerprint))
        })
        .copied()
        .collect()
}

/// Narrows since when findings exist, by the recorded checks with and without them.
pub(super) fn narrow(state: &State, now: Moment, defects: &mut [Defect]) {
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
        let fingerprint = defect.fingerprint();
        let sighting = check.and_then(|check| {
            let found = check.findings.get(&fingerprint);
            found.or_else(|| check.hidden.get(&fingerprint))
        });
        if let Some(sighting) = sighting {
            defect.seen = Some(Seen {
                first: sighting.first,
                last: now,
                novelty: None,
                earlier: None,
            });
            defect.since = Some(since(defect.since.take(), *sighting));
        }
    }
}

fn since(known: Option<Since>, Sighting { after, first, .. }: Sighting) -> Since {
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
