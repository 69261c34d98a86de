//! Codes: the identifiers of all messages about defects.

use serde::{Deserialize, Serialize};

/// The severity of a defect.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Information; does not close the gate.
    Advice,
    /// A problem to fix; does not close the gate.
    Warning,
    /// Drift, or an unusable definition.
    Error,
    /// The environments differ in a way that invalidates tests: a switch that is off, a missing part, a mention of the
    /// other environment.
    Critical,
}

impl Severity {
    /// All severities as written in definitions and documents, most severe first.
    pub const NAMES: &'static [&'static str] = &["critical", "error", "warning", "advice"];

    /// Returns the name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Advice => "advice",
        }
    }

    /// Returns the severity with a name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        [Self::Critical, Self::Error, Self::Warning, Self::Advice]
            .into_iter()
            .find(|severity| severity.name() == name)
    }
}

/// The code of one message.
#[derive(Debug, PartialEq, Eq)]
pub struct Code {
    /// `layer/what-is-wrong`, such as `file/mode-differs`. Never reused, never renamed.
    pub name: &'static str,
    /// A title of one line.
    pub title: &'static str,
    /// The meaning and the remedy, printed by `evenkeel explain CODE`.
    pub help: &'static str,
    /// The default severity.
    pub severity: Severity,
}

impl Code {
    /// Creates a code with severity `error`.
    #[must_use]
    pub const fn error(name: &'static str, title: &'static str, help: &'static str) -> Self {
        Self {
            name,
            title,
            help,
            severity: Severity::Error,
        }
    }

    /// Creates a code with severity `warning`.
    #[must_use]
    pub const fn warning(name: &'static str, title: &'static str, help: &'static str) -> Self {
        Self {
            name,
            title,
            help,
            severity: Severity::Warning,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Severity;

    #[test]
    fn severities_have_names_and_are_sorted_most_severe_first() {
        let known: Vec<Severity> = Severity::NAMES
            .iter()
            .map(|name| Severity::named(name).unwrap())
            .collect();
        assert!(known.is_sorted_by(|one, two| one > two));
        assert_eq!(known.len(), 4);
        assert_eq!(Severity::named("fatal"), None);
    }
}
