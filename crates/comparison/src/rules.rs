//! What is known beforehand of how two documents are to be compared.

use std::sync::Arc;

use super::{Identities, Path, Pattern};
use evenkeel_document::Scalar;

/// What is known beforehand. Everything may be empty: then lists are matched by what is found in them.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// What each environment has of its own.
    pub identities: Identities,
    /// Lists whose elements are identified by these keys.
    pub identity: Vec<(Pattern, Vec<Arc<str>>)>,
    /// Lists whose order and repetition mean nothing.
    pub sets: Vec<Pattern>,
    /// Values that must never be equal.
    pub must_differ: Vec<Pattern>,
    /// What a value is where it is not written.
    pub defaults: Vec<(Pattern, Scalar)>,
    /// Values that are the same only where they are written alike.
    pub exact: Vec<Pattern>,
    /// Whether what counts as equal is told.
    pub tells_equal: bool,
    /// Whether everything that both sides say is kept.
    pub tells_said: bool,
    /// Whether only is asked what differs, and not where in the files: then no file is made fit to be shown.
    pub unplaced: bool,
    /// A place that is asked for: whether it is there at all.
    pub wanted: Option<Pattern>,
}

impl Rules {
    /// The keys that identify the elements of a list.
    pub(super) fn keys_of(&self, path: &Path) -> Option<&[Arc<str>]> {
        self.identity
            .iter()
            .find(|(pattern, _)| pattern.covers(path))
            .map(|(_, keys)| keys.as_slice())
    }

    /// Whether a list is a set.
    pub(super) fn is_set(&self, path: &Path) -> bool {
        self.sets.iter().any(|pattern| pattern.covers(path))
    }

    /// Whether a value must not be the same on both sides.
    pub(super) fn must_differ(&self, path: &Path) -> bool {
        self.must_differ.iter().any(|pattern| pattern.covers(path))
    }

    /// Whether a value is the same only where it is written alike.
    pub(super) fn is_exact(&self, path: &Path) -> bool {
        self.exact.iter().any(|pattern| pattern.covers(path))
    }

    /// What a value is where it is not written.
    pub(super) fn default_of(&self, path: &Path) -> Option<&Scalar> {
        self.defaults
            .iter()
            .find(|(pattern, _)| pattern.covers(path))
            .map(|(_, scalar)| scalar)
    }
}
