//! Live drift of several environments: corners along the path, and the release before each change.

use super::corners::compare_corners;
use crate::environment::Definition;
use evenkeel_ledger::State;
use evenkeel_model::EnvironmentName;
use evenkeel_model::defect::{Corner, Defect};

/// Adjusts the corners of each environment by those of the nearest earlier stage among `names`. Siblings are not
/// compared, since they have no order.
pub fn compare_along_path(
    definition: &Definition,
    names: &[EnvironmentName],
    found: &mut [Vec<Defect>],
) {
    let stages: Vec<Option<usize>> = names.iter().map(|name| definition.stage_of(name)).collect();
    for (later, own) in stages.iter().enumerate() {
        let before = stages.iter().filter(|stage| *stage < own).max();
        for (earlier, stage) in stages.iter().enumerate() {
            if Some(stage) == before
                && let Ok([earlier, later]) = found.get_disjoint_mut([earlier, later])
            {
                compare_corners(earlier, later);
            }
        }
    }
}

/// Adds to each change made outside evenkeel the release it came after.
pub fn name_releases(state: &State, name: &str, defects: &mut [Defect]) {
    for defect in defects {
        if !matches!(
            defect.corner,
            Some(Corner::ChangedOutside | Corner::Conflicting | Corner::ChangedOutsideInBoth)
        ) {
            continue;
        }
        let Some(since) = &mut defect.since else {
            continue;
        };
        let moment = since.until.unwrap_or(since.at);
        let release = state
            .releases
            .iter()
            .rev()
            .filter(|release| release.started.record.environment.as_str() == name)
            .find(|release| release.started.at <= since.at);
        if let Some(release) = release {
            since.known.push_str(&format!(
                ", within {} after release {}",
                evenkeel_model::duration::phrase(moment.since(release.started.at)),
                release.started.record.release
            ));
        }
    }
}
