//! Corners of two environments: pending in one and in sync in the other.

use std::collections::{BTreeMap, BTreeSet};

use super::codes;
use evenkeel_model::Instance;
use evenkeel_model::defect::{Corner, Defect};

/// Address and attribute of a defect.
type Place = (String, Option<String>);

/// Corner and found value.
type Found = (Option<Corner>, Option<String>);

/// State of an environment's places, as far as the other one's corners depend on it.
struct EnvironmentCorners {
    /// What was found at each place that is not in sync, on each of its hosts.
    places: BTreeMap<Place, Vec<Found>>,
    /// Addresses without a known state: not observed, or missing.
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
            let address = address_of(defect);
            if defect.code == &codes::CANNOT_TELL || defect.attribute.as_deref() == Some("presence")
            {
                standing.nothing_of.insert(address.clone());
            }
            standing
                .places
                .entry((address, defect.attribute.clone()))
                .or_default()
                .push((defect.corner, defect.found.clone()));
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

/// Returns the address of a finding: hosts have other names in another environment.
fn address_of(defect: &Defect) -> String {
    match Instance::parse(&defect.subject) {
        Some(Instance {
            address,
            host: Some(_),
        }) => address.to_string(),
        _ => defect.subject.clone(),
    }
}

fn rename(defects: &mut [Defect], other: &EnvironmentCorners, in_place_there: Corner) {
    for defect in defects {
        let address = address_of(defect);
        let is_unknown = other.nothing_of.contains(&address);
        let there = other.places.get(&(address, defect.attribute.clone()));
        let is_same = |(corner, found): &Found| {
            *corner == Some(Corner::ChangedOutside) && *found == defect.found
        };
        match (defect.corner, there) {
            (Some(Corner::Pending), None) if !is_unknown => {
                defect.corner = Some(in_place_there);
            }
            (Some(Corner::ChangedOutside), Some(there)) if there.iter().any(is_same) => {
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
    fn hosts_of_environments_are_compared_by_address() {
        let on = |host: &str| {
            let mut defect = pending();
            defect.subject = format!("file.a@{host}");
            defect
        };
        let mut later = [on("p-1"), on("p-2")];
        compare_corners(&mut [], &mut later);
        assert_eq!(later[1].corner, Some(Corner::HalfPromoted));
        let mut later = [on("p-1"), on("p-2")];
        compare_corners(&mut [on("s-1")], &mut later);
        assert_eq!(later[1].corner, Some(Corner::Pending));
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
