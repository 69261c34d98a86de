//! Reads the history of documents: for the age of each difference, and for what is new since a revision.

use std::collections::BTreeMap;

use super::{Failure, Project};
use crate::world::documents::CommittedDocuments;
use evenkeel_core::documents::{DeclaredDocuments, Documents};
use evenkeel_core::drift::parity;
use evenkeel_core::history::{
    Budget, CommitContents, EarlierDifferences, date, fingerprints, places, stands_since,
};
use evenkeel_model::defect::Defect;

/// Dates each difference between documents. Does nothing where there is no history to read.
pub(super) fn tell(project: &Project<'_>, defects: &mut [Defect]) -> Result<(), Failure> {
    let now = places(defects);
    let (Some(repository), Some(head), false) =
        (project.repository(), project.head(), now.is_empty())
    else {
        return Ok(());
    };
    let declared = DeclaredDocuments::of(&project.definition).map_err(Failure::Definitions)?;
    let Some(mut committed) =
        CommittedDocuments::new(repository, &project.root, &project.world.interruption)
    else {
        return Ok(());
    };
    let asked = declared.asked();
    let paths = committed.places(&head, &asked);
    let budget = Budget::default();
    let commits = repository
        .commits_touching(&head, &paths, budget.commits)
        .map_err(Failure::from)?;
    let since = stands_since(&now, &commits, budget, |commit| {
        let sets = committed.gather(&commit.commit, &asked);
        let then = Documents::from(&project.definition, &declared, sets);
        // A file that is missing in an older commit does not end the walk; an unreadable one does.
        let parity = then.compare();
        (!then.is_unread() && parity.complaints.is_empty()).then(|| CommitContents {
            keys: fingerprints(&parity.disparities),
            // A file that was read before costs nothing to read, but comparing it costs the same.
            bytes: then.bytes(),
        })
    });
    date(defects, &since, project.world.clock.now());
    Ok(())
}

/// Returns what differed in a revision: documents by today's declarations, everything else by the definitions of the
/// revision, if it has any.
pub(super) fn then(project: &Project<'_>, revision: &str) -> Result<EarlierDifferences, Failure> {
    let Some(repository) = project.repository() else {
        return Err(Failure::other(format!(
            "{} is in no git repository",
            project.root.display()
        )));
    };
    let commit = repository
        .resolve(revision)
        .map_err(super::project::no_commit)?;
    let declared = DeclaredDocuments::of(&project.definition).map_err(Failure::Definitions)?;
    let mut differed = Vec::new();
    if let Some(mut committed) =
        CommittedDocuments::new(repository, &project.root, &project.world.interruption)
    {
        let sets = committed.gather(&commit, &declared.asked());
        let documents = Documents::from(&project.definition, &declared, sets);
        differed.extend(documents.compare().disparities);
    }
    if let Some(older) = project.as_of(&commit) {
        differed.extend(parity(&older, &BTreeMap::new()));
    }
    Ok(EarlierDifferences::settled(
        &project.definition,
        differed,
        project.world.clock.now(),
    ))
}
