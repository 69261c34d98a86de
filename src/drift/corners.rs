//! The corners of two environments: what is pending here and in place there has a name of its own.

use std::collections::BTreeMap;

use crate::defect::{Corner, Defect};

/// For each subject and attribute: its corner, and what was found.
type Snapshot = BTreeMap<(String, Option<String>), (Option<Corner>, Option<String>)>;

/// Renames corners where the other environment says more: pending in the later one and in place in the earlier one is
/// half-promoted; pending in the earlier one and in place in the later one is behind; the same hand in both is
/// hand-made in both.
pub fn compare_corners(earlier: &mut [Defect], later: &mut [Defect]) {
    let snapshot = |defects: &[Defect]| -> Snapshot {
        defects
            .iter()
            .filter(|defect| defect.corner != Some(Corner::Healed))
            .map(|defect| {
                (
                    (defect.subject.clone(), defect.attribute.clone()),
                    (defect.corner, defect.found.clone()),
                )
            })
            .collect()
    };
    let before = snapshot(earlier);
    let after = snapshot(later);
    rename(later, &before, Corner::HalfPromoted);
    rename(earlier, &after, Corner::Behind);
}

fn rename(defects: &mut [Defect], others: &Snapshot, in_place_there: Corner) {
    for defect in defects {
        let other = others.get(&(defect.subject.clone(), defect.attribute.clone()));
        match (defect.corner, other) {
            (Some(Corner::Pending), None) => defect.corner = Some(in_place_there),
            (Some(Corner::HandMade), Some((Some(Corner::HandMade), found)))
                if *found == defect.found =>
            {
                defect.corner = Some(Corner::HandMadeInBoth);
            }
            _ => {}
        }
    }
}
