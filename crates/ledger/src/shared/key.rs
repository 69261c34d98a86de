//! The key that seals secrets for a ledger that a team shares: it comes from a source outside of the ledger.
//!
//! The ledger stores the key's fingerprint only, so that a run with another key is refused before it compares seals.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use crate::LedgerError;
use evenkeel_model::{Digest, Sealer, Secret};

/// Supplies the text of the key; `None` when the source has none.
pub type KeySource = dyn Fn() -> Result<Option<Secret>, String> + Send + Sync;

/// The remedy of a missing key.
const REMEDY: &str = "everyone who changes or observes the system needs the team's key; \
                      `evenkeel ledger key` makes one for a new ledger";

/// The key of a shared ledger. Clones share one.
#[derive(Clone)]
pub struct SharedKey {
    source: Arc<KeySource>,
    /// The source as people know it, such as `the environment variable EVENKEEL_LEDGER_KEY`.
    name: Arc<str>,
    read: Arc<OnceLock<Option<Sealer>>>,
}

impl SharedKey {
    /// Returns the key from `source`, which is read when the key is first needed.
    #[must_use]
    pub fn new(name: &str, source: Arc<KeySource>) -> Self {
        Self {
            source,
            name: name.into(),
            read: Arc::default(),
        }
    }

    /// Returns the sealer with the key. `kept` reads the fingerprint that the ledger stores; `None` when it has none yet.
    ///
    /// # Errors
    ///
    /// [`LedgerError::KeyUnavailable`] without a key, [`LedgerError::Unusable`] when it is malformed or another one, and
    /// any error of `kept`.
    pub fn need(
        &self,
        kept: impl FnOnce() -> Result<Option<Digest>, LedgerError>,
    ) -> Result<Sealer, LedgerError> {
        let sealer = self.sealer()?.ok_or_else(|| self.unavailable())?;
        self.check(&sealer, kept()?)?;
        Ok(sealer)
    }

    /// Returns the sealer with the key; `None` without a key where the ledger has none either.
    ///
    /// # Errors
    ///
    /// Like [`SharedKey::need`].
    pub fn find(
        &self,
        kept: impl FnOnce() -> Result<Option<Digest>, LedgerError>,
    ) -> Result<Option<Sealer>, LedgerError> {
        let kept = kept()?;
        match (self.sealer()?, kept) {
            (Some(sealer), kept) => {
                self.check(&sealer, kept)?;
                Ok(Some(sealer))
            }
            (None, None) => Ok(None),
            (None, Some(_)) => Err(self.unavailable()),
        }
    }

    /// Makes sure that this is the key of a ledger that is about to be copied.
    ///
    /// # Errors
    ///
    /// [`LedgerError::KeyUnavailable`] without a key, [`LedgerError::Unusable`] for another one.
    pub(crate) fn must_be(&self, wanted: Option<&Sealer>) -> Result<(), LedgerError> {
        let Some(wanted) = wanted else {
            return Ok(());
        };
        let sealer = self.sealer()?.ok_or_else(|| self.unavailable())?;
        self.check(&sealer, Some(wanted.fingerprint()))
    }

    fn sealer(&self) -> Result<Option<Sealer>, LedgerError> {
        if let Some(read) = self.read.get() {
            return Ok(read.clone());
        }
        let secret = (self.source)().map_err(|reason| LedgerError::KeyUnavailable {
            reason,
            remedy: REMEDY.to_owned(),
        })?;
        let sealer = match secret {
            None => None,
            Some(secret) => {
                let Ok(key) = secret.reveal().trim().parse::<Digest>() else {
                    return Err(LedgerError::unusable(
                        Path::new(&*self.name),
                        "expected a key of 64 hexadecimal digits",
                        "set the team's key; `evenkeel ledger key` makes one for a new ledger",
                    ));
                };
                Some(Sealer::new(*key.as_bytes()))
            }
        };
        Ok(self.read.get_or_init(|| sealer).clone())
    }

    fn check(&self, sealer: &Sealer, kept: Option<Digest>) -> Result<(), LedgerError> {
        if kept.is_none_or(|kept| kept == sealer.fingerprint()) {
            return Ok(());
        }
        Err(LedgerError::unusable(
            Path::new(&*self.name),
            "its key is not the one of this ledger, so that every secret would seem changed",
            "set the key that the ledger was founded with",
        ))
    }

    fn unavailable(&self) -> LedgerError {
        LedgerError::KeyUnavailable {
            reason: format!("{} is not set", self.name),
            remedy: REMEDY.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::SharedKey;
    use crate::LedgerError;
    use evenkeel_model::{Sealer, Secret};
    use std::sync::Arc;

    fn key(text: Option<&str>) -> SharedKey {
        let text = text.map(str::to_owned);
        SharedKey::new(
            "the variable KEY",
            Arc::new(move || Ok(text.clone().map(Secret::new))),
        )
    }

    #[test]
    fn another_key_than_the_ledgers_is_refused() {
        let text = "11".repeat(32);
        let own = Sealer::new([0x11; 32]).fingerprint();
        let other = Sealer::new([2; 32]).fingerprint();
        let key = key(Some(&text));
        assert_eq!(key.need(|| Ok(None)).unwrap().fingerprint(), own);
        assert!(key.need(|| Ok(Some(own))).is_ok());
        assert!(key.find(|| Ok(Some(own))).unwrap().is_some());
        for refused in [
            key.need(|| Ok(Some(other))).err(),
            key.find(|| Ok(Some(other))).err(),
        ] {
            assert!(matches!(refused, Some(LedgerError::Unusable { .. })));
        }
    }

    #[test]
    fn a_missing_or_malformed_key_is_no_key() {
        let own = Sealer::new([1; 32]).fingerprint();
        let missing = key(None);
        assert!(missing.find(|| Ok(None)).unwrap().is_none());
        let refused = [
            missing.find(|| Ok(Some(own))).err(),
            missing.need(|| Ok(None)).err(),
        ];
        for refused in refused {
            assert!(matches!(refused, Some(LedgerError::KeyUnavailable { .. })));
        }
        for malformed in ["", "password", "11"] {
            let refused = key(Some(malformed)).need(|| Ok(None)).err().unwrap();
            assert!(matches!(refused, LedgerError::Unusable { .. }), "{refused}");
        }
    }
}
