//! Declared differences: what may differ, within which bounds, why, and until when.

use std::collections::BTreeMap;

use crate::model::{EnvironmentName, Moment, Value};
use crate::source::Span;
use crate::text::matches;

/// One `[[difference]]`.
#[derive(Debug, Clone)]
pub struct Difference {
    /// What may differ: `parameter.workers`, `file.config.mode`, `file.config`.
    pub at: String,
    /// Where that is written.
    pub span: Span,
    /// The bounds, by environment.
    pub bounds: BTreeMap<EnvironmentName, Bound>,
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

/// What one environment's value may be.
#[derive(Debug, Clone)]
pub enum Bound {
    /// Exactly this.
    Exact(Value),
    /// One of these.
    OneOf(Vec<Value>),
    /// Between these, both included.
    Range(Option<f64>, Option<f64>),
    /// Nothing: it is not declared in this environment.
    Absent,
}

impl Bound {
    /// Whether a value, or that there is none, is within it.
    #[must_use]
    pub fn admits(&self, value: Option<&Value>) -> bool {
        let Some(value) = value else {
            return matches!(self, Self::Absent);
        };
        match self {
            Self::Absent => false,
            Self::Exact(exact) => same(exact, value),
            Self::OneOf(values) => values.iter().any(|each| same(each, value)),
            Self::Range(least, most) => value.as_number().is_some_and(|number| {
                least.is_none_or(|least| number >= least) && most.is_none_or(|most| number <= most)
            }),
        }
    }
}

impl std::fmt::Display for Bound {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Exact(value) => write!(formatter, "{value}"),
            Self::OneOf(values) => {
                let values: Vec<String> = values.iter().map(ToString::to_string).collect();
                write!(formatter, "one of {}", crate::text::list(&values, "or"))
            }
            Self::Range(Some(least), Some(most)) => write!(formatter, "from {least} to {most}"),
            Self::Range(Some(least), None) => write!(formatter, "at least {least}"),
            Self::Range(None, Some(most)) => write!(formatter, "at most {most}"),
            Self::Range(None, None) => formatter.write_str("anything"),
            Self::Absent => formatter.write_str("nothing"),
        }
    }
}

/// Whether two values are the same; `1` and `1.0` are the same number.
fn same(one: &Value, two: &Value) -> bool {
    match (one.as_number(), two.as_number()) {
        (Some(one), Some(two)) => one.to_bits() == two.to_bits(),
        _ => one == two,
    }
}

impl Difference {
    /// Whether it speaks of this place. `*` stands for any characters of one part.
    #[must_use]
    pub fn covers(&self, place: &str) -> bool {
        let mut pattern = self.at.split('.');
        let mut parts = place.splitn(3, '.');
        loop {
            match (pattern.next(), parts.next()) {
                (None, None) => return true,
                (Some(pattern), Some(part)) if matches(pattern, part) => {}
                // An attribute may have dots of its own: the rest of both is compared whole.
                _ => return self.at == place,
            }
        }
    }

    /// Whether it has a `*`.
    #[must_use]
    pub fn is_pattern(&self) -> bool {
        self.at.contains('*')
    }
}

#[cfg(test)]
mod tests {
    use super::Bound;
    use crate::model::Value;

    #[test]
    fn bounds_admit_what_they_say() {
        let one = Value::Integer(1);
        assert!(Bound::Exact(Value::Float(1.0)).admits(Some(&one)));
        assert!(!Bound::Exact(one.clone()).admits(None));
        assert!(Bound::Absent.admits(None));
        assert!(!Bound::Absent.admits(Some(&one)));
        assert!(Bound::Range(None, Some(1.0)).admits(Some(&one)));
        assert!(!Bound::Range(None, Some(1.0)).admits(Some(&Value::text("1"))));
    }
}
