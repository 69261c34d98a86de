//! Environments that only accept releases, according to the commit and the ledger, regardless of uncommitted edits.

use super::{Failure, Project};
use evenkeel_core::environment::Definition;
use evenkeel_core::release::is_released_to;
use evenkeel_ledger::State;
use evenkeel_ledger::record::Origin;
use evenkeel_model::EnvironmentName;

/// Returns whether an environment only accepts releases: it is last on the path, in the definitions that were read or
/// in those of their commit, or it was ever released to.
pub(super) fn takes_only_releases(
    project: &Project<'_>,
    state: &State,
    name: &EnvironmentName,
    origin: &Origin,
) -> bool {
    let comes_last =
        |definition: &Definition| definition.is_last(name) && definition.path.len() > 1;
    let committed = || {
        let commit = origin.commit.as_ref().filter(|_| origin.dirty)?;
        project.as_of(commit)
    };
    comes_last(&project.definition)
        || is_released_to(state, name)
        || committed().is_some_and(|definition| comes_last(&definition))
}

/// Refuses to deliver if an environment before the last one only accepts releases.
pub(super) fn refuse_stages(
    project: &Project<'_>,
    state: &State,
    origin: &Origin,
) -> Result<(), Failure> {
    let before = project.definition.path.len().saturating_sub(1);
    for name in project.definition.path.iter().take(before) {
        if takes_only_releases(project, state, name, origin) {
            return Err(Failure::Refused {
                reason: format!(
                    "{name} only accepts releases, but `path` has it before the last environment; nothing was applied"
                ),
                help: format!("write `path` so that {name} comes last"),
            });
        }
    }
    Ok(())
}
