//! Age of differences between documents: the commit of each, and the resulting order.

use std::collections::{BTreeMap, BTreeSet};

use super::{CommitInfo, Since};
use crate::drift::order;
use evenkeel_model::defect::{self, Defect};
use evenkeel_model::{Digest, Moment};

/// Returns the fingerprint of each undeclared difference between documents, by document: the ones to date.
#[must_use]
pub fn places_of(defects: &[Defect]) -> BTreeMap<String, BTreeSet<Digest>> {
    let mut places: BTreeMap<String, BTreeSet<Digest>> = BTreeMap::new();
    let open = |defect: &&Defect| is_of_documents(defect) && defect.declared.is_none();
    for defect in defects.iter().filter(open) {
        let also = defect.also.iter();
        let also = also.map(|also| (&*also.subject, also.fingerprint));
        for (subject, place) in
            std::iter::once((&*defect.subject, defect.fingerprint())).chain(also)
        {
            let document = subject.strip_prefix("document.").unwrap_or(subject);
            places.entry(document.to_owned()).or_default().insert(place);
        }
    }
    places
}

/// Dates each defect of documents by its oldest place, and sorts defects of one severity and one reach by age.
pub fn date(defects: &mut [Defect], since: &BTreeMap<Digest, Since>, now: Moment) {
    for defect in defects.iter_mut().filter(|defect| is_of_documents(defect)) {
        let oldest = defect
            .fingerprints()
            .filter_map(|place| since.get(&place))
            .min_by_key(|since| {
                match since {
                    Since::Commit(commit) | Since::AtLeast(commit) => Some(commit.time),
                    Since::WorkingTree => None,
                }
                .map_or((1, None), |time| (0, Some(time)))
            });
        match oldest {
            Some(Since::Commit(commit)) => {
                defect.since = Some(named("commit", commit));
            }
            Some(Since::AtLeast(commit)) => {
                defect.since = Some(named("at least since commit", commit));
            }
            Some(Since::WorkingTree) => {
                defect.since = Some(defect::Since::at(now, "in no commit yet"));
            }
            None => {}
        }
    }
    // Stable: keeps the existing order.
    defects.sort_by_cached_key(|defect| {
        let since = defect.since.as_ref();
        let moment = since.map_or(i64::MAX, |since| since.at.as_millisecond());
        (order(defect), moment)
    });
}

/// Returns a commit as displayed with a finding; its author is the person to ask.
fn named(words: &str, commit: &CommitInfo) -> defect::Since {
    let CommitInfo {
        short,
        author,
        subject,
        ..
    } = commit;
    defect::Since {
        at: commit.time,
        until: None,
        known: format!("{words} {short} by {author}, \"{subject}\""),
        by: Some(author.clone()),
    }
}

fn is_of_documents(defect: &Defect) -> bool {
    defect.subject.starts_with("document.") && defect.code.name.starts_with("parity/")
}
