//! Corners of two environments: pending in one and in sync in the other.

use std::collections::{BTreeMap, BTreeSet};

use super::codes;
use evenkeel_model::defect::{Corner, Defect};

/// Subject and attribute of a defect.
type Place = (String, Option<String>);

/// State of an environment's places, as far as the other one's corners depend on it.
struct EnvironmentCorners {
    /// Corner and found value of each place that is not in sync.
    places: BTreeMap<Place, (Option<Corner>, Option<String>)>,
    /// Subjects without a known state: not observed, or missing.
    nothing_of: BTreeSet<String>,
}

impl EnvironmentCorners {
    fn of(defects: &[Defect]) -> Self {
        let mut standing = Self {
            places: BTreeMap::new(),
            nothing_of: BTreeSet::new(),
        };
        for defect in defects {
            if defect.corner == Some(Corner::Healed) {
                continue;
            }
            if defect.code == &codes::CANNOT_TELL || defect.attribute.as_deref() == Some("presence")
            {
                standing.nothing_of.insert(defect.subject.clone());
            }
            standing.places.insert(
                (defect.subject.clone(), defect.attribute.clone()),
                (defect.corner, defect.found.clone()),
            );
        }
        standing
    }
}

/// Adjusts corners by the other environment: pending in the later one and in sync in the earlier one is half-promoted;
/// pending in the earlier one and in sync in the later one is behind; the same change in both is changed outside
/// evenkeel in both. A place that was not observed in the other one is not in sync there.
pub fn compare_corners(earlier: &mut [Defect], later: &mut [Defect]) {
    let before = EnvironmentCorners::of(earlier);
    let after = EnvironmentCorners::of(later);
    rename(later, &before, Corner::HalfPromoted);
    rename(earlier, &after, Corner::Behind);
}

fn rename(defects: &mut [Defect], other: &EnvironmentCorners, in_place_there: Corner) {
    for defect in defects {
        let there = other
            .places
            .get(&(defect.subject.clone(), defect.attribute.clone()));
        match (defect.corner, there) {
            (Some(Corner::Pending), None) if !other.nothing_of.contains(&defect.subject) => {
                defect.corner = Some(in_place_there);
            }
            (Some(Corner::ChangedOutside), Some((Some(Corner::ChangedOutside), found)))
                if *found == defect.found =>
            {
                defect.corner = Some(Corner::ChangedOutsideInBoth);
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::compare_corners;
    use crate::drift::codes;
    use evenkeel_model::defect::{Corner, Defect};

    fn pending() -> Defect {
        let mut defect = Defect::new(&codes::VALUE, "file.a", "").attribute("mode");
        defect.corner = Some(Corner::Pending);
        defect
    }

    #[test]
    fn pending_here_and_in_sync_there_has_a_corner() {
        let mut later = [pending()];
        compare_corners(&mut [], &mut later);
        assert_eq!(later[0].corner, Some(Corner::HalfPromoted));
        let mut earlier = [pending()];
        compare_corners(&mut earlier, &mut []);
        assert_eq!(earlier[0].corner, Some(Corner::Behind));
        let (mut one, mut two) = ([pending()], [pending()]);
        compare_corners(&mut one, &mut two);
        assert_eq!(two[0].corner, Some(Corner::Pending));
    }

    #[test]
    fn an_unobserved_place_is_not_in_sync() {
        let unseen = Defect::new(&codes::CANNOT_TELL, "file.a", "");
        let mut later = [pending()];
        compare_corners(&mut [unseen], &mut later);
        assert_eq!(later[0].corner, Some(Corner::Pending));
        let absent = Defect::new(&codes::VALUE, "file.a", "").attribute("presence");
        let mut later = [pending()];
        compare_corners(&mut [absent], &mut later);
        assert_eq!(later[0].corner, Some(Corner::Pending));
    }
}
