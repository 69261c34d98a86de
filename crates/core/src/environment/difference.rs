//! Declared differences: place, bounds, reason, and expiry.

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
    /// Place as written: `parameter.workers`, `file.config.mode`, `document.values.servers.web.image`.
    pub at: String,
    /// Parsed place.
    pub place: DifferencePlace,
    /// Position of the place.
    pub span: Span,
    /// The bounds, by environment.
    pub bounds: BTreeMap<EnvironmentName, Bound>,
    /// Ratio of the later environment's number to the earlier one's.
    pub ratio: Option<Ratio>,
    /// Whether both must be none, both one, or both many.
    pub same_class: bool,
    /// Reason.
    pub reason: String,
    /// Owner.
    pub owner: String,
    /// Expiry.
    pub expires: Moment,
    /// Position of the expiry.
    pub expires_span: Span,
    /// Ticket.
    pub ticket: Option<String>,
}

/// Place that a difference covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DifferencePlace {
    /// A parameter, a resource, a suite or an attribute of one: `parameter.workers`, `file.config.mode`.
    Named(String),
    /// Places in a document; the document's presence without a pattern.
    Document(Arc<str>, Option<Pattern>),
}

impl Difference {
    /// Whether it covers a named place. `*` stands for any characters of one part.
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
                // An attribute may contain dots: the rest is compared whole.
                _ => return at == place,
            }
        }
    }

    /// Whether it may cover more than one place.
    #[must_use]
    pub fn is_pattern(&self) -> bool {
        match &self.place {
            DifferencePlace::Named(at) => at.contains('*'),
            DifferencePlace::Document(_, pattern) => pattern.as_ref().is_some_and(Pattern::is_wild),
        }
    }

    /// Whether it compares the two sides with each other, so that neither needs a bound.
    #[must_use]
    pub fn is_relative(&self) -> bool {
        self.ratio.is_some() || self.same_class
    }

    /// Whether it has bounds for two environments.
    #[must_use]
    pub fn speaks_of(&self, between: &(EnvironmentName, EnvironmentName)) -> bool {
        let bounded = |name: &EnvironmentName| self.bounds.contains_key(name);
        self.is_relative() || bounded(&between.0) && bounded(&between.1)
    }
}
