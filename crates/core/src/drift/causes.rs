//! Causes: undeclared defects that have one reason become one defect with many places.
//!
//! What a cause is, is said by whoever finds the defects. Here they are brought together and put in order: the gravest
//! first, then those with the widest reach, then by subject and place.

use std::collections::{BTreeMap, HashMap, HashSet};

use evenkeel_model::EnvironmentName;
use evenkeel_model::defect::{Also, Defect, Severity};

/// Brings together what has one cause, and puts all in order. Declared ones stay by themselves: each is a line of the
/// audit report.
#[must_use]
pub fn group(defects: Vec<Defect>) -> Vec<Defect> {
    /// Code, gravity, cause. Not the environment: what staging has and each of two productions lacks is one cause.
    type Key = (&'static str, Severity, String);
    let mut groups: BTreeMap<Key, Vec<Defect>> = BTreeMap::new();
    let mut all = Vec::new();
    for defect in widened(defects) {
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
            fn place(defect: &Defect) -> (&str, &Option<String>, &Option<EnvironmentName>) {
                (&defect.subject, &defect.attribute, &defect.environment)
            }
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

/// Gives those whose cause nothing else has a wider one, where enough of them have that.
fn widened(mut defects: Vec<Defect>) -> Vec<Defect> {
    /// So many keys that one map has more were left out together; of a list, two elements.
    const ENOUGH: usize = 3;
    const ENOUGH_ELEMENTS: usize = 2;
    /// What several pairs of environments have at one place is one thing.
    type Places<'d> = HashSet<(&'d str, Option<&'d str>)>;
    type Key<'d> = (&'static str, Severity, Option<&'d str>);
    fn near(defect: &Defect) -> Key<'_> {
        (defect.code.name, defect.severity, defect.cause.as_deref())
    }
    fn far(defect: &Defect) -> Key<'_> {
        (defect.code.name, defect.severity, defect.wider.as_deref())
    }
    fn place(defect: &Defect) -> (&str, Option<&str>) {
        (&defect.subject, defect.attribute.as_deref())
    }
    let enough = |defect: &Defect| {
        // The document's name comes first.
        let is_list = defect
            .wider
            .as_deref()
            .and_then(|wider| wider.split(' ').nth(1))
            .is_some_and(|sort| sort == "elements");
        if is_list { ENOUGH_ELEMENTS } else { ENOUGH }
    };
    let open = |defect: &&Defect| defect.declared.is_none();
    if !defects.iter().any(|defect| defect.wider.is_some()) {
        return defects;
    }
    let mut places: HashMap<Key<'_>, Places<'_>> = HashMap::new();
    for defect in defects.iter().filter(open) {
        places
            .entry(near(defect))
            .or_default()
            .insert(place(defect));
    }
    let is_single = |defect: &Defect| places.get(&near(defect)).is_some_and(|all| all.len() == 1);
    let mut wider: HashMap<Key<'_>, Places<'_>> = HashMap::new();
    for defect in defects.iter().filter(open) {
        if defect.wider.is_some() && is_single(defect) {
            wider.entry(far(defect)).or_default().insert(place(defect));
        }
    }
    let wide: Vec<usize> = defects
        .iter()
        .enumerate()
        .filter(|(_, defect)| {
            defect.wider.is_some()
                && defect.declared.is_none()
                && is_single(defect)
                && wider
                    .get(&far(defect))
                    .is_some_and(|all| all.len() >= enough(defect))
        })
        .map(|(number, _)| number)
        .collect();
    for number in wide {
        if let Some(defect) = defects.get_mut(number) {
            defect.cause.clone_from(&defect.wider);
        }
    }
    defects
}

#[cfg(test)]
mod tests {
    use super::group;
    use crate::drift::documents::codes::{FLAG, SETTING};
    use evenkeel_model::Moment;
    use evenkeel_model::defect::{Allowed, Defect};
    use evenkeel_model::source::{SourceFile, Span};

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
        declared.declared = Some(std::sync::Arc::new(Allowed {
            reason: "allowed".into(),
            owner: "me".into(),
            expires: Moment::new(jiff::Timestamp::UNIX_EPOCH),
            ticket: None,
            span: Span::start_of(&SourceFile::new("system.toml", "")),
        }));
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

    #[test]
    fn keys_that_one_map_lacks_are_one_defect_and_those_of_a_nearer_cause_stay_together() {
        let at = |attribute: &str, cause: &str, wider: Option<&str>| {
            let mut defect = Defect::new(&SETTING, "document.a", "m").attribute(attribute);
            defect.cause = Some(cause.to_owned());
            defect.wider = wider.map(str::to_owned);
            defect
        };
        let grouped = group(vec![
            at("env.a", "a", Some("env")),
            at("env.b", "b", Some("env")),
            at("env.c", "c", Some("env")),
            // Two are not enough.
            at("web.x", "x", Some("web")),
            at("web.y", "y", Some("web")),
            // The same key at two places.
            at("env.r", "r", Some("env")),
            at("web.r", "r", Some("web")),
        ]);
        let told: Vec<(&str, usize)> = grouped
            .iter()
            .map(|defect| (defect.attribute.as_deref().unwrap(), defect.reach()))
            .collect();
        assert_eq!(
            told,
            [("env.a", 3), ("env.r", 2), ("web.x", 1), ("web.y", 1)]
        );
    }
}
