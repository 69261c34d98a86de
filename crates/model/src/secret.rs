//! Secrets: text that may be used and never shown.
//!
//! [`Secret`] has no `Display` and no `Serialize`; its `Debug` says nothing; its memory is wiped when it is dropped.
//! What may be shown of a secret is its seal: a digest keyed with a random key of the project, so that a reader who
//! guesses the secret cannot check the guess, and two secrets can still be compared.

use std::fmt;
use std::sync::Arc;

use zeroize::Zeroizing;

use super::Digest;

/// Keeps the keys of targets apart from all others; they stay the same as long as this does.
const TARGET_CONTEXT: &str = "evenkeel 2026-11-28 the key that seals a target's secrets";

/// Text that never reaches an output.
#[derive(Clone)]
pub struct Secret(Arc<Zeroizing<String>>);

impl Secret {
    /// Takes charge of a secret text.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(Arc::new(Zeroizing::new(text)))
    }

    /// The text itself: for the one place that must use it. Each caller is a place to audit.
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

/// Seals secrets and what contains them with a random key: the project's, or one that is derived from it.
#[derive(Clone)]
pub struct Sealer(Arc<Zeroizing<[u8; 32]>>);

impl Sealer {
    /// From the project's key.
    #[must_use]
    pub fn new(key: [u8; 32]) -> Self {
        Self(Arc::new(Zeroizing::new(key)))
    }

    /// The sealer of one target, with a key that is derived from this one. It cannot tell anything about another
    /// target's seals.
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

    /// The key itself: for the one channel that hands a target its own.
    #[must_use]
    pub fn reveal_key(&self) -> &[u8; 32] {
        &self.0
    }

    /// The keyed digest of these bytes.
    ///
    /// Bytes are hashed first and the digest is sealed: a target that can only give the digest of a file can still be
    /// compared, see [`Sealer::seal_digest`].
    #[must_use]
    pub fn seal(&self, bytes: &[u8]) -> Digest {
        self.seal_digest(Digest::of(bytes))
    }

    /// The keyed digest of something whose plain digest is known.
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
    fn a_secret_says_nothing() {
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
    fn each_target_has_a_key_of_its_own_that_stays_the_same() {
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
        // Process records on targets hold such seals: another derivation would restart every process.
        assert_eq!(seal("staging", "web").short(), "30570b90d862");
    }
}
