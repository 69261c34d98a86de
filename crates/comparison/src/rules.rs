//! Rules for comparing two documents.

use std::sync::Arc;

use super::{Identities, Path, Pattern};
use evenkeel_document::Scalar;

/// Rules for comparing two documents. Without rules, lists are matched by their contents.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// Identity values of the environments.
    pub identities: Identities,
    /// Lists whose elements are identified by these keys.
    pub identity: Vec<(Pattern, Vec<Arc<str>>)>,
    /// Lists without order and repetition.
    pub sets: Vec<Pattern>,
    /// Values that must never be equal.
    pub must_differ: Vec<Pattern>,
    /// Values of missing keys.
    pub defaults: Vec<(Pattern, Scalar)>,
    /// Values that are equal only if written alike.
    pub exact: Vec<Pattern>,
    /// Whether values that count as equal are reported.
    pub tells_equal: bool,
    /// Whether all values of both sides are kept.
    pub tells_said: bool,
    /// Whether positions are omitted: files then need no preparation for display.
    pub unplaced: bool,
    /// Place whose existence is checked.
    pub wanted: Option<Pattern>,
}

impl Rules {
    /// Returns the keys that identify the elements of a list.
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

    /// Whether a value must differ between both sides.
    pub(super) fn must_differ(&self, path: &Path) -> bool {
        self.must_differ.iter().any(|pattern| pattern.covers(path))
    }

    /// Whether a value is equal only if written alike.
    pub(super) fn is_exact(&self, path: &Path) -> bool {
        self.exact.iter().any(|pattern| pattern.covers(path))
    }

    /// Returns the value of a missing key.
    pub(super) fn default_of(&self, path: &Path) -> Option<&Scalar> {
        self.defaults
            .iter()
            .find(|(pattern, _)| pattern.covers(path))
            .map(|(_, scalar)| scalar)
    }
}
