//! Independent defects: definitions with defects are resolved as well, and further problems are reported with the first
//! ones.

use super::codes;
use evenkeel_model::defect::Defect;

/// Keeps the defects of `more` that do not follow from reported ones.
#[must_use]
pub fn further(reported: &[Defect], more: Vec<Defect>) -> Vec<Defect> {
    // Any defect may follow from a file that was only partly parsed.
    if reported.iter().any(|defect| defect.code == &codes::SYNTAX) {
        return Vec::new();
    }
    // A name misspelled in its declaration is unknown where it is used.
    let is_within_one = |defect: &Defect| {
        let (table, _) = defect
            .subject
            .split_once('.')
            .unwrap_or((&defect.subject, ""));
        defect.code != &codes::BAD_NAME
            && (matches!(table, "suite" | "release" | "difference")
                || crate::kind::facts(table).is_some())
    };
    let names_are_known = reported.iter().all(is_within_one);
    more.into_iter()
        .filter(|defect| {
            let code = defect.code;
            let is_separate = code == &codes::CYCLE
                || code == &codes::UNREADABLE
                || code == &codes::WRONG_FORM
                || (names_are_known && code != &codes::DANGLING);
            is_separate
                && reported
                    .iter()
                    .all(|reported| reported.subject != defect.subject)
        })
        .collect()
}
