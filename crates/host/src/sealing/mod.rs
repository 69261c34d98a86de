//! Two sorts of seals: the project's, made with the project's key, and each target's, made with its own key.
//!
//! Definitions, plans and ledgers contain the project's seals. A target stores and compares its own and never holds the
//! project's key. [`SealedTarget`] exchanges one for the other in queries, answers, actions and materials, using the
//! pairs in a [`SealBook`].

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::{
    Action, ActionError, Answer, Batches, Interruption, Materials, Observer, PathState, Performed,
    Query, Target, path,
};
use evenkeel_model::Digest;

/// A value that may contain seals.
pub trait Seals {
    /// Passes each digest that may be a seal to `change`. The default does nothing.
    fn seals(&mut self, _change: &mut dyn FnMut(&mut Digest)) {}
}

/// The pairs of project seals and target seals.
#[derive(Debug, Default)]
pub struct SealBook(Mutex<Pages>);

#[derive(Debug, Default)]
struct Pages {
    to_target: BTreeMap<Digest, Digest>,
    to_project: BTreeMap<Digest, Digest>,
    /// Project seals that the ledger contains without a target seal, from before targets had keys.
    unpaired: BTreeSet<Digest>,
}

impl SealBook {
    fn pages(&self) -> MutexGuard<'_, Pages> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records that both seals are of the same secret.
    pub fn pair(&self, project: Digest, target: Digest) {
        let mut pages = self.pages();
        pages.to_target.insert(project, target);
        pages.to_project.insert(target, project);
        pages.unpaired.remove(&project);
    }

    /// Records a project seal whose counterpart is unknown.
    pub fn miss(&self, project: Digest) {
        let mut pages = self.pages();
        if !pages.to_target.contains_key(&project) {
            pages.unpaired.insert(project);
        }
    }

    fn is_empty(&self) -> bool {
        let pages = self.pages();
        pages.to_target.is_empty() && pages.unpaired.is_empty()
    }

    /// Replaces the project's seals with the target's.
    fn for_target(&self, what: &mut impl Seals) {
        let pages = self.pages();
        what.seals(&mut |seal| {
            if let Some(other) = pages.to_target.get(seal) {
                *seal = *other;
            }
        });
    }

    /// Replaces the target's seals with the project's. An unknown seal stays: it equals nothing that is declared or was
    /// applied.
    fn for_project(&self, what: &mut impl Seals) {
        let pages = self.pages();
        what.seals(&mut |seal| {
            if let Some(other) = pages.to_project.get(seal) {
                *seal = *other;
            }
        });
    }

    fn to_project(&self, target: &Digest) -> Option<Digest> {
        self.pages().to_project.get(target).copied()
    }

    /// Returns whether the target's seal is unknown while some project seals have no counterpart.
    fn may_be_old(&self, target: &Digest) -> bool {
        let pages = self.pages();
        !pages.unpaired.is_empty() && !pages.to_project.contains_key(target)
    }

    fn is_unpaired(&self, project: &Digest) -> bool {
        self.pages().unpaired.contains(project)
    }
}

/// A target that accepts the project's seals.
pub struct SealedTarget {
    target: Arc<dyn Target>,
    book: SealBook,
    /// Reads the same host with the project's key; only for this machine, where evenkeel runs.
    earlier: Option<Arc<dyn Observer>>,
}

impl SealedTarget {
    /// Wraps a target with its own key. `earlier` reads the same host with the project's key; it is queried only about
    /// seals from ledgers that predate target keys.
    #[must_use]
    pub fn new(target: Arc<dyn Target>, earlier: Option<Arc<dyn Observer>>) -> Self {
        Self {
            target,
            book: SealBook::default(),
            earlier,
        }
    }

    /// Returns the pairs of seals.
    #[must_use]
    pub fn book(&self) -> &SealBook {
        &self.book
    }

    /// Finds the counterparts of seals that only an old ledger contains: a subject read with both keys that did not
    /// change in between holds the same secret.
    fn recognise(&self, queries: &[Query], answers: &[Answer]) {
        let Some(earlier) = &self.earlier else {
            return;
        };
        let unknown: Vec<(&Query, &path::Answer, Digest)> = queries
            .iter()
            .zip(answers)
            .filter_map(|pair| match pair {
                (query @ Query::Path(path::Query { sealed: true, .. }), Answer::Path(answer)) => {
                    let digest = content(answer).filter(|digest| self.book.may_be_old(digest))?;
                    Some((query, answer, digest))
                }
                _ => None,
            })
            .collect();
        if unknown.is_empty() {
            return;
        }
        let asked: Vec<Query> = unknown.iter().map(|(query, ..)| (*query).clone()).collect();
        for ((_, now, target), before) in unknown.iter().zip(earlier.observe(&asked)) {
            if let Answer::Path(before) = before
                && before.changed == now.changed
                && let Some(project) = content(&before)
                && self.book.is_unpaired(&project)
            {
                self.book.pair(project, *target);
            }
        }
    }
}

fn content(answer: &path::Answer) -> Option<Digest> {
    match &answer.standing {
        PathState::File { digest, .. } => Some(*digest),
        _ => None,
    }
}

impl Observer for SealedTarget {
    fn observe(&self, queries: &[Query]) -> Vec<Answer> {
        let mut answers = self.target.observe(queries);
        if !self.book.is_empty() {
            self.recognise(queries, &answers);
            for answer in &mut answers {
                self.book.for_project(answer);
            }
        }
        answers
    }

    fn observe_batches(&self, batches: Batches<'_>, found: &mut dyn FnMut(Vec<Answer>)) {
        if self.earlier.is_some() {
            // Only this machine has it, which needs no round trips.
            for queries in batches {
                found(self.observe(&queries));
            }
            return;
        }
        self.target.observe_batches(batches, &mut |mut answers| {
            if !self.book.is_empty() {
                for answer in &mut answers {
                    self.book.for_project(answer);
                }
            }
            found(answers);
        });
    }
}

impl Target for SealedTarget {
    fn perform(
        &self,
        actions: &[Action],
        materials: &dyn Materials,
        interruption: &Interruption,
    ) -> Vec<Result<Performed, ActionError>> {
        if self.book.is_empty() {
            return self.target.perform(actions, materials, interruption);
        }
        let mut actions = actions.to_vec();
        for action in &mut actions {
            self.book.for_target(action);
        }
        let materials = SealedMaterials {
            materials,
            book: &self.book,
        };
        self.target.perform(&actions, &materials, interruption)
    }

    fn confirm(
        &self,
        action: &Action,
        materials: &dyn Materials,
    ) -> Result<Performed, ActionError> {
        // A confirmation contains no seal.
        self.target.confirm(action, materials)
    }
}

/// Materials that are requested by the target's seals.
struct SealedMaterials<'a> {
    materials: &'a dyn Materials,
    book: &'a SealBook,
}

impl Materials for SealedMaterials<'_> {
    fn content(&self, digest: &Digest) -> Option<Arc<[u8]>> {
        let digest = self.book.to_project(digest).unwrap_or(*digest);
        self.materials.content(&digest)
    }

    fn artifact(&self, digest: &Digest) -> Option<std::path::PathBuf> {
        self.materials.artifact(digest)
    }
}

#[cfg(test)]
#[cfg(feature = "testing")]
mod tests;
