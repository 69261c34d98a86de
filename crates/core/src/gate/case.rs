//! Case: a dossier with the decisions of people about it, which is what the rules read.
//!
//! Decisions are verified once for all rules, since each signature costs time. Verification is left to `people`.

use std::ops::Deref;

use super::Dossier;
use super::people::Decisions;

/// Decisions of people about the plan of a dossier.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct People {
    /// Under the dossier's own requirements.
    pub now: Decisions,
    /// Under the requirements of the last release; `None` without one, and if approvers and policy are equal.
    pub as_released: Option<Decisions>,
}

impl People {
    /// Verifies the decisions in a dossier.
    #[must_use]
    pub fn of(dossier: &Dossier) -> Self {
        Self {
            now: dossier.decided(),
            as_released: dossier.decided_as_released(),
        }
    }

    /// Returns both lists that can be changed.
    pub(super) fn lists(&mut self) -> impl Iterator<Item = &mut Decisions> {
        std::iter::once(&mut self.now).chain(&mut self.as_released)
    }
}

/// Dossier and decisions. Rules read the dossier's fields directly.
#[derive(Clone, Copy, Debug)]
pub struct Case<'a> {
    /// The dossier.
    pub dossier: &'a Dossier,
    /// The decisions.
    pub people: &'a People,
}

impl Deref for Case<'_> {
    type Target = Dossier;

    fn deref(&self) -> &Dossier {
        self.dossier
    }
}
