//! History of documents: the age of each difference, and the new differences since a revision.

use std::collections::BTreeMap;

use super::past::{Newest, Past};
use super::{Failure, Project};
use crate::world::documents::{CommittedDocuments, Renames};
use crate::world::git::{GitError, Snapshot};
use evenkeel_core::documents::{DeclaredDocuments, Documents, FileSets};
use evenkeel_core::drift::parity;
use evenkeel_core::history::{EarlierDifferences, date, places_of};
use evenkeel_model::defect::Defect;

/// Dates each undeclared difference between documents, if there is a history to read. `now` contains the compared
/// files, and `newest` the commits.
pub(super) fn tell(
    project: &Project<'_>,
    now: &FileSets,
    newest: Option<Result<Newest, GitError>>,
    defects: &mut [Defect],
) -> Result<(), Failure> {
    let asked = places_of(defects);
    if asked.is_empty() {
        return Ok(());
    }
    let declared = DeclaredDocuments::of(&project.definition).map_err(Failure::Definitions)?;
    let Some(newest) = newest.transpose()? else {
        return Ok(());
    };
    let Some(mut past) = Past::new(project, &declared, now, newest)? else {
        return Ok(());
    };
    let since = past.since(&asked)?;
    date(defects, &since, project.world.clock.now());
    Ok(())
}

/// Returns the differences of a revision: documents by today's declarations, everything else by the definitions of the
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
        let asked = declared.asked();
        let mut renames = Renames::default();
        if committed.lacks(&commit, &asked) {
            let newer = match project.commit_read() {
                Some((_, newer)) => Snapshot::Commit(newer),
                None => Snapshot::Index,
            };
            for (new, old) in repository.renamed(&commit, newer)? {
                renames.follow(&new, old);
            }
        }
        let sets = committed.gather(&commit, &asked, &renames);
        let documents = Documents::from(&project.definition, &declared, sets).unplaced();
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
