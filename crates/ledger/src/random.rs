//! Randomness of the stores: names of new ledgers and keys.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use zeroize::Zeroizing;

use crate::LedgerError;
use evenkeel_model::{Digest, Secret};

/// The source of random bytes.
const SOURCE: &str = "/dev/urandom";

/// Returns random bytes.
///
/// # Errors
///
/// When the system returns none.
pub(crate) fn bytes<const LENGTH: usize>() -> io::Result<[u8; LENGTH]> {
    let mut bytes = [0; LENGTH];
    File::open(SOURCE)?.read_exact(&mut bytes)?;
    Ok(bytes)
}

/// Returns a random key of 64 hexadecimal digits.
///
/// # Errors
///
/// [`LedgerError::Storage`] when the system returns no random bytes.
pub fn key() -> Result<Secret, LedgerError> {
    let bytes = bytes::<32>()
        .map(Zeroizing::new)
        .map_err(|error| LedgerError::storage("read", Path::new(SOURCE), error))?;
    Ok(Secret::new(Digest::from_bytes(*bytes).hex()))
}

/// Returns a random name for a new ledger, in the form of a UUID of version 4.
///
/// # Errors
///
/// [`LedgerError::Storage`] when the system returns no random bytes.
pub fn lineage() -> Result<String, LedgerError> {
    let bytes =
        bytes::<16>().map_err(|error| LedgerError::storage("read", Path::new(SOURCE), error))?;
    let number = u128::from_be_bytes(bytes);
    let number = (number & !(0xf << 76) & !(0x3 << 62)) | (0x4 << 76) | (0x2 << 62);
    Ok(format!(
        "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        number >> 96,
        (number >> 80) & 0xffff,
        (number >> 64) & 0xffff,
        (number >> 48) & 0xffff,
        number & 0xffff_ffff_ffff
    ))
}

#[cfg(test)]
mod tests {
    use super::lineage;

    #[test]
    fn lineages_are_random_uuids() {
        let one = lineage().unwrap();
        assert_ne!(one, lineage().unwrap());
        assert_eq!(one.len(), 36);
        assert_eq!(one.as_bytes()[14], b'4');
        assert!(b"89ab".contains(&one.as_bytes()[19]), "{one}");
    }
}
