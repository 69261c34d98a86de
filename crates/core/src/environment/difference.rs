//! Declared differences: what may differ, within which bounds, why, and until when.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::bound::{Bound, Ratio};
use evenkeel_comparison::Pattern;
use evenkeel_model::source::Span;
use evenkeel_model::text::matches;
use evenkeel_model::{EnvironmentName, Moment};

/// One `[[difference]]`.
#[derive(Debug, Clone)]
pub struct Difference {
    /// What may differ, as it was written: `parameter.workers`, `file.config.mode`, `document.values.servers.web.image`.
    pub at: String,
    /// What that speaks of.
    pub place: DifferencePlace,
    /// Where that is written.
    pub span: Span,
    /// The bounds, by environment.
    pub bounds: BTreeMap<EnvironmentName, Bound>,
    /// The later environment's number, divided by the earlier one's.
    pub ratio: Option<Ratio>,
    /// Whether both must be none, both one, or both many.
    pub same_class: bool,
    /// Why.
    pub reason: String,
    /// Who answers for it.
    pub owner: String,
    /// Until when.
    pub expires: Moment,
    /// Where that is written.
    pub expires_span: Span,
    /// Where it is followed up.
    pub ticket: Option<String>,
}

/// What a difference speaks of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DifferencePlace {
    /// A parameter, a resource, a suite or an attribute of one: `parameter.workers`, `file.config.mode`.
    Named(String),
    /// Places in a document; the document's presence where there is no pattern.
    Document(Arc<str>, Option<Pattern>),
}

impl Difference {
    /// Whether it speaks of this place of what has a name. `*` stands for any characters of one part.
    #[must_use]
    pub fn covers(&self, place: &str) -> bool {
        let DifferencePlace::Named(at) = &self.place else {
            return false;
        };
        let mut pattern = at.split('.');
        let mut parts = place.splitn(3, '.');
        loop {
            match (pattern.next(), parts.next()) {
                (None, None) => return true,
                (Some(pattern), Some(part)) if matches(pattern, part) => {}
                // An attribute may have dots of its own: the rest of both is compared whole.
                _ => return at == place,
            }
        }
    }

    /// Whether it may speak of more than one place.
    #[must_use]
    pub fn is_pattern(&self) -> bool {
        match &self.place {
            DifferencePlace::Named(at) => at.contains('*'),
            DifferencePlace::Document(_, pattern) => pattern.as_ref().is_some_and(Pattern::is_wild),
        }
    }

    /// Whether the two sides are held against each other: then neither needs a bound of its own.
    #[must_use]
    pub fn is_relative(&self) -> bool {
        self.ratio.is_some() || self.same_class
    }

    /// Whether it says anything of the values of two environments.
    #[must_use]
    pub fn speaks_of(&self, between: &(EnvironmentName, EnvironmentName)) -> bool {
        let bounded = |name: &EnvironmentName| self.bounds.contains_key(name);
        self.is_relative() || bounded(&between.0) && bounded(&between.1)
    }
}
