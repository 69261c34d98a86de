//! Codes: each thing that can be said has one, which names the fault.

use serde::{Deserialize, Serialize};

/// How grave a defect is.
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
    /// Worth knowing; shuts nothing.
    Advice,
    /// To be mended; shuts nothing.
    Warning,
    /// Drift, or a definition that cannot be used.
    Error,
    /// What was tested in one environment is not what the other runs: something off, something missing, a mention of
    /// the other environment.
    Critical,
}

impl Severity {
    /// As definitions and documents write them, the gravest first.
    pub const NAMES: &'static [&'static str] = &["critical", "error", "warning", "advice"];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Advice => "advice",
        }
    }

    /// The one with a name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        [Self::Critical, Self::Error, Self::Warning, Self::Advice]
            .into_iter()
            .find(|severity| severity.name() == name)
    }
}

/// One thing that can be said.
#[derive(Debug, PartialEq, Eq)]
pub struct Code {
    /// `layer/what-is-wrong`, such as `file/mode-differs`. Never reused, never renamed.
    pub name: &'static str,
    /// One line that names the fault.
    pub title: &'static str,
    /// What it means and what to do: `evenkeel explain CODE` prints it.
    pub help: &'static str,
    /// How grave it is unless somebody says otherwise.
    pub severity: Severity,
}

impl Code {
    /// A code whose defect is an error.
    #[must_use]
    pub const fn error(name: &'static str, title: &'static str, help: &'static str) -> Self {
        Self {
            name,
            title,
            help,
            severity: Severity::Error,
        }
    }

    /// A code whose defect is a warning.
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
    fn severities_are_known_by_their_names_the_gravest_first() {
        let known: Vec<Severity> = Severity::NAMES
            .iter()
            .map(|name| Severity::named(name).unwrap())
            .collect();
        assert!(known.is_sorted_by(|one, two| one > two));
        assert_eq!(known.len(), 4);
        assert_eq!(Severity::named("fatal"), None);
    }
}
