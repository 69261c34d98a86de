//! Secrets of a run, for redacting its final messages.

use std::sync::{Arc, Mutex};

use super::Redactor;
use evenkeel_model::Secret;

/// Collector of the secrets resolved in a run. Clones share one collection.
#[derive(Clone, Default)]
pub struct RunSecrets(Arc<Mutex<Vec<Secret>>>);

impl RunSecrets {
    /// Adds a secret.
    pub(crate) fn learn(&self, secret: &Secret) {
        if let Ok(mut known) = self.0.lock() {
            known.push(secret.clone());
        }
    }

    /// Returns a redactor of all of them.
    #[must_use]
    pub fn redactor(&self) -> Redactor {
        let known = self.0.lock().map(|known| known.clone());
        let known = known.unwrap_or_default();
        Redactor::new(known.iter().map(Secret::reveal))
    }
}

impl std::fmt::Debug for RunSecrets {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("RunSecrets")
    }
}
