//! Findings and proposals of `init`, in words.

use super::{DocumentsDocument, Report};
use evenkeel_comparison::discovery::{Discovery, FoundDocument, ProposedIdentity};
use evenkeel_model::defect::Defect;
use evenkeel_model::text::count;

impl Report {
    /// Adds detected environments and documents, with the certainty of each.
    pub fn found(&mut self, found: &Discovery) {
        self.say(format!(
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
            self.say(format!("environments  {}", path.join(" → ")));
        }
        for environment in found.environments.iter().filter(|each| !each.proposed) {
            self.say(format!(
                "  left out    {}: {}",
                environment.name, environment.reason
            ));
        }
        for document in &found.documents {
            self.say(format!(
                "{}  {:<8}  {}\n            {}",
                if document.proposed {
                    "document  "
                } else {
                    "  left out"
                },
                document.certainty.to_string(),
                parts(document),
                document.reason
            ));
        }
    }

    /// Adds proposed identities, and the number of differences before and after.
    pub fn proposed(
        &mut self,
        identities: &[ProposedIdentity],
        before: &[Defect],
        after: &[Defect],
        documents: &DocumentsDocument,
    ) {
        for identity in identities {
            let values: Vec<String> = identity
                .values
                .iter()
                .map(|(name, value)| format!("{value} ({name})"))
                .collect();
            self.say(format!(
                "identity    {}  {}\n            {}",
                identity.name,
                values.join(" ↔ "),
                identity.reason
            ));
        }
        let found = |defects: &[Defect]| {
            let places = defects.iter().map(Defect::reach).sum();
            format!(
                "{} in {}",
                count(defects.len(), "difference"),
                count(places, "place")
            )
        };
        let (before, after) = (found(before), found(after));
        let explained = if before == after {
            "identities explain none of them".to_owned()
        } else {
            format!("{after} with identities")
        };
        self.say(format!(
            "{} of {} not byte-identical: {before}; {explained}",
            documents.raw,
            count(documents.values, "value"),
        ));
    }
}

/// Returns the compared parts: files or sections of one, and their bases.
fn parts(document: &FoundDocument) -> String {
    let paths: Vec<&str> = document.paths.values().map(String::as_str).collect();
    let sections: Vec<&str> = document.sections.values().map(String::as_str).collect();
    let parts = match paths.first() {
        Some(path) if !sections.is_empty() => format!("{path}: {}", sections.join(" ↔ ")),
        _ => paths.join(" ↔ "),
    };
    match &document.base {
        Some(base) => format!("{parts} over {base}"),
        None => parts,
    }
}
