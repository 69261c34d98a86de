//! Differences that another difference explains: everything inside a missing or disabled part, and differences at the
//! exact place of a mention. They are places of the finding that explains them.

use std::collections::{BTreeMap, HashMap};

use evenkeel_model::EnvironmentName;
use evenkeel_model::defect::Defect;

/// Name of this rule.
pub(super) const NAME: &str = "explained";

/// Returns the numbers of the differences that each difference explains. Declared ones neither explain nor are
/// explained.
pub(super) fn by_anchor(defects: &[Option<Defect>]) -> BTreeMap<usize, Vec<usize>> {
    type Place<'d> = (&'d str, &'d str, Option<&'d EnvironmentName>);
    let open = || {
        let all = defects.iter().enumerate();
        all.filter_map(|(number, defect)| Some((number, defect.as_ref()?)))
            .filter(|(_, defect)| defect.declared.is_none())
    };
    if !open().any(|(_, defect)| defect.explained_by.is_some()) {
        return BTreeMap::new();
    }
    let mut anchors: HashMap<Place<'_>, usize> = HashMap::new();
    for (number, defect) in open().filter(|(_, defect)| defect.explained_by.is_none()) {
        let attribute = defect.attribute.as_deref().unwrap_or("");
        let place = (&*defect.subject, attribute, defect.environment.as_ref());
        anchors.entry(place).or_insert(number);
    }
    let mut explained: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (number, defect) in open() {
        let by = defect.explained_by.as_deref();
        let place = by.map(|by| (&*defect.subject, by, defect.environment.as_ref()));
        if let Some(anchor) = place.and_then(|place| anchors.get(&place)) {
            explained.entry(*anchor).or_default().push(number);
        }
    }
    explained
}
