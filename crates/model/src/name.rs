//! Names in definitions and their permitted characters.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// The longest name in bytes: names become file names on targets.
pub const LONGEST: usize = 63;

/// The name of an environment, such as `staging`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EnvironmentName(Arc<str>);

impl EnvironmentName {
    /// Wraps a name that was checked with [`is_word`].
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self(name.into())
    }

    /// Returns the name as text.
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

/// Returns whether a text is a word with hyphens, such as `web-1`: the form of names of resources, targets, suites and
/// environments.
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

/// Returns whether a text is an identifier, such as `db_password`: the form of parameter names, used in templates and
/// environment variables.
#[must_use]
pub fn is_identifier(text: &str) -> bool {
    text.len() <= LONGEST
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && text
            .chars()
            .all(|each| each.is_ascii_lowercase() || each.is_ascii_digit() || each == '_')
}

/// Returns whether a text is a name of an environment variable: letters, digits and underscores, not starting with a
/// digit.
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
