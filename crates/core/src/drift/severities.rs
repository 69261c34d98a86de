//! Configured severities: checked against the existing codes, and applied once all defects are known.
//!
//! Only differences between environments are configurable. Missing observations, unreadable files and defects of
//! declared differences keep the severity of their code.

use super::{codes, documents, survey};
use crate::environment::{Definition, codes::UNKNOWN_KEY};
use crate::kind::KINDS;
use evenkeel_model::defect::{Code, Defect};
use evenkeel_model::text::nearest;

/// Returns the codes with a configurable severity.
pub fn adjustable() -> impl Iterator<Item = &'static Code> {
    codes::CODES
        .iter()
        .chain(documents::codes::CODES)
        .chain(survey::codes::CODES)
        .copied()
        .filter(|code| {
            let is_survey =
                code.name.starts_with("survey/") && code != &&survey::codes::CANNOT_TELL;
            code.name.starts_with("parity/") || is_survey
        })
}

/// Reports unknown codes and codes whose severity is fixed.
#[must_use]
pub fn check(definition: &Definition) -> Vec<Defect> {
    let mut complaints = Vec::new();
    for (name, given) in &definition.severities {
        if adjustable().any(|code| code.name == name) {
            continue;
        }
        let is_code = other_codes().any(|code| code.name == name) || name.starts_with("gate/");
        let (message, label) = if is_code {
            (
                format!("the severity of `{name}` cannot be set"),
                "only codes of `parity/` and `survey/` are allowed here".to_owned(),
            )
        } else {
            let near = nearest(name, adjustable().map(|code| code.name));
            (
                format!("there is no code `{name}`"),
                near.map_or_else(
                    || "unknown code".to_owned(),
                    |near| format!("did you mean `{near}`?"),
                ),
            )
        };
        complaints.push(
            Defect::new(&UNKNOWN_KEY, "severity", message)
                .attribute(name)
                .at(&given.span, label)
                .help("`evenkeel explain CODE` explains a code"),
        );
    }
    complaints
}

fn other_codes() -> impl Iterator<Item = &'static Code> {
    codes::CODES
        .iter()
        .chain(crate::environment::codes::CODES)
        .chain(evenkeel_document::codes::CODES)
        .chain(KINDS.iter().flat_map(|kind| kind.codes))
        .copied()
}

/// Assigns defects the severity that the system configures for their code.
pub fn apply(defects: &mut [Defect], definition: &Definition) {
    if definition.severities.is_empty() {
        return;
    }
    for defect in defects {
        let given = definition.severities.get(defect.code.name);
        if let Some(given) = given.filter(|_| adjustable().any(|code| code == defect.code)) {
            defect.severity = given.severity;
            defect.is_weighed = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::adjustable;

    #[test]
    fn severities_of_unread_parts_are_fixed() {
        let names: Vec<&str> = adjustable().map(|code| code.name).collect();
        assert!(names.contains(&"parity/attribute-differs"));
        assert!(names.contains(&"parity/flag-differs"));
        assert!(!names.iter().any(|name| name.starts_with("live/")
            || name.starts_with("difference/")
            || name.starts_with("document/")));
    }
}
