//! Since which commit each difference between documents stands, and which are new since a revision.
//!
//! Documents of older commits are compared by today's declarations: what is asked is since when the files say so, not
//! since when somebody looks. The work is bounded; beyond it, "at least since" is the answer.

use std::collections::{BTreeMap, BTreeSet};

use super::document_parity::{Declared, Documents};
use super::documents::CommittedDocuments;
use super::history::{Budget, CommitContents, Since, since_revision, stands_since};
use super::{Failure, Project};
use evenkeel_model::Digest;
use evenkeel_model::defect::Defect;

/// Says of each defect of documents since which commit it stands: the oldest of its places counts. Puts defects of one
/// gravity and one reach into the order of their age. Says nothing where there is no history to ask.
pub(super) fn tell(project: &Project<'_>, defects: &mut [Defect]) -> Result<(), Failure> {
    let now: BTreeSet<Digest> = defects
        .iter()
        .filter(|defect| is_of_documents(defect))
        .flat_map(Defect::fingerprints)
        .collect();
    let (Some(repository), Some(head), false) =
        (project.repository(), project.head(), now.is_empty())
    else {
        return Ok(());
    };
    let declared = Declared::of(&project.definition)?;
    let Some(mut committed) =
        CommittedDocuments::new(repository, &project.root, &project.world.interruption)
    else {
        return Ok(());
    };
    let paths = committed.places(&head, &declared.asked());
    let budget = Budget::default();
    let commits = repository
        .commits_touching(&head, &paths, budget.commits)
        .map_err(|error| Failure::other(error.to_string()))?;
    let since = stands_since(&now, &commits, budget, |commit| {
        let then = Documents::then(
            &project.definition,
            &declared,
            &commit.commit,
            &mut committed,
        );
        // A file that was not there yet is no reason to stop; one that cannot be understood is.
        let parity = then.compare();
        (!then.is_unread() && parity.complaints.is_empty()).then(|| CommitContents {
            keys: keys(&parity.disparities),
            // What was read before costs nothing to read; comparing it costs all the same.
            bytes: then.bytes(),
        })
    });
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
                defect.since = Some((project.world.clock.now(), "in no commit yet".to_owned()));
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
    Ok(())
}

/// What differed in a revision, place by place.
#[derive(Debug, Default)]
pub(super) struct Then {
    /// Everything that did.
    all: BTreeSet<Digest>,
    /// What no declaration of today's allows as it was then.
    open: BTreeSet<Digest>,
}

/// What differed in a revision: documents by today's declarations, everything else by the definitions that the revision
/// had, where it had any.
pub(super) fn then(project: &Project<'_>, revision: &str) -> Result<Then, Failure> {
    let Some(repository) = project.repository() else {
        return Err(Failure::other(format!(
            "{} is in no git repository",
            project.root.display()
        )));
    };
    let commit = repository
        .resolve(revision)
        .map_err(|error| Failure::Usage(error.to_string()))?;
    let declared = Declared::of(&project.definition)?;
    let mut then = Then::default();
    let mut differed = Vec::new();
    if let Some(mut committed) =
        CommittedDocuments::new(repository, &project.root, &project.world.interruption)
    {
        let documents = Documents::then(&project.definition, &declared, &commit, &mut committed);
        differed.extend(documents.compare().disparities);
    }
    if let Some(older) = project.as_of(&commit) {
        let nothing = BTreeMap::new();
        differed.extend(evenkeel_core::drift::parity(&older, &nothing));
    }
    then.all = keys(&differed);
    let settled = evenkeel_core::drift::settle(
        &project.definition,
        differed,
        project.world.clock.now(),
        &|_, _| evenkeel_core::drift::Presence::There,
    );
    let open = settled
        .defects
        .iter()
        .filter(|defect| defect.declared.is_none());
    then.open = open.map(Defect::fingerprint).collect();
    Ok(then)
}

/// Leaves only what is new since then: of a defect with several places, those that are new. What was within the bounds of
/// a declaration and has left them is new as well. Gives how many were left out.
pub(super) fn only_new(defects: &mut Vec<Defect>, then: &Then) -> usize {
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
        // What is wrong with a declaration, or could not be read, is never old.
        if !defect.code.name.starts_with("parity/") {
            return true;
        }
        if !defect.fingerprints().any(|place| new.contains(&place)) {
            return false;
        }
        let own = new.contains(&defect.fingerprint());
        defect.also.retain(|also| new.contains(&also.fingerprint));
        if !own && !defect.also.is_empty() {
            // The first new place takes the lead.
            let also = defect.also.remove(0);
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

fn keys(disparities: &[evenkeel_core::drift::Disparity]) -> BTreeSet<Digest> {
    disparities
        .iter()
        .map(|disparity| disparity.defect.fingerprint())
        .collect()
}

fn is_of_documents(defect: &Defect) -> bool {
    defect.subject.starts_with("document.") && defect.code.name.starts_with("parity/")
}

#[cfg(test)]
mod tests {
    use super::{Then, only_new};
    use evenkeel_core::drift::documents::codes::SETTING;
    use evenkeel_model::defect::Defect;

    #[test]
    fn what_has_left_its_bounds_is_new_and_what_is_within_them_is_not() {
        let at = |attribute: &str| Defect::new(&SETTING, "document.a", "m").attribute(attribute);
        let declared = |attribute: &str| {
            let mut defect = at(attribute);
            defect.declared = Some("allowed".to_owned());
            defect
        };
        let (old, within, left) = (at("old"), declared("within"), at("left"));
        let then = Then {
            all: [&old, &within, &left].map(Defect::fingerprint).into(),
            open: [old.fingerprint()].into(),
        };
        let mut defects = vec![old, within, left, at("new"), declared("new-within")];
        assert_eq!(only_new(&mut defects, &then), 2);
        let told: Vec<&str> = defects
            .iter()
            .filter_map(|defect| defect.attribute.as_deref())
            .collect();
        assert_eq!(told, ["left", "new", "new-within"]);
    }
}
