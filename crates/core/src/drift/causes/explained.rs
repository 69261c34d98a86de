//! What another difference explains: everything inside of something missing or switched off, and what differs at the very place
//! of a mention. It is a place of the finding that takes what explains it.

use std::collections::{BTreeMap, HashMap};

use evenkeel_model::EnvironmentName;
use evenkeel_model::defect::Defect;

/// The name of this rule.
pub(super) const NAME: &str = "explained";

/// The numbers of what each difference explains. What is declared explains nothing, and is not explained.
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
