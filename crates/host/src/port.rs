//! Ports that every target implements: near or remote, real or recorded.

#[cfg(feature = "local")]
use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;

use super::{Family, Host, Interruption};
#[cfg(feature = "local")]
use crate::local::tree::near::Near;
use evenkeel_model::Digest;

/// A port that only reads.
pub trait Observer<F: Family = Host>: Send + Sync {
    /// Answers all questions in one round trip: as many answers, in the same order.
    ///
    /// An unreadable subject is answered with [`crate::Answer::Unreadable`]; there is no other failure.
    fn observe(&self, queries: &[F::Query]) -> Vec<F::Answer>;

    /// Answers batches of questions like [`Observer::observe`], and passes on the answers of each batch in order.
    ///
    /// A target behind a channel sends all questions without waiting for answers: one round trip for all batches. Any
    /// other target takes a batch after the answers of the one before it, so memory is needed for one batch only.
    fn observe_batches(&self, batches: Batches<'_, F>, found: &mut dyn FnMut(Vec<F::Answer>)) {
        for queries in batches {
            found(self.observe(&queries));
        }
    }
}

/// Batches of questions. Another thread may take them.
pub type Batches<'a, F = Host> = &'a mut (dyn Iterator<Item = Vec<<F as Family>::Query>> + Send);

/// A port that reads and performs actions.
pub trait Target<F: Family = Host>: Observer<F> {
    /// Performs all actions, which are independent of each other, and returns one result for each, in the same order.
    /// Every `Ok` is durable.
    fn perform(
        &self,
        actions: &[F::Action],
        materials: &dyn Materials,
        interruption: &Interruption,
    ) -> Vec<Result<Performed, ActionError>>;

    /// Performs an action over a connection that is made for it, so that its success shows that a new login works. A
    /// machine without a connection performs it as any other.
    ///
    /// # Errors
    ///
    /// As for [`Target::perform`].
    fn confirm(
        &self,
        action: &F::Action,
        materials: &dyn Materials,
    ) -> Result<Performed, ActionError> {
        let outcomes = self.perform(
            std::slice::from_ref(action),
            materials,
            &Interruption::default(),
        );
        // One action has one outcome.
        let outcome = outcomes.into_iter().next();
        outcome.unwrap_or(Err(ActionError::Interrupted))
    }
}

/// Bytes and paths by digest, kept apart from actions so that actions can be shown and stored.
pub trait Materials: Sync {
    /// Returns the content with this digest (plain or sealed), if known.
    fn content(&self, digest: &Digest) -> Option<Arc<[u8]>>;
    /// Returns the path of the artifact with this tree digest.
    fn artifact(&self, digest: &Digest) -> Option<PathBuf>;

    /// Returns a content like [`Materials::content`]. The target has an older version, of which parts can be used.
    #[cfg(feature = "local")]
    fn content_near(&self, digest: &Digest, _older: &File) -> Option<Arc<[u8]>> {
        self.content(digest)
    }

    /// Returns an artifact like [`Materials::artifact`]. The target has other versions, of which files can be used.
    #[cfg(feature = "local")]
    fn artifact_near(&self, digest: &Digest, _near: &Near<'_>) -> Option<PathBuf> {
        self.artifact(digest)
    }
}

/// The result of one action.
#[cfg(any(feature = "local", feature = "testing"))]
pub(crate) type Outcome = Result<Performed, ActionError>;

/// A performed action.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Performed {
    /// A note for the user: `stopped 1234, started 1250`.
    pub note: Option<String>,
}

/// The reason why an action was not performed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ActionError {
    /// The found state differs from the expected one; nothing was changed.
    #[error("{path}: expected {expected}, found {found}; nothing was changed")]
    Changed {
        /// The path.
        path: String,
        /// The expected state, in words.
        expected: String,
        /// The found state, in words.
        found: String,
    },
    /// The action was tried and failed; the target may have changed.
    #[error("{operation} {path}: {reason}")]
    Failed {
        /// The operation: `rename`, `start`.
        operation: String,
        /// The subject.
        path: String,
        /// The reason, with the next step where one is known.
        reason: String,
    },
    /// The work was interrupted before this action started; nothing was changed.
    #[error("not started: interrupted")]
    Interrupted,
}
