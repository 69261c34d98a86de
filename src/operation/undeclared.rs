//! What drift does not compare: pairs of files that look like one thing in two environments, and that no document names.
//!
//! Only names of files are looked at, and git is asked for them once. `init` looks closer.

use super::{Failure, Project};
use crate::report::Report;
use evenkeel_comparison::discovery::pairs_by_path;
use evenkeel_core::documents::{DeclaredDocuments, place_of};

/// Says how many likely pairs are not declared. Nothing where the definitions compare no documents, or are read from a commit.
///
/// # Errors
///
/// When git fails.
pub(super) fn tell(project: &Project<'_>, report: &mut Report) -> Result<(), Failure> {
    let Some(repository) = project.repository() else {
        return Ok(());
    };
    if project.commit_read().is_some() {
        return Ok(());
    }
    let declared = DeclaredDocuments::of(&project.definition).map_err(Failure::Definitions)?;
    let places: Vec<String> = declared
        .asked()
        .into_iter()
        .filter_map(|(_, declaration)| place_of(declaration))
        .map(|place| place.to_string_lossy().into_owned())
        .collect();
    let Ok(below) = project.root.strip_prefix(repository.root()) else {
        return Ok(());
    };
    if places.is_empty() {
        return Ok(());
    }
    let paths: Vec<String> = repository
        .present(below)?
        .iter()
        .filter_map(|path| path.strip_prefix(below).ok()?.to_str().map(str::to_owned))
        .collect();
    let is_declared = |path: &String| {
        places.iter().any(|place| {
            place.is_empty()
                || path
                    .strip_prefix(place.as_str())
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
    };
    let own = project
        .directory
        .strip_prefix(&project.root)
        .map(|own| format!("{}/", own.to_string_lossy()))
        .unwrap_or_default();
    let paths: Vec<String> = paths
        .into_iter()
        .filter(|path| own.is_empty() || !path.starts_with(&own))
        .collect();
    let left = pairs_by_path(&paths)
        .iter()
        .filter(|paths| !paths.iter().any(is_declared))
        .count();
    if left > 0 {
        let pairs = evenkeel_model::text::count(left, "likely pair");
        let verb = if left == 1 { "is" } else { "are" };
        report.say(format!(
            "not compared: {pairs} of files {verb} not declared; `evenkeel init --dry-run` lists what it finds"
        ));
    }
    Ok(())
}
