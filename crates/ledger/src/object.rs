//! Objects: bytes too large for an entry, stored by digest beside the ledger.
//!
//! An object never changes, and every read verifies its digest. Callers interpret the bytes.

use super::LedgerError;
use evenkeel_model::Digest;

/// A store of bytes by digest.
pub trait Objects: Send + Sync {
    /// Stores these bytes durably; idempotent.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Storage`]; the bytes are not stored then.
    fn put(&self, bytes: &[u8]) -> Result<Digest, LedgerError>;

    /// Returns the bytes with this digest, if stored.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Damaged`] when the stored bytes have another digest.
    fn get(&self, digest: &Digest) -> Result<Option<Vec<u8>>, LedgerError>;

    /// Returns the digests of all stored objects, sorted.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Storage`].
    fn list(&self) -> Result<Vec<Digest>, LedgerError>;
}
