//! Objects in memory, verified on every read.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::{LedgerError, Objects};
use evenkeel_model::Digest;

/// Objects in memory.
#[derive(Clone, Debug, Default)]
pub struct MemoryObjects {
    kept: Arc<Mutex<BTreeMap<Digest, Vec<u8>>>>,
}

impl MemoryObjects {
    /// Changes the bytes of an object, as a failing disk would. Returns whether it exists.
    pub fn damage(&self, digest: &Digest) -> bool {
        let mut kept = self.kept();
        let Some(bytes) = kept.get_mut(digest) else {
            return false;
        };
        bytes.push(0);
        true
    }

    fn kept(&self) -> MutexGuard<'_, BTreeMap<Digest, Vec<u8>>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Objects for MemoryObjects {
    fn put(&self, bytes: &[u8]) -> Result<Digest, LedgerError> {
        let digest = Digest::of(bytes);
        // Storing the bytes again replaces a damaged object.
        self.kept().insert(digest, bytes.to_vec());
        Ok(digest)
    }

    fn get(&self, digest: &Digest) -> Result<Option<Vec<u8>>, LedgerError> {
        match self.kept().get(digest) {
            Some(bytes) if Digest::of(bytes) == *digest => Ok(Some(bytes.clone())),
            Some(_) => Err(LedgerError::Damaged {
                path: format!("object {digest}"),
                reason: "its content does not match the digest in its name".to_owned(),
            }),
            None => Ok(None),
        }
    }

    fn list(&self) -> Result<Vec<Digest>, LedgerError> {
        Ok(self.kept().keys().copied().collect())
    }
}
