//! The port: what every target, near or far, real or recorded, does.

use std::path::PathBuf;
use std::sync::Arc;

use super::{Family, Host, Interruption};
use evenkeel_model::Digest;

/// Reads, and cannot do anything else.
pub trait Observer<F: Family = Host>: Send + Sync {
    /// Answers all questions in one round trip: as many answers, in the same order.
    ///
    /// What cannot be seen has an answer that says so ([`crate::Answer::Unreadable`]); there is no other failure.
    fn observe(&self, queries: &[F::Query]) -> Vec<F::Answer>;
}

/// Reads, and changes what it is asked to change.
pub trait Target<F: Family = Host>: Observer<F> {
    /// Performs all actions, which do not depend on each other, and says of each what came of it: as many results, in
    /// the same order. What is `Ok` is durable.
    fn perform(
        &self,
        actions: &[F::Action],
        materials: &dyn Materials,
        interruption: &Interruption,
    ) -> Vec<Result<Performed, ActionError>>;
}

/// What actions are made with: bytes and paths by digest, kept apart from actions so that those can be shown and kept.
pub trait Materials: Sync {
    /// The content with this digest (plain or sealed), if it is known.
    fn content(&self, digest: &Digest) -> Option<Arc<[u8]>>;
    /// Where the artifact with this tree digest is.
    fn artifact(&self, digest: &Digest) -> Option<PathBuf>;
}

/// What came of one action.
#[cfg(any(feature = "local", feature = "testing"))]
pub(crate) type Outcome = Result<Performed, ActionError>;

/// An action was performed.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Performed {
    /// What a person may want to know: `stopped 1234, started 1250`.
    pub note: Option<String>,
}

/// Why an action was not performed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ActionError {
    /// Something else was there than was expected; nothing was changed.
    #[error("{path}: expected {expected}, found {found}; nothing was changed")]
    Changed {
        /// Where.
        path: String,
        /// What was expected, in words.
        expected: String,
        /// What was found, in words.
        found: String,
    },
    /// It was tried and failed; whether the target was changed must be looked at.
    #[error("{operation} {path}: {reason}")]
    Failed {
        /// What was tried: `rename`, `start`.
        operation: String,
        /// On what.
        path: String,
        /// Why, with what to do about it where that is known.
        reason: String,
    },
    /// The work was interrupted before this action was begun; nothing was changed.
    #[error("not started: interrupted")]
    Interrupted,
}
