//! Keeps what actions are made with: contents and secrets by digest, artifacts by path.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use crate::kind::SealText;
use evenkeel_host::{Materials, Text};
use evenkeel_model::{Digest, Sealer, Value};

/// Materials of one resolved environment. Contents with secrets are here and nowhere else.
#[derive(Clone)]
pub struct KeptMaterials {
    contents: Arc<Mutex<HashMap<Digest, Arc<[u8]>>>>,
    artifacts: Arc<Mutex<HashMap<Digest, PathBuf>>>,
    sealer: Sealer,
}

impl std::fmt::Debug for KeptMaterials {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("KeptMaterials")
    }
}

impl KeptMaterials {
    /// Empty.
    #[must_use]
    pub fn new(sealer: Sealer) -> Self {
        Self {
            contents: Arc::default(),
            artifacts: Arc::default(),
            sealer,
        }
    }

    /// Keeps content; returns its digest, sealed if there is a secret in it.
    #[must_use]
    pub fn keep(&self, bytes: Arc<[u8]>, sealed: bool) -> Digest {
        let digest = if sealed {
            self.sealer.seal(&bytes)
        } else {
            Digest::of(&bytes)
        };
        self.contents
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(digest, bytes);
        digest
    }

    /// Keeps where an artifact is.
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
}
