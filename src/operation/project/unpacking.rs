//! Artifacts that are archives: their digests, and their content in a private directory while a run needs it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::{Failure, Project};
use crate::world::archive;
use evenkeel_core::environment::Resolved;
use evenkeel_core::environment::definition::{Artifact, Unpack};
use evenkeel_core::plan::Plan;
use evenkeel_host::{Materials as _, tree_digest};
use evenkeel_model::Digest;

/// Unpacked archives of a run, removed at its end.
#[derive(Default)]
pub(in crate::operation) struct Unpacked(Mutex<BTreeMap<Digest, archive::Unpacked>>);

/// Returns the digest of an artifact. An archive is read and not unpacked.
///
/// # Errors
///
/// All reasons, for display.
pub(in crate::operation) fn digest(
    path: &Path,
    unpack: Option<Unpack>,
) -> Result<Digest, Vec<String>> {
    let tree = match unpack {
        Some(unpack) => archive::read(path, unpack.strip, None)?,
        None => tree_digest(path).map_err(|error| vec![error.to_string()])?,
    };
    Ok(tree.digest)
}

impl Project<'_> {
    /// Returns the path of an artifact as a file or a directory: an archive is unpacked, once in a run.
    ///
    /// # Errors
    ///
    /// The reason, for display: also when the archive has another content by now.
    pub(in crate::operation) fn tree_of(
        &self,
        artifact: &Artifact,
        path: &Path,
        expected: &Digest,
    ) -> Result<PathBuf, String> {
        let Some(unpack) = artifact.unpack else {
            return Ok(path.to_owned());
        };
        let mut unpacked = self
            .unpacked
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(directory) = unpacked.get(expected) {
            return Ok(directory.path().to_owned());
        }
        let directory = archive::unpack(path, unpack.strip, expected)?;
        let path = directory.path().to_owned();
        unpacked.insert(*expected, directory);
        Ok(path)
    }

    /// Unpacks the archives that a plan's steps need, before the first step.
    ///
    /// # Errors
    ///
    /// When one cannot be unpacked; nothing was changed.
    pub(in crate::operation) fn unpack_for(
        &self,
        plan: &Plan,
        resolved: &Resolved,
    ) -> Result<(), Failure> {
        let needed = plan.steps.iter().filter(|step| !step.actions.is_empty());
        let needed = needed.filter_map(|step| {
            let resource = resolved.resources.get(&step.instance.address)?;
            resource.declared.artifact()
        });
        for digest in needed {
            let archive = self.definition.artifacts.iter().find(|(name, artifact)| {
                artifact.unpack.is_some() && resolved.artifacts.get(*name) == Some(&digest)
            });
            let Some((name, artifact)) = archive else {
                continue;
            };
            let path = self.directory.join(&artifact.path);
            // A rollback has found it elsewhere, or nowhere but on the target.
            if resolved.materials.artifact(&digest).as_ref() != Some(&path) {
                continue;
            }
            let tree = self
                .tree_of(artifact, &path, &digest)
                .map_err(|reason| Failure::Other {
                    reason: format!(
                        "artifact `{name}` cannot be unpacked, so nothing was applied: {reason}"
                    ),
                    help: None,
                })?;
            resolved.materials.keep_artifact(digest, tree);
        }
        Ok(())
    }
}
