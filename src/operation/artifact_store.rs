//! Store of artifacts by digest, as the definitions declare it. `deliver` fills it, and a rollback reads it.

use std::collections::BTreeSet;

use super::{Failure, Project};
use crate::report::Report;
use evenkeel_core::environment::Resolved;
use evenkeel_core::gate::StoredDossier;
use evenkeel_core::release::artifacts;
use evenkeel_host::{ArtifactStore, Stored};
use evenkeel_ledger::State;
use evenkeel_ledger::record::ApplyOutcome;
use evenkeel_model::{Digest, EnvironmentName};

/// Returns the declared store: each ledger has its own directory in it, so that none removes what another needs.
pub(super) fn of(project: &Project<'_>, state: &State) -> Option<ArtifactStore> {
    let declared = project.definition.artifact_store.as_ref()?;
    let lineage = &state.founded.as_ref()?.lineage;
    let directory = project.directory.join(&declared.path);
    Some(ArtifactStore::new(
        directory.join(&project.definition.system).join(lineage),
    ))
}

/// Stores the artifacts of resolved environments, and removes those that none of the kept releases has.
///
/// # Errors
///
/// When an artifact cannot be stored: a release without it could not be restored.
pub(super) fn fill(
    project: &Project<'_>,
    resolved: &std::collections::BTreeMap<EnvironmentName, Resolved>,
    state: &State,
    report: &mut Report,
) -> Result<(), Failure> {
    let (Some(store), Some(declared)) = (of(project, state), &project.definition.artifact_store)
    else {
        return Ok(());
    };
    let place = store.directory().display().to_string();
    if let Some(repository) = project.repository()
        && store.directory().starts_with(repository.root())
        && !store
            .directory()
            .starts_with(project.root.join(".evenkeel"))
    {
        return Err(Failure::Other {
            reason: format!("the store of artifacts {place} is inside the checkout"),
            help: Some("name a directory outside of it in `[artifacts] store`".into()),
        });
    }
    let mut kept: BTreeSet<Digest> = BTreeSet::new();
    for environment in resolved.values() {
        kept.extend(artifacts(environment).into_values());
    }
    for (name, artifact) in &project.definition.artifacts {
        let digest = resolved
            .values()
            .find_map(|environment| environment.artifacts.get(name));
        let Some(digest) = digest else { continue };
        let path = project.directory.join(&artifact.path);
        let stored = match artifact.unpack {
            Some(_) if matches!(store.find(digest), Ok(Stored::Whole(_))) => Ok(()),
            _ => project
                .tree_of(artifact, &path, digest)
                .and_then(|tree| store.keep(digest, &tree)),
        };
        stored.map_err(|reason| Failure::Other {
            reason: format!(
                "artifact `{name}` ({}) cannot be stored in {place}: {reason}",
                digest.short()
            ),
            help: Some("make the directory writable, or remove `[artifacts] store`".into()),
        })?;
    }
    // An unreadable dossier may name any artifact: then nothing is removed.
    let Some(released) = of_releases(project, state, declared.keep)? else {
        report.say(format!(
            "no old artifact was removed from {place}: a dossier of a kept release cannot be read"
        ));
        return Ok(());
    };
    kept.extend(released);
    if let Err(reason) = store.prune(&kept) {
        report.say(format!(
            "old artifacts cannot be removed from {place}: {reason}"
        ));
    }
    Ok(())
}

/// Returns the artifacts of the last `keep` successful releases to each environment; `None` if a dossier is unreadable.
fn of_releases(
    project: &Project<'_>,
    state: &State,
    keep: usize,
) -> Result<Option<BTreeSet<Digest>>, Failure> {
    let mut counted: std::collections::BTreeMap<&EnvironmentName, usize> =
        std::collections::BTreeMap::new();
    let mut kept = BTreeSet::new();
    for release in state.releases.iter().rev() {
        let started = &release.started.record;
        let count = counted.entry(&started.environment).or_default();
        // A rollback restores what a counted release has; a failed release may still be running.
        let outcome = release.ended.as_ref().map(|ended| ended.record.outcome);
        if *count >= keep {
            continue;
        }
        if outcome == Some(ApplyOutcome::Done) && started.rollback.is_none() {
            *count += 1;
        }
        let bytes = project.store.objects().get(&started.dossier)?;
        let stored = bytes.and_then(|bytes| StoredDossier::read(&bytes).ok());
        let Some(stored) = stored else {
            return Ok(None);
        };
        let facts = stored.dossier.environments.get(&started.environment);
        kept.extend(
            facts
                .into_iter()
                .flat_map(|facts| facts.artifacts.values().copied()),
        );
    }
    Ok(Some(kept))
}
