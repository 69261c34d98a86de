//! The port through which secrets are asked for. Where they come from is for its adapters.

use super::definition::ValueSource;
use evenkeel_model::Secret;

/// Gets secrets.
pub trait Secrets: Sync {
    /// The secret from a source.
    ///
    /// # Errors
    ///
    /// Why it cannot be had, for people, without anything of the secret.
    fn get(&self, source: &ValueSource) -> Result<Secret, String>;
}

/// Stands in for secrets where only the definitions are checked: nothing is asked for.
#[derive(Debug)]
pub struct NoSecrets;

impl Secrets for NoSecrets {
    fn get(&self, source: &ValueSource) -> Result<Secret, String> {
        Ok(Secret::new(format!("{source:?}")))
    }
}
