//! Materials of actions: contents and secrets by digest, artifacts by path.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use crate::kind::SealText;
use evenkeel_host::{Materials, Text};
use evenkeel_model::{Digest, EnvironmentName, FastMap, Member, Sealer, Value};

/// Materials of one resolved environment. Contents with secrets exist only here.
#[derive(Clone)]
pub struct KeptMaterials {
    contents: Arc<Mutex<FastMap<Digest, Arc<[u8]>>>>,
    artifacts: Arc<Mutex<HashMap<Digest, PathBuf>>>,
    /// Plain digest of each sealed content, by its seal.
    sealed: Arc<Mutex<BTreeMap<Digest, Digest>>>,
    sealer: Sealer,
    environment: EnvironmentName,
}

impl std::fmt::Debug for KeptMaterials {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("KeptMaterials")
    }
}

impl KeptMaterials {
    /// Creates empty materials.
    #[must_use]
    pub fn new(sealer: Sealer, environment: EnvironmentName) -> Self {
        Self {
            contents: Arc::default(),
            artifacts: Arc::default(),
            sealed: Arc::default(),
            sealer,
            environment,
        }
    }

    /// Stores content and returns its digest, sealed if it contains a secret.
    #[must_use]
    pub fn keep(&self, bytes: Arc<[u8]>, sealed: bool) -> Digest {
        let plain = Digest::of(&bytes);
        let digest = if sealed {
            let seal = self.sealer.seal_digest(plain);
            self.sealed
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .insert(seal, plain);
            seal
        } else {
            plain
        };
        self.contents
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(digest, bytes);
        digest
    }

    /// Returns the sealer of one machine of this environment: each has its own, so that none can test guesses at another's
    /// secrets.
    #[must_use]
    pub fn sealer_of(&self, member: &Member) -> Sealer {
        let environment = self.environment.as_str();
        self.sealer.for_target(environment, &member.to_string())
    }

    /// Returns a machine's seal for every seal of the same content.
    #[must_use]
    pub fn seals_of(&self, member: &Member) -> BTreeMap<Digest, Digest> {
        let sealer = self.sealer_of(member);
        self.sealed
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .iter()
            .map(|(seal, plain)| (*seal, sealer.seal_digest(*plain)))
            .collect()
    }

    /// Returns a machine's seals for those that a text contains.
    #[must_use]
    pub fn seals_in(&self, member: &Member, text: &str) -> BTreeMap<Digest, Digest> {
        let sealed = self.sealed.lock().unwrap_or_else(PoisonError::into_inner);
        if sealed.is_empty() {
            return BTreeMap::new();
        }
        let sealer = self.sealer_of(member);
        Digest::all_in(text)
            .filter_map(|seal| Some((seal, sealer.seal_digest(*sealed.get(&seal)?))))
            .collect()
    }

    /// Replaces the paths of all artifacts: those of a rollback are elsewhere, or only on the target.
    pub fn place_artifacts(&self, paths: impl IntoIterator<Item = (Digest, PathBuf)>) {
        let mut artifacts = self
            .artifacts
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *artifacts = paths.into_iter().collect();
    }

    /// Stores the path of an artifact.
    pub fn keep_artifact(&self, digest: Digest, path: PathBuf) {
        self.artifacts
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(digest, path);
    }
}

impl Materials for KeptMaterials {
    fn content(&self, digest: &Digest) -> Option<Arc<[u8]>> {
        self.contents
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(digest)
            .cloned()
    }

    fn artifact(&self, digest: &Digest) -> Option<PathBuf> {
        self.artifacts
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(digest)
            .cloned()
    }
}

impl SealText for KeptMaterials {
    fn text(&self, value: &Value) -> Text {
        match value {
            Value::Secret(secret, _) => {
                Text::Sealed(self.keep(secret.reveal().as_bytes().into(), true))
            }
            Value::Text(text) => Text::Plain(text.to_string()),
            other => Text::Plain(other.to_string()),
        }
    }

    fn plain(&self, text: &str) -> Digest {
        self.keep(text.as_bytes().into(), false)
    }
}
