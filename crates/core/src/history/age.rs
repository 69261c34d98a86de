//! The age of differences between documents: the commit that each came with, and the order that follows from it.

use std::collections::{BTreeMap, BTreeSet};

use super::Since;
use evenkeel_model::defect::Defect;
use evenkeel_model::{Digest, Moment};

/// Returns the fingerprint of each place where documents differ.
#[must_use]
pub fn places(defects: &[Defect]) -> BTreeSet<Digest> {
    defects
        .iter()
        .filter(|defect| is_of_documents(defect))
        .flat_map(Defect::fingerprints)
        .collect()
}

/// Dates each defect of documents by the oldest of its places, and sorts defects of one severity and one reach by age.
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
                defect.since = Some((
                    commit.time,
                    format!("commit {}, \"{}\"", commit.short, commit.subject),
                ));
            }
            Some(Since::AtLeast(commit)) => {
                defect.since = Some((
                    commit.time,
                    format!(
                        "at least since commit {}, \"{}\"",
                        commit.short, commit.subject
                    ),
                ));
            }
            Some(Since::WorkingTree) => {
                defect.since = Some((now, "in no commit yet".to_owned()));
            }
            None => {}
        }
    }
    // Stable: gravity and reach have put them into order already.
    defects.sort_by(|one, two| {
        let rank = |defect: &Defect| {
            (
                defect.declared.is_some(),
                std::cmp::Reverse(defect.severity),
                std::cmp::Reverse(defect.reach()),
                defect
                    .since
                    .as_ref()
                    .map_or(i64::MAX, |(moment, _)| moment.as_millisecond()),
            )
        };
        rank(one).cmp(&rank(two))
    });
}

fn is_of_documents(defect: &Defect) -> bool {
    defect.subject.starts_with("document.") && defect.code.name.starts_with("parity/")
}
