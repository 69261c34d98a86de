//! Objects: bytes too big for an entry, kept under their digest beside the ledger.
//!
//! An object is never changed, and what is read is proven to be what was put. What the bytes are is for others.

use super::LedgerError;
use evenkeel_model::Digest;

/// Keeps bytes by digest.
pub trait Objects: Send + Sync {
    /// Keeps these bytes durably; keeping them again changes nothing.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Storage`]; they are not kept then.
    fn put(&self, bytes: &[u8]) -> Result<Digest, LedgerError>;

    /// The bytes with this digest, if they are kept.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Damaged`] when what is kept has another digest.
    fn get(&self, digest: &Digest) -> Result<Option<Vec<u8>>, LedgerError>;

    /// The digests of everything that is kept, in order.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Storage`].
    fn list(&self) -> Result<Vec<Digest>, LedgerError>;
}
