//! New differences since a revision.
//!
//! The caller finds the differences of the revision: documents by today's declarations, everything else by the
//! definitions of the revision.

use std::collections::BTreeSet;

use super::since::since_revision;
use crate::drift::{Disparity, Presence, settle};
use crate::environment::Definition;
use evenkeel_model::defect::Defect;
use evenkeel_model::{Digest, Moment};

/// Differences of a revision, by fingerprint.
#[derive(Debug, Default)]
pub struct EarlierDifferences {
    /// All differences.
    all: BTreeSet<Digest>,
    /// Those that no current declaration allows.
    open: BTreeSet<Digest>,
}

impl EarlierDifferences {
    /// Applies today's declared differences to the differences of a revision.
    #[must_use]
    pub fn settled(definition: &Definition, differed: Vec<Disparity>, now: Moment) -> Self {
        let all = fingerprints(&differed);
        let settled = settle(definition, differed, now, &|_, _| Presence::There);
        let open = settled
            .defects
            .iter()
            .filter(|defect| defect.declared.is_none());
        Self {
            all,
            open: open.map(Defect::fingerprint).collect(),
        }
    }
}

/// Returns the fingerprint of each disparity.
#[must_use]
pub fn fingerprints(disparities: &[Disparity]) -> BTreeSet<Digest> {
    disparities
        .iter()
        .map(|disparity| disparity.defect.fingerprint())
        .collect()
}

/// Keeps only new defects; of a defect with several places, the new places. A difference that left the bounds of its
/// declaration is new as well. Returns the number of removed defects.
pub fn only_new(defects: &mut Vec<Defect>, then: &EarlierDifferences) -> usize {
    let before = defects.len();
    let now = |is_open: bool| -> BTreeSet<Digest> {
        defects
            .iter()
            .filter(|defect| defect.declared.is_none() == is_open)
            .flat_map(Defect::fingerprints)
            .collect()
    };
    let (declared, open) = (
        since_revision(&now(false), &then.all),
        since_revision(&now(true), &then.open),
    );
    defects.retain_mut(|defect| {
        let new = if defect.declared.is_none() {
            &open
        } else {
            &declared
        };
        // Defects of declarations, and unreadable files, are never old.
        if !defect.code.name.starts_with("parity/") {
            return true;
        }
        if !defect.fingerprints().any(|place| new.contains(&place)) {
            return false;
        }
        let own = new.contains(&defect.fingerprint());
        defect.also.retain(|also| new.contains(&also.fingerprint));
        if !own && !defect.also.is_empty() {
            // The first new place leads.
            let also = defect.also.remove(0);
            defect.code = also.code;
            defect.severity = also.severity;
            defect.subject = also.subject;
            defect.attribute = also.attribute;
            defect.labels = also.labels;
            defect.message = also.message;
            (defect.expected, defect.found) = also.values;
            defect.difference = None;
        }
        true
    });
    before - defects.len()
}

#[cfg(test)]
mod tests {
    use super::{EarlierDifferences, only_new};
    use crate::drift::documents::codes::SETTING;
    use evenkeel_model::Moment;
    use evenkeel_model::defect::{Allowed, Defect};
    use evenkeel_model::source::{SourceFile, Span};

    #[test]
    fn a_difference_that_left_its_bounds_is_new() {
        let at = |attribute: &str| Defect::new(&SETTING, "document.a", "m").attribute(attribute);
        let declared = |attribute: &str| {
            let mut defect = at(attribute);
            defect.declared = Some(std::sync::Arc::new(Allowed {
                reason: "allowed".into(),
                owner: "me".into(),
                expires: Moment::new(jiff::Timestamp::UNIX_EPOCH),
                ticket: None,
                span: Span::start_of(&SourceFile::new("system.toml", "")),
            }));
            defect
        };
        let (old, within, left) = (at("old"), declared("within"), at("left"));
        let then = EarlierDifferences {
            all: [&old, &within, &left].map(Defect::fingerprint).into(),
            open: [old.fingerprint()].into(),
        };
        let mut defects = vec![old, within, left, at("new"), declared("new-within")];
        assert_eq!(only_new(&mut defects, &then), 2);
        let reported: Vec<&str> = defects
            .iter()
            .filter_map(|defect| defect.attribute.as_deref())
            .collect();
        assert_eq!(reported, ["left", "new", "new-within"]);
    }
}
