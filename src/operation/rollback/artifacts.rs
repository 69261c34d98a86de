//! Artifacts of a restored release: from the store, from the checkout if it has the same build, or kept by the target.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::super::{Failure, Project, project::unpacking};
use crate::operation::artifact_store;
use evenkeel_core::observe::Situation;
use evenkeel_core::plan::Plan;
use evenkeel_host::Stored;
use evenkeel_ledger::State;
use evenkeel_model::Digest;

/// Finds the artifacts that a plan places, and gives their paths to the materials of the environment.
///
/// # Errors
///
/// When one is nowhere, before any step.
pub(super) fn place(
    today: &Project<'_>,
    project: &Project<'_>,
    release: &str,
    situation: &Situation<'_>,
    plan: &Plan,
    state: &State,
) -> Result<(), Failure> {
    let resolved = situation.resolved;
    let mut needed: BTreeMap<Digest, bool> = BTreeMap::new();
    for step in plan.steps.iter().filter(|step| !step.actions.is_empty()) {
        let resource = resolved.resources.get(&step.instance.address);
        let Some(artifact) = resource.and_then(|resource| resource.declared.artifact()) else {
            continue;
        };
        let seen = situation.seen.get(&step.instance);
        let is_held = seen
            .and_then(|seen| seen.seen())
            .is_some_and(evenkeel_core::kind::Observed::holds_artifact);
        // Held by every target that needs it.
        *needed.entry(artifact).or_insert(true) &= is_held;
    }
    let store = artifact_store::of(today, state).or_else(|| artifact_store::of(project, state));
    let mut paths: BTreeMap<Digest, PathBuf> = BTreeMap::new();
    for (artifact, is_held) in needed {
        let mut looked = Vec::new();
        match &store {
            None => looked.push("no `[artifacts] store` is declared".to_owned()),
            Some(store) => {
                let place = store.directory().display();
                match store.find(&artifact) {
                    Ok(Stored::Whole(path)) => {
                        paths.insert(artifact, path);
                        continue;
                    }
                    Ok(Stored::Missing) => {
                        looked.push(format!("the store {place} has no entry for it"));
                    }
                    Ok(Stored::Altered) => looked.push(format!(
                        "the content of its entry in the store {place} was changed"
                    )),
                    Err(reason) => {
                        looked.push(format!("the store {place} cannot be read: {reason}"));
                    }
                }
            }
        }
        if is_held {
            continue;
        }
        looked.push("the target does not keep it".to_owned());
        let name = resolved
            .artifacts
            .iter()
            .find(|(_, digest)| **digest == artifact);
        let name = name.map_or("unknown", |(name, _)| name);
        let built = project.definition.artifacts.get(name);
        let built = built.map(|built| (built, today.directory.join(&built.path)));
        if let Some((built, path)) = &built {
            let found = unpacking::digest(path, built.unpack);
            match found.map(|found| (found == artifact).then_some(found)) {
                Ok(Some(found)) => match today.tree_of(built, path, &found) {
                    Ok(tree) => {
                        paths.insert(artifact, tree);
                        continue;
                    }
                    Err(reason) => looked.push(reason),
                },
                Ok(None) => looked.push(format!("{} is another build", path.display())),
                Err(reasons) => looked.extend(reasons),
            }
        }
        let commit = project.head().unwrap_or_default();
        return Err(Failure::Other {
            reason: format!(
                "artifact `{name}` of {release} ({}) is missing, so nothing was changed: {}",
                artifact.short(),
                looked.join("; ")
            ),
            help: Some(format!(
                "build it from commit {} at {}, then run this again; `[artifacts] store` keeps artifacts for rollbacks",
                commit.get(..10).unwrap_or(&commit),
                built.map_or_else(
                    || "its path".to_owned(),
                    |(_, path)| path.display().to_string()
                )
            )),
        });
    }
    resolved.materials.place_artifacts(paths);
    Ok(())
}
