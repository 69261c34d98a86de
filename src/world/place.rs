//! Place of the definitions: named, or found in the working directory or above it.

use std::path::{Path, PathBuf};

/// Reason why there are no definitions.
#[derive(Debug, thiserror::Error)]
#[error("{reason}")]
pub struct PlaceError {
    /// Message.
    pub reason: String,
    /// Help.
    pub help: Option<String>,
}

fn canonical(path: &Path) -> Result<PathBuf, PlaceError> {
    path.canonicalize().map_err(|error| PlaceError {
        reason: format!("{}: {error}", path.display()),
        help: None,
    })
}

/// Returns the project's directory, which contains the definitions' directory.
///
/// # Errors
///
/// When the definitions are in the root directory.
pub fn root_of(directory: &Path) -> Result<&Path, PlaceError> {
    directory.parent().ok_or_else(|| PlaceError {
        reason: "the definitions cannot be in the root directory".into(),
        help: None,
    })
}

/// Finds the directory of the definitions: `named`, relative to `here`, or `environments` in `here` or above it. For a
/// commit (`at_revision`), the working tree may lack the files.
///
/// # Errors
///
/// When there is none.
pub fn find(here: &Path, named: Option<&Path>, at_revision: bool) -> Result<PathBuf, PlaceError> {
    if let Some(named) = named {
        let named = canonical(&here.join(named))?;
        // A single missing file is reported when it is read; a directory with neither is most likely the wrong one.
        if !at_revision && !named.join("system.toml").is_file() {
            return Err(PlaceError {
                reason: format!("{} has no system.toml", named.display()),
                help: Some("name its directory with --environments DIRECTORY".into()),
            });
        }
        return Ok(named);
    }
    let here = canonical(here)?;
    for above in here.ancestors() {
        let candidate = above.join("environments");
        if candidate.join("system.toml").is_file() || (at_revision && candidate.is_dir()) {
            return canonical(&candidate);
        }
    }
    Err(PlaceError {
        reason: format!(
            "no environments/system.toml in {} or above it",
            here.display()
        ),
        help: Some(
            "change to the project's directory, or name the definitions with --environments DIRECTORY"
                .into(),
        ),
    })
}

/// Returns the real path of a directory that definitions are written to.
///
/// # Errors
///
/// When it is missing or cannot be read.
pub fn real(directory: &Path) -> Result<PathBuf, PlaceError> {
    canonical(directory)
}
