//! What init found, in words.

use super::{Discovery, ProposedIdentity, Trial};
use crate::report::Report;
use evenkeel_model::defect::Defect;
use evenkeel_model::text::count;

/// Environments and documents, and how sure it is.
pub(super) fn found(found: &Discovery, report: &mut Report) {
    report.say(format!(
        "{}, of which {} an environment",
        count(found.files, "file"),
        if found.naming == 1 {
            "1 names".to_owned()
        } else {
            format!("{} name", found.naming)
        }
    ));
    let path: Vec<String> = found
        .path()
        .map(|environment| environment.name.to_string())
        .collect();
    if !path.is_empty() {
        report.say(format!("environments  {}", path.join(" → ")));
    }
    for environment in found.environments.iter().filter(|each| !each.proposed) {
        report.say(format!(
            "  left out    {}: {}",
            environment.name, environment.reason
        ));
    }
    for document in &found.documents {
        let paths: Vec<&str> = document.paths.values().map(String::as_str).collect();
        report.say(format!(
            "{}  {:<8}  {}\n            {}",
            if document.proposed {
                "document  "
            } else {
                "  left out"
            },
            document.certainty.to_string(),
            paths.join(" ↔ "),
            document.reason
        ));
    }
}

/// Identities, and what they explain.
pub(super) fn proposed(
    identities: &[ProposedIdentity],
    before: &Trial,
    after: &Trial,
    report: &mut Report,
) {
    for identity in identities {
        let values: Vec<String> = identity
            .values
            .iter()
            .map(|(name, value)| format!("{value} ({name})"))
            .collect();
        report.say(format!(
            "identity    {}  {}\n            {}",
            identity.name,
            values.join(" ↔ "),
            identity.reason
        ));
    }
    let places = |trial: &Trial| -> usize { trial.defects.iter().map(Defect::reach).sum() };
    report.say(format!(
        "{} of {} differ to the letter; {} at {} without identities, {} at {} with them",
        after.documents.raw,
        count(after.documents.values, "value"),
        count(before.defects.len(), "difference"),
        count(places(before), "place"),
        count(after.defects.len(), "difference"),
        count(places(after), "place"),
    ));
}
