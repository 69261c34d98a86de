//! Severities that a system sets: held against the codes there are, and settled once, when all defects are known.
//!
//! Only what differs between environments can be weighed by people. What could not be seen or read, and what is wrong
//! with declared differences, is as grave as its code says.

use super::{codes, documents};
use crate::environment::{Definition, codes::UNKNOWN_KEY};
use crate::kind::KINDS;
use evenkeel_model::defect::{Code, Defect};
use evenkeel_model::text::nearest;

/// The codes whose severity a system can set.
pub fn adjustable() -> impl Iterator<Item = &'static Code> {
    codes::CODES
        .iter()
        .chain(documents::codes::CODES)
        .copied()
        .filter(|code| code.name.starts_with("parity/"))
}

/// Complains about codes that there are not, and about those that cannot be set.
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
                "only codes of `parity/` can stand here".to_owned(),
            )
        } else {
            let near = nearest(name, adjustable().map(|code| code.name));
            (
                format!("there is no code `{name}`"),
                near.map_or_else(
                    || "not known here".to_owned(),
                    |near| format!("did you mean `{near}`?"),
                ),
            )
        };
        complaints.push(
            Defect::new(&UNKNOWN_KEY, "severity", message)
                .attribute(name)
                .at(&given.span, label)
                .help("`evenkeel explain CODE` says what a code means"),
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

/// Gives defects the severity that the system sets for their code.
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
    fn what_was_not_seen_cannot_be_weighed() {
        let names: Vec<&str> = adjustable().map(|code| code.name).collect();
        assert!(names.contains(&"parity/attribute-differs"));
        assert!(names.contains(&"parity/flag-differs"));
        assert!(!names.iter().any(|name| name.starts_with("live/")
            || name.starts_with("difference/")
            || name.starts_with("document/")));
    }
}
