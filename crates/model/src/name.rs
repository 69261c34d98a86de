//! Names people choose, and what may be in them.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// Longest name in bytes: names become file names on targets.
pub const LONGEST: usize = 63;

/// The name of an environment, such as `staging`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EnvironmentName(Arc<str>);

impl EnvironmentName {
    /// Wraps a name that was already checked with [`is_word`].
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self(name.into())
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for EnvironmentName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl fmt::Debug for EnvironmentName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "`{}`", self.0)
    }
}

/// Words with hyphens, as resources, targets, suites and environments are named: `web-1`.
///
/// Lower-case letters, digits and hyphens; starts with a letter; at most 63 bytes.
#[must_use]
pub fn is_word(text: &str) -> bool {
    text.len() <= LONGEST
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && !text.ends_with('-')
        && text
            .chars()
            .all(|each| each.is_ascii_lowercase() || each.is_ascii_digit() || each == '-')
}

/// Identifiers, as parameters are named: `db_password`. Templates and environment variables use them.
#[must_use]
pub fn is_identifier(text: &str) -> bool {
    text.len() <= LONGEST
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && text
            .chars()
            .all(|each| each.is_ascii_lowercase() || each.is_ascii_digit() || each == '_')
}

/// Names of environment variables: letters, digits and underscores, and no digit first.
#[must_use]
pub fn is_variable(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with(|first: char| first.is_ascii_digit())
        && text
            .chars()
            .all(|each| each.is_ascii_alphanumeric() || each == '_')
}

#[cfg(test)]
mod tests {
    use super::{is_identifier, is_variable, is_word};

    #[test]
    fn variables_have_letters_digits_and_underscores() {
        assert!(is_variable("DB_PASSWORD") && is_variable("_x1"));
        assert!(!is_variable("A=B") && !is_variable("1A") && !is_variable(""));
    }

    #[test]
    fn words_have_hyphens_and_identifiers_have_underscores() {
        assert!(is_word("web-1"));
        assert!(!is_word("web_1"));
        assert!(!is_word("1web"));
        assert!(!is_word("web-"));
        assert!(is_identifier("db_password"));
        assert!(!is_identifier("db-password"));
        assert!(!is_identifier(&"a".repeat(64)));
    }
}
