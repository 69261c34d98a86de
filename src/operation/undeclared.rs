//! Pairs of files that drift does not compare: they look like one thing in two environments, and no definition mentions
//! them.
//!
//! Only paths are read. `init` reads contents.

use std::path::PathBuf;

use super::{Failure, Project};
use crate::report::Report;
use crate::world::git::Repository;
use crate::world::survey::{self, SurveyError};
use evenkeel_core::documents::{
    DeclaredDocuments, NOT_COMPARED, Undeclared, undeclared, undeclared_bases,
};
use evenkeel_core::history::places_of;
use evenkeel_host::Interruption;
use evenkeel_model::defect::Defect;
use evenkeel_model::text::inert;

/// Maximum number of pairs in a message.
const SHOWN: usize = 5;

/// Source of a project's file list.
pub(super) struct Listing {
    root: PathBuf,
    repository: Option<Repository>,
    commit: Option<String>,
    interruption: Interruption,
}

impl Listing {
    /// Returns the listing of a project; `None` if its definitions only have resources.
    pub(super) fn of(project: &Project<'_>) -> Option<Self> {
        let definition = &project.definition;
        let mut own = definition.environments.values();
        let has_resources =
            !definition.resources.is_empty() || own.any(|own| !own.resources.is_empty());
        if definition.document_names().is_empty() && has_resources {
            return None;
        }
        Some(Self {
            root: project.root.clone(),
            repository: project.repository().cloned(),
            commit: project.commit_read().map(|(_, commit)| commit.to_owned()),
            interruption: project.world.interruption.clone(),
        })
    }

    /// Returns the paths of the files, relative to the project's directory.
    ///
    /// # Errors
    ///
    /// When git fails, or the run is interrupted.
    pub(super) fn paths(&self) -> Result<Vec<String>, SurveyError> {
        let (Some(repository), Some(commit)) = (&self.repository, &self.commit) else {
            return survey::paths(&self.root, self.repository.as_ref(), &self.interruption);
        };
        let Ok(below) = self.root.strip_prefix(repository.root()) else {
            return Ok(Vec::new());
        };
        let listed = repository.list(commit, below)?;
        Ok(listed
            .iter()
            .filter_map(|path| path.strip_prefix(below).ok()?.to_str().map(str::to_owned))
            .collect())
    }
}

/// Returns the result of listing the files of a project.
///
/// # Errors
///
/// When git failed, or the run was interrupted.
pub(super) fn listed(paths: Result<Vec<String>, SurveyError>) -> Result<Vec<String>, Failure> {
    paths.map_err(|error| match error {
        SurveyError::Interrupted => Failure::Interrupted,
        SurveyError::Git(error) => error.into(),
    })
}

/// Returns the likely pairs that no document covers, and the likely base files of differing documents.
///
/// # Errors
///
/// When a declaration cannot be filled in.
pub(super) fn find(
    project: &Project<'_>,
    parity: &[Defect],
    paths: &[String],
) -> Result<(Undeclared, Vec<(String, String)>), Failure> {
    let declared = DeclaredDocuments::of(&project.definition).map_err(Failure::Definitions)?;
    let differing = places_of(parity);
    let differing = differing.keys().map(String::as_str).collect();
    let bases = undeclared_bases(&declared, &differing, paths);
    let own = project.directory.strip_prefix(&project.root);
    let own = own.map_or_else(|_| String::new(), |own| own.to_string_lossy().into_owned());
    Ok((
        undeclared(&project.definition, &declared, &own, paths),
        bases,
    ))
}

/// Returns the likely pairs of files that no definition mentions.
///
/// # Errors
///
/// When git fails, or a declaration cannot be filled in.
pub(super) fn pairs(project: &Project<'_>) -> Result<Vec<Vec<String>>, Failure> {
    let Some(listing) = Listing::of(project) else {
        return Ok(Vec::new());
    };
    let paths = listed(listing.paths())?;
    Ok(find(project, &[], &paths)?.0.pairs)
}

/// Adds them to a report, the first ones with their paths.
pub(super) fn tell(undeclared: Undeclared, bases: &[(String, String)], report: &mut Report) {
    for (document, base) in bases {
        report.say(format!(
            "document.{document} seems to be an overlay of {}: `base = [\"{}\"]` compares the combined results",
            inert(base),
            inert(base)
        ));
    }
    let Undeclared { pairs, left_out } = undeclared;
    for pair in pairs.iter().take(SHOWN) {
        report.say(format!("not compared: {}", inert(&pair.join(" ↔ "))));
    }
    if let Some(more) = pairs.len().checked_sub(SHOWN).filter(|more| *more > 0) {
        report.say(format!("not compared: {more} more"));
    }
    if !pairs.is_empty() {
        report.say("declare a document for each pair, or list it in `[ignore] pairs` of system.toml; `evenkeel init --dry-run` prints the documents");
    }
    report.not_compared(pairs, left_out);
}

/// Returns the comment that excludes a pair.
pub(super) fn comment(pair: &[String]) -> String {
    let quoted: Vec<String> = pair
        .iter()
        .map(|path| format!("\"{}\"", inert(path)))
        .collect();
    format!("{NOT_COMPARED} {}", quoted.join(", "))
}
