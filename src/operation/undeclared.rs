//! What drift does not compare: pairs of files that look like one thing in two environments, and that no definition mentions.
//!
//! Only paths are read, once. `init` reads contents.

use super::{Failure, Project};
use crate::report::Report;
use crate::world::survey::{self, SurveyError};
use evenkeel_core::documents::{
    DeclaredDocuments, NOT_COMPARED, Undeclared, undeclared, undeclared_bases,
};
use evenkeel_core::history::places_of;
use evenkeel_model::defect::Defect;
use evenkeel_model::text::inert;

/// Most pairs that a message lists.
const SHOWN: usize = 5;

/// The likely pairs of files that no document covers, and the files that documents which differ seem to be laid over. None
/// where the definitions compare no documents.
///
/// # Errors
///
/// When git fails, or a declaration cannot be filled in.
pub(super) fn find(
    project: &Project<'_>,
    parity: &[Defect],
) -> Result<(Undeclared, Vec<(String, String)>), Failure> {
    if project.definition.document_names().is_empty() {
        return Ok((Undeclared::default(), Vec::new()));
    }
    let declared = DeclaredDocuments::of(&project.definition).map_err(Failure::Definitions)?;
    let paths = paths(project)?;
    let differing = places_of(parity);
    let differing = differing.keys().map(String::as_str).collect();
    let bases = undeclared_bases(&declared, &differing, &paths);
    let own = project.directory.strip_prefix(&project.root);
    let own = own.map_or_else(|_| String::new(), |own| own.to_string_lossy().into_owned());
    Ok((
        undeclared(&project.definition, &declared, &own, &paths),
        bases,
    ))
}

/// The likely pairs of files that no definition mentions.
///
/// # Errors
///
/// When git fails, or a declaration cannot be filled in.
pub(super) fn pairs(project: &Project<'_>) -> Result<Vec<Vec<String>>, Failure> {
    Ok(find(project, &[])?.0.pairs)
}

/// The paths of the project's files.
fn paths(project: &Project<'_>) -> Result<Vec<String>, Failure> {
    if let Some((repository, commit)) = project.commit_read() {
        let Ok(below) = project.root.strip_prefix(repository.root()) else {
            return Ok(Vec::new());
        };
        let listed = repository.list(commit, below)?;
        return Ok(listed
            .iter()
            .filter_map(|path| path.strip_prefix(below).ok()?.to_str().map(str::to_owned))
            .collect());
    }
    survey::paths(
        &project.root,
        project.repository(),
        &project.world.interruption,
    )
    .map_err(|error| match error {
        SurveyError::Interrupted => Failure::Interrupted,
        SurveyError::Git(error) => error.into(),
    })
}

/// Lists them in a report, the first of them with their paths.
pub(super) fn tell(undeclared: Undeclared, bases: &[(String, String)], report: &mut Report) {
    for (document, base) in bases {
        report.say(format!(
            "document.{document} seems to be laid over {}: `base = [\"{}\"]` compares the combined results",
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
        report.say("declare a document for each, or name them in `[ignore] pairs` of system.toml; `evenkeel init --dry-run` prints documents");
    }
    report.not_compared(pairs, left_out);
}

/// The comment that leaves a pair out.
pub(super) fn comment(pair: &[String]) -> String {
    let quoted: Vec<String> = pair
        .iter()
        .map(|path| format!("\"{}\"", inert(path)))
        .collect();
    format!("{NOT_COMPARED} {}", quoted.join(", "))
}
