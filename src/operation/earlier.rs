//! Earlier releases: their facts for the next one, and requirements weakened since the last.
//!
//! A commit can weaken the policy, the path, the severities, and declare differences. That is always reported to the
//! person who approves or releases; the gate judges what needs an approval.

use super::{Failure, Project};
use crate::report::Report;
use crate::world::git::GitError;
use evenkeel_core::environment::{AUTHOR, DELIVERER, Policy};
use evenkeel_core::gate::{Demands, Dossier, InvolvedFacts, ReleasedFacts};
use evenkeel_core::release::deliverers;
use evenkeel_ledger::State;
use evenkeel_ledger::record::Origin;
use evenkeel_ledger::state::Release;

/// Returns the facts of earlier releases, for definitions of a commit; `None` if there was none.
pub(super) fn released(
    project: &Project<'_>,
    state: &State,
    commit: Option<&str>,
) -> Result<Option<ReleasedFacts>, Failure> {
    // Its requirements were not judged, so a break-glass lowers none for the next release.
    let is_judged = |release: &&Release| !state.is_break_glass(&release.started.record.release);
    let judged = state.releases.iter().rev().find(is_judged);
    let Some(newest) = judged.or(state.releases.last()) else {
        return Ok(None);
    };
    let earlier = state.releases.iter().rev().find_map(commit_of);
    let is_older = match (commit, &earlier) {
        (Some(commit), Some(earlier)) => is_older(project, commit, earlier)?,
        _ => false,
    };
    let dossier = newest.started.record.dossier;
    let demands = project.store.objects().get(&dossier).ok().flatten();
    let environments = state.releases.iter();
    Ok(Some(ReleasedFacts {
        release: newest.started.record.release.clone(),
        environments: environments
            .map(|release| release.started.record.environment.clone())
            .collect(),
        commit: earlier,
        is_older,
        demands: demands.and_then(|bytes| Demands::of_dossier(&bytes)),
    }))
}

/// Returns the people who made the change, if the policy excludes the approval of any; `None` otherwise.
pub(super) fn involved(
    project: &Project<'_>,
    state: &State,
    origin: &Origin,
    policy: &Policy,
    released: Option<&ReleasedFacts>,
) -> Result<Option<InvolvedFacts>, Failure> {
    let earlier = released.and_then(|released| Some(&released.demands.as_ref()?.policy));
    let excludes = |whom: &str| {
        let policies = [Some(policy), earlier];
        let mut all = policies.into_iter().flatten();
        all.any(|policy| policy.approvals_exclude.iter().any(|each| each == whom))
    };
    if !excludes(AUTHOR) && !excludes(DELIVERER) {
        return Ok(None);
    }
    let authors = match (project.repository(), &origin.commit, origin.dirty) {
        // Uncommitted edits have no author.
        (Some(repository), Some(commit), false) if excludes(AUTHOR) => {
            let since = released.and_then(|released| released.commit.as_deref());
            repository.authors(commit, since)?
        }
        _ => None,
    };
    Ok(Some(InvolvedFacts {
        authors,
        deliverers: deliverers(&project.definition, state),
    }))
}

/// Returns the commit of a release.
fn commit_of(release: &Release) -> Option<String> {
    let started = &release.started.record.origin;
    let ended = release.ended.as_ref();
    started
        .as_ref()
        .and_then(|origin| origin.commit.clone())
        .or_else(|| ended.and_then(|ended| ended.record.commit.clone()))
}

/// Whether a commit is older than a released one. A rewritten history has no order.
fn is_older(project: &Project<'_>, commit: &str, released: &str) -> Result<bool, Failure> {
    let Some(repository) = project.repository().filter(|_| commit != released) else {
        return Ok(false);
    };
    match repository.resolve(released) {
        Ok(_) => Ok(repository.is_ancestor(commit, released)?),
        Err(GitError::NoCommit { .. }) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Reports requirements weakened since the last release.
pub(super) fn tell(dossier: &Dossier, report: &mut Report) {
    let Some(released) = &dossier.released else {
        return;
    };
    let release = &released.release;
    let Some(weakened) = dossier.weakened() else {
        report.say(format!(
            "the policy at {release} is unreadable, so whether the current one is weaker is unknown"
        ));
        return;
    };
    if !weakened.policy.is_empty() {
        report.say(format!(
            "the policy is weaker than at {release}: {}",
            weakened.policy.join("; ")
        ));
    }
    if !weakened.severities.is_empty() {
        report.say(format!(
            "severities are lower than at {release}: {}",
            weakened.severities.join("; ")
        ));
    }
    if !weakened.differences.is_empty() {
        report.say(format!(
            "{} declared since {release}: {}",
            evenkeel_model::text::count(weakened.differences.len(), "difference"),
            weakened.differences.join(", ")
        ));
    }
}
