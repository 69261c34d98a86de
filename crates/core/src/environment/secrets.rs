//! Port for secrets; adapters read their sources.

use super::definition::ValueSource;
use evenkeel_model::Secret;

/// Reader of secrets.
pub trait Secrets: Sync {
    /// Returns the secret of a source.
    ///
    /// # Errors
    ///
    /// The reason why it is unavailable, for display, without any part of the secret.
    fn get(&self, source: &ValueSource) -> Result<Secret, String>;
}

/// Placeholder where only definitions are checked: no secret is read.
#[derive(Debug)]
pub struct NoSecrets;

impl Secrets for NoSecrets {
    fn get(&self, source: &ValueSource) -> Result<Secret, String> {
        Ok(Secret::new(format!("{source:?}")))
    }
}
