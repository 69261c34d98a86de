//! Relevant files of a repository: those that git tracks or would add, or all below the directory.

use std::fs;
use std::path::Path;

use super::git::{GitError, Repository};
use evenkeel_comparison::discovery::ListedFile;
use evenkeel_host::Interruption;

/// Maximum number of files.
const MOST: usize = 500_000;

/// Largest file whose text is read.
const LARGEST: u64 = 4 * 1024 * 1024;

/// Directories without configuration of the project.
const LEFT_OUT: &[&str] = &[
    ".git",
    ".hg",
    ".svn",
    ".jj",
    ".evenkeel",
    "node_modules",
    ".terraform",
    ".terragrunt-cache",
    "__pycache__",
];

/// Reason why there is no list.
#[derive(Debug, thiserror::Error)]
pub enum SurveyError {
    /// The survey was interrupted.
    #[error("interrupted")]
    Interrupted,
    /// git failed.
    #[error(transparent)]
    Git(#[from] GitError),
}

/// Lists the files below a directory, inside or outside of a repository.
///
/// # Errors
///
/// When git fails, or the survey is interrupted.
pub fn list(
    root: &Path,
    repository: Option<&Repository>,
    interruption: &Interruption,
) -> Result<Vec<ListedFile>, SurveyError> {
    if let Some(paths) = tracked(root, repository)? {
        let paths = paths.iter().take(MOST);
        return Ok(paths.filter_map(|path| listed(root, path)).collect());
    }
    let mut files = Vec::new();
    let walk = walkdir::WalkDir::new(root)
        .sort_by_file_name()
        .into_iter()
        .filter_entry(|entry| {
            entry
                .file_name()
                .to_str()
                .is_some_and(|name| !LEFT_OUT.contains(&name))
        });
    for entry in walk {
        if interruption.is_set() {
            return Err(SurveyError::Interrupted);
        }
        // An inaccessible entry cannot be compared either.
        let Ok(entry) = entry else { continue };
        if files.len() >= MOST {
            break;
        }
        if let Some(path) = entry
            .path()
            .strip_prefix(root)
            .ok()
            .and_then(|path| path.to_str())
            .filter(|path| !path.is_empty())
        {
            files.extend(listed(root, path));
        }
    }
    Ok(files)
}

/// Lists the paths of the files below a directory, like [`list`], without their kinds.
///
/// # Errors
///
/// When git fails, or the survey is interrupted.
pub fn paths(
    root: &Path,
    repository: Option<&Repository>,
    interruption: &Interruption,
) -> Result<Vec<String>, SurveyError> {
    if let Some(paths) = tracked(root, repository)? {
        return Ok(paths);
    }
    let listed = list(root, None, interruption)?;
    Ok(listed.into_iter().map(|file| file.path).collect())
}

/// Returns git's paths below a directory, without excluded ones; `None` outside of a repository.
fn tracked(
    root: &Path,
    repository: Option<&Repository>,
) -> Result<Option<Vec<String>>, SurveyError> {
    let below = repository.and_then(|repository| {
        let below = root.strip_prefix(repository.root()).ok()?;
        Some((repository, below))
    });
    let Some((repository, below)) = below else {
        return Ok(None);
    };
    let paths = repository.present(below)?;
    Ok(Some(
        paths
            .iter()
            .filter_map(|path| path.strip_prefix(below).ok()?.to_str())
            .filter(|path| !path.split('/').any(|part| LEFT_OUT.contains(&part)))
            .map(str::to_owned)
            .collect(),
    ))
}

/// Returns a regular file; links and other kinds are skipped.
fn listed(root: &Path, path: &str) -> Option<ListedFile> {
    let metadata = fs::symlink_metadata(root.join(path)).ok()?;
    metadata.is_file().then(|| ListedFile {
        path: path.to_owned(),
        bytes: metadata.len(),
    })
}

/// Returns the text of a file, if it is one within the limit.
#[must_use]
pub fn text(root: &Path, path: &str) -> Option<String> {
    let path = root.join(path);
    if !fs::symlink_metadata(&path).ok()?.is_file() {
        return None;
    }
    let bytes = super::files::read_plain(&path, LARGEST).ok()??;
    evenkeel_document::text_of("", bytes).ok()
}
