//! Repair of production: `apply` restores exactly the released state, and brings nothing new.

use evenkeel_ledger::record::{Origin, ReleaseStarted};
use evenkeel_ledger::{State, state::Release};
use evenkeel_model::{Digest, EnvironmentName};

use super::unfinished::last;

/// State that an `apply` to production would bring.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// Its recipe.
    pub recipe: Digest,
    /// Its binding.
    pub binding: Digest,
    /// Digest of production's definitions, and of the files that they use.
    pub definitions: Digest,
    /// Origin of the definitions.
    pub origin: &'a Origin,
}

/// Whether `apply` may bring it to production.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Restoration {
    /// It is the running recipe, or the one of an unfinished release.
    Allowed,
    /// It is another recipe. Contains the origin of the running one, if any.
    OtherRecipe(Option<Origin>),
    /// It is the same recipe, but not exactly the released state.
    Differs {
        /// The release.
        release: String,
        /// Difference, in words.
        what: String,
        /// Released commit.
        commit: Option<String>,
    },
}

/// Returns whether an environment was ever released to, and so only accepts releases.
#[must_use]
pub fn is_released_to(state: &State, name: &EnvironmentName) -> bool {
    state
        .releases
        .iter()
        .any(|release| release.started.record.environment == *name)
}

/// Judges whether `apply` may bring this to production: the recipe, the binding and the commit of the release that
/// production runs, or of one that was killed or failed. The gate opened for exactly that.
#[must_use]
pub fn may_restore(state: &State, name: &EnvironmentName, wanted: Wanted<'_>) -> Restoration {
    let settled = state
        .environment(name)
        .and_then(|standing| standing.settled.as_ref());
    let running = settled.and_then(|settled| {
        let of_recipe = |release: &&Release| {
            let started = &release.started.record;
            started.environment == *name && started.recipe == settled.recipe
        };
        state.releases.iter().rev().find(of_recipe)
    });
    let mut refused = None;
    for release in last(state, name).into_iter().chain(running) {
        let started = &release.started.record;
        if started.recipe != wanted.recipe {
            continue;
        }
        let applied = settled.filter(|settled| settled.recipe == started.recipe);
        let origin = started
            .origin
            .as_ref()
            .or(applied.map(|settled| &settled.origin));
        match difference(started, origin, wanted) {
            None => return Restoration::Allowed,
            Some(what) => {
                refused = Some(Restoration::Differs {
                    release: started.release.clone(),
                    what,
                    commit: origin
                        .filter(|it| !it.dirty)
                        .and_then(|it| it.commit.clone()),
                });
            }
        }
    }
    if let Some(refused) = refused {
        return refused;
    }
    // Applied before the first release, while it was the only environment.
    match settled {
        Some(settled) if running.is_none() && settled.recipe == wanted.recipe => {
            Restoration::Allowed
        }
        settled => Restoration::OtherRecipe(settled.map(|settled| settled.origin.clone())),
    }
}

/// Returns the difference from a release of the same recipe. Records of earlier versions have fewer fields, which are
/// compared.
fn difference(
    started: &ReleaseStarted,
    origin: Option<&Origin>,
    wanted: Wanted<'_>,
) -> Option<String> {
    if started.binding.is_some_and(|it| it != wanted.binding) {
        return Some("the values of its parameters, targets or artifacts differ".to_owned());
    }
    match origin {
        Some(Origin {
            commit: Some(commit),
            dirty: false,
            ..
        }) => {
            let short = commit.get(..10).unwrap_or(commit);
            if wanted.origin.commit.as_ref() != Some(commit) {
                Some(format!("it was released from commit {short}"))
            } else if wanted.origin.dirty {
                Some(format!("the definitions differ from commit {short}"))
            } else {
                None
            }
        }
        // Released from uncommitted definitions: they must be identical.
        _ => started
            .definitions
            .is_some_and(|it| it != wanted.definitions)
            .then(|| "the definitions differ from those that were released".to_owned()),
    }
}
