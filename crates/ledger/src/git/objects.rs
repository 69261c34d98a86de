//! Objects in files, each named by its digest, pushed with the next append: with an entry, every object that it
//! names is readable.

use std::sync::Arc;

use super::branch::Branch;
use super::layout;
use crate::{LedgerError, Objects};
use evenkeel_model::Digest;

/// The largest object: it stays in the repository's history for good.
const LARGEST: usize = 64 * 1024 * 1024;

/// Objects in the folder `objects`.
pub(super) struct GitObjects {
    branch: Arc<Branch>,
}

impl GitObjects {
    pub(super) fn new(branch: Arc<Branch>) -> Self {
        Self { branch }
    }
}

impl Objects for GitObjects {
    fn put(&self, bytes: &[u8]) -> Result<Digest, LedgerError> {
        if bytes.len() > LARGEST {
            return Err(self.branch.repository.failed(
                "write an object to",
                "it exceeds the size limit of objects, 64 MiB",
            ));
        }
        let digest = Digest::of(bytes);
        match self.get(&digest) {
            Ok(Some(_)) => Ok(digest),
            Ok(None) | Err(LedgerError::Damaged { .. }) => {
                self.branch.state().objects.insert(digest, bytes.to_vec());
                Ok(digest)
            }
            Err(error) => Err(error),
        }
    }

    fn get(&self, digest: &Digest) -> Result<Option<Vec<u8>>, LedgerError> {
        if let Some(bytes) = self.branch.state().objects.get(digest) {
            return Ok(Some(bytes.clone()));
        }
        let tip = match self.branch.tip() {
            Some(tip) => Some(tip),
            None => self.branch.refresh()?,
        };
        let Some(tip) = tip else {
            return Ok(None);
        };
        match self.branch.repository.file(&tip, &layout::object(digest))? {
            Some(bytes) if Digest::of(&bytes) != *digest => Err(LedgerError::Damaged {
                path: format!("{} in {}", layout::object(digest), self.branch.place()),
                reason: "its content does not match the digest in its name".to_owned(),
            }),
            found => Ok(found),
        }
    }

    fn list(&self) -> Result<Vec<Digest>, LedgerError> {
        let mut digests: Vec<Digest> = self.branch.state().objects.keys().copied().collect();
        if let Some(tip) = self.branch.refresh()? {
            let files = self.branch.repository.list(&tip, layout::OBJECTS)?;
            digests.extend(
                files
                    .iter()
                    .filter_map(|file| layout::digest_of(&file.path)),
            );
        }
        digests.sort_unstable();
        digests.dedup();
        Ok(digests)
    }
}
