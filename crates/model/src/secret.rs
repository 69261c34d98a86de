//! Secrets: text that may be used and never shown.
//!
//! [`Secret`] has no `Display` and no `Serialize`; its `Debug` is opaque; its memory is wiped on drop. The only
//! printable form of a secret is its seal: a digest keyed with a random key of the project. A reader cannot check a
//! guess against it, and two secrets can still be compared.

use std::fmt;
use std::sync::Arc;

use zeroize::Zeroizing;

use super::Digest;

/// The context that derives the keys of targets; changing it changes every target's key.
const TARGET_CONTEXT: &str = "evenkeel 2026-11-28 the key that seals a target's secrets";

/// The context that derives the fingerprints of keys; changing it makes every shared ledger refuse its key.
const FINGERPRINT_CONTEXT: &str =
    "evenkeel 2026-11-29 the fingerprint of the key of a shared ledger";

/// Text that never reaches an output.
#[derive(Clone)]
pub struct Secret(Arc<Zeroizing<String>>);

impl Secret {
    /// Wraps a secret text.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(Arc::new(Zeroizing::new(text)))
    }

    /// Returns the text itself, for the one place that must use it. Audit every caller.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("(secret)")
    }
}

/// A sealer of secrets with a random key: the project's, or one derived from it.
#[derive(Clone)]
pub struct Sealer(Arc<Zeroizing<[u8; 32]>>);

impl Sealer {
    /// Creates a sealer from the project's key.
    #[must_use]
    pub fn new(key: [u8; 32]) -> Self {
        Self(Arc::new(Zeroizing::new(key)))
    }

    /// Returns the sealer of one target, with a derived key. It reveals nothing about another target's seals.
    #[must_use]
    pub fn for_target(&self, environment: &str, target: &str) -> Self {
        let mut hasher = blake3::Hasher::new_derive_key(TARGET_CONTEXT);
        hasher.update(self.reveal_key());
        for name in [environment, target] {
            hasher.update(&(name.len() as u64).to_le_bytes());
            hasher.update(name.as_bytes());
        }
        Self::new(*hasher.finalize().as_bytes())
    }

    /// Returns the key itself, for the channel that passes a target its key.
    #[must_use]
    pub fn reveal_key(&self) -> &[u8; 32] {
        &self.0
    }

    /// Returns the fingerprint of the key: equal for equal keys, and no help in finding a random key.
    #[must_use]
    pub fn fingerprint(&self) -> Digest {
        let mut hasher = blake3::Hasher::new_derive_key(FINGERPRINT_CONTEXT);
        hasher.update(self.reveal_key());
        Digest::from_bytes(*hasher.finalize().as_bytes())
    }

    /// Returns the keyed digest of these bytes.
    ///
    /// Bytes are hashed first and the digest is sealed: a target that reports only the digest of a file can still be
    /// compared, see [`Sealer::seal_digest`].
    #[must_use]
    pub fn seal(&self, bytes: &[u8]) -> Digest {
        self.seal_digest(Digest::of(bytes))
    }

    /// Returns the keyed digest of content whose plain digest is known.
    #[must_use]
    pub fn seal_digest(&self, plain: Digest) -> Digest {
        Digest::from_bytes(*blake3::keyed_hash(&self.0, plain.as_bytes()).as_bytes())
    }
}

impl fmt::Debug for Sealer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Sealer(secret)")
    }
}

#[cfg(test)]
mod tests {
    use super::{Sealer, Secret};
    use crate::Digest;

    #[test]
    fn the_debug_form_of_a_secret_is_opaque() {
        assert_eq!(format!("{:?}", Secret::new("hunter2".into())), "(secret)");
    }

    #[test]
    fn seals_depend_on_the_key() {
        let one = Sealer::new([1; 32]).seal(b"hunter2");
        let two = Sealer::new([2; 32]).seal(b"hunter2");
        assert_ne!(one, two);
        assert_ne!(one, Digest::of(b"hunter2"));
    }

    #[test]
    fn a_fingerprint_tells_keys_apart_and_is_stable() {
        let one = Sealer::new([1; 32]).fingerprint();
        assert_ne!(one, Sealer::new([2; 32]).fingerprint());
        // Shared ledgers store it.
        assert_eq!(one.short(), "51699648b248");
    }

    #[test]
    fn each_target_has_its_own_stable_key() {
        let project = Sealer::new([7; 32]);
        let seal = |environment: &str, target: &str| {
            project.for_target(environment, target).seal(b"hunter2")
        };
        let all = [
            project.seal(b"hunter2"),
            seal("staging", "web"),
            seal("staging", "db"),
            seal("production", "web"),
            seal("stagingw", "eb"),
        ];
        let different: std::collections::BTreeSet<Digest> = all.into();
        assert_eq!(different.len(), all.len());
        // Process records on targets contain such seals: another derivation would restart every process.
        assert_eq!(seal("staging", "web").short(), "30570b90d862");
    }
}
