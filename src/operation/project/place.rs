//! Finds the directory of the definitions.

use std::path::{Path, PathBuf};

use super::super::{Failure, World};
use super::ProjectLocation;

/// The project's directory: the one that holds the definitions'.
pub(super) fn root_of(directory: &Path) -> Result<&Path, Failure> {
    directory
        .parent()
        .ok_or_else(|| Failure::other("the definitions cannot be in the root directory"))
}

/// The directory of the definitions: named, or found in the working directory or above it.
pub(super) fn find(world: &World<'_>, location: &ProjectLocation) -> Result<PathBuf, Failure> {
    let canonical = |path: &Path| {
        path.canonicalize()
            .map_err(|error| Failure::other(format!("{}: {error}", path.display())))
    };
    if let Some(named) = &location.environments {
        let named = canonical(&world.directory.join(named))?;
        // A single missing file is told when it is read; a directory with neither is most likely another one.
        if location.revision.is_none() && !named.join("system.toml").is_file() {
            return Err(Failure::Other {
                reason: format!("{} has no system.toml", named.display()),
                help: Some("name the directory that has it: --environments DIRECTORY".into()),
            });
        }
        return Ok(named);
    }
    let here = canonical(&world.directory)?;
    for above in here.ancestors() {
        let candidate = above.join("environments");
        if candidate.join("system.toml").is_file()
            || (location.revision.is_some() && candidate.is_dir())
        {
            return canonical(&candidate);
        }
    }
    Err(Failure::Other {
        reason: format!(
            "there is no environments/system.toml in {} or above it",
            here.display()
        ),
        help: Some(
            "go to the project's directory, or name the definitions with --environments DIRECTORY"
                .into(),
        ),
    })
}
