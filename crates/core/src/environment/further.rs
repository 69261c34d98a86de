//! Complaints that do not follow from others: definitions that were complained about are resolved all the same, and what
//! else is wrong is reported with the first complaints.

use super::codes;
use evenkeel_model::defect::Defect;

/// Keeps those of `more` that do not follow from what was reported already.
#[must_use]
pub fn further(told: &[Defect], more: Vec<Defect>) -> Vec<Defect> {
    // Anything may follow from a file that was only partly understood.
    if told.iter().any(|defect| defect.code == &codes::SYNTAX) {
        return Vec::new();
    }
    // A name that was misspelled where it is declared is not known where it is used.
    let is_within_one = |defect: &Defect| {
        let (table, _) = defect
            .subject
            .split_once('.')
            .unwrap_or((&defect.subject, ""));
        defect.code != &codes::BAD_NAME
            && (matches!(table, "suite" | "release" | "difference")
                || crate::kind::facts(table).is_some())
    };
    let names_are_known = told.iter().all(is_within_one);
    more.into_iter()
        .filter(|defect| {
            let code = defect.code;
            let stands_alone = code == &codes::CYCLE
                || code == &codes::UNREADABLE
                || code == &codes::WRONG_FORM
                || (names_are_known && code != &codes::DANGLING);
            stands_alone && told.iter().all(|told| told.subject != defect.subject)
        })
        .collect()
}
