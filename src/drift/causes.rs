//! Causes: undeclared defects that have one reason become one defect with many places.
//!
//! What a cause is, is said by whoever finds the defects. Here they are brought together and put in order: the gravest
//! first, then those with the widest reach, then by subject and place.

use std::collections::BTreeMap;

use crate::defect::{Also, Defect, Severity};

/// Brings together what has one cause, and puts all in order. Declared ones stay by themselves: each is a line of the
/// audit report.
#[must_use]
pub fn group(defects: Vec<Defect>) -> Vec<Defect> {
    /// Code, gravity, cause. Not the environment: what staging has and each of two productions lacks is one cause.
    type Key = (&'static str, Severity, String);
    let mut groups: BTreeMap<Key, Vec<Defect>> = BTreeMap::new();
    let mut all = Vec::new();
    for defect in defects {
        match (&defect.cause, &defect.declared) {
            (Some(cause), None) => groups
                .entry((defect.code.name, defect.severity, cause.clone()))
                .or_default()
                .push(defect),
            _ => all.push(defect),
        }
    }
    for mut group in groups.into_values() {
        group.sort_by(|one, two| {
            let place = |defect: &Defect| {
                (
                    defect.subject.clone(),
                    defect.attribute.clone(),
                    defect.environment.clone(),
                )
            };
            place(one).cmp(&place(two))
        });
        let mut group = group.into_iter();
        let Some(mut first) = group.next() else {
            continue;
        };
        first.also = group
            .map(|defect| Also {
                fingerprint: defect.fingerprint(),
                subject: defect.subject,
                attribute: defect.attribute,
                message: defect.message,
                values: (defect.expected, defect.found),
                labels: defect.labels,
            })
            .collect();
        all.push(first);
    }
    // Stable: what has no rank of its own stays as it came.
    all.sort_by(|one, two| {
        let rank = |defect: &Defect| {
            (
                defect.declared.is_some(),
                std::cmp::Reverse(defect.severity),
                std::cmp::Reverse(defect.reach()),
            )
        };
        rank(one).cmp(&rank(two))
    });
    all
}

#[cfg(test)]
mod tests {
    use super::group;
    use crate::defect::Defect;
    use crate::drift::documents::codes::{FLAG, SETTING};

    #[test]
    fn one_cause_is_one_defect_with_many_places_the_gravest_first() {
        let at = |attribute: &str, cause: &str| {
            let mut defect = Defect::new(&SETTING, "document.a", "m").attribute(attribute);
            defect.cause = Some(cause.to_owned());
            defect
        };
        let mut flag = Defect::new(&FLAG, "document.a", "m").attribute("z");
        flag.cause = Some("f".to_owned());
        let mut declared = at("y", "one");
        declared.declared = Some("allowed".to_owned());
        let grouped = group(vec![
            at("c", "two"),
            at("b", "one"),
            declared,
            at("a", "one"),
            flag,
        ]);
        let told: Vec<(String, usize)> = grouped
            .iter()
            .map(|defect| (defect.attribute.clone().unwrap(), defect.reach()))
            .collect();
        let told: Vec<(&str, usize)> = told.iter().map(|(name, n)| (&**name, *n)).collect();
        assert_eq!(told, [("z", 1), ("a", 2), ("c", 1), ("y", 1)]);
        let places: Vec<_> = grouped[1].fingerprints().collect();
        assert_eq!(places[1], at("b", "one").fingerprint());
    }
}
