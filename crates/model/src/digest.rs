//! Digests: BLAKE3, 256 bits, written `blake3:<64 hex digits>`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::canonical;

/// The prefix of a written digest.
const PREFIX: &str = "blake3:";

/// A BLAKE3 digest. Written as `blake3:` and 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    /// Returns the digest of these bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(*blake3::hash(bytes).as_bytes())
    }

    /// Returns the digest of a record's canonical bytes within a domain.
    ///
    /// The domain (such as `evenkeel plan 1`) separates the digests of different kinds of records.
    #[must_use]
    pub fn of_record<T: Serialize>(domain: &str, record: &T) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(domain.as_bytes());
        hasher.update(b"\0");
        let mut bytes = Vec::with_capacity(256);
        match canonical::append(&mut bytes, record) {
            Ok(()) => hasher.update(&bytes),
            // Serialization fails only for maps with keys that are not strings; no record has one.
            Err(error) => hasher.update(error.to_string().as_bytes()),
        };
        Self(*hasher.finalize().as_bytes())
    }

    /// Creates a digest from its 32 raw bytes.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Returns the 32 raw bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Returns all digests in a text, in order.
    pub fn all_in(text: &str) -> impl Iterator<Item = Self> {
        text.match_indices(PREFIX).filter_map(|(start, _)| {
            text.get(start..start + PREFIX.len() + 64)?
                .parse::<Self>()
                .ok()
        })
    }

    /// Returns only the 64 hexadecimal digits, for file names.
    #[must_use]
    pub fn hex(&self) -> String {
        self.with_text(|text| text.get(PREFIX.len()..).unwrap_or_default().to_owned())
    }

    /// Returns the first twelve digits, for people.
    #[must_use]
    pub fn short(&self) -> String {
        self.hex().chars().take(12).collect()
    }

    /// Passes the written digest to a function without an allocation: records contain many digests.
    fn with_text<T>(&self, take: impl FnOnce(&str) -> T) -> T {
        let mut text = [0; PREFIX.len() + 64];
        let (prefix, digits) = text.split_at_mut(PREFIX.len());
        prefix.copy_from_slice(PREFIX.as_bytes());
        let (pairs, _) = digits.as_chunks_mut::<2>();
        for (pair, byte) in pairs.iter_mut().zip(self.0) {
            *pair = [digit_of(byte >> 4), digit_of(byte & 0x0f)];
        }
        take(std::str::from_utf8(&text).unwrap_or_default())
    }

    /// Returns whether `prefix` (with or without `blake3:`), of at least four digits, matches this digest.
    #[must_use]
    pub fn begins_with(&self, prefix: &str) -> bool {
        let prefix = prefix.strip_prefix(PREFIX).unwrap_or(prefix);
        prefix.len() >= 4 && self.hex().starts_with(prefix)
    }
}

/// The digest of bytes that are not in memory as a whole: equal to [`Digest::of`] all pieces in sequence.
#[derive(Clone, Debug, Default)]
pub struct DigestOfPieces(blake3::Hasher);

impl DigestOfPieces {
    /// Adds the next bytes.
    pub fn add(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// Returns the digest of the bytes so far.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest(*self.0.finalize().as_bytes())
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.with_text(|text| formatter.write_str(text))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{PREFIX}{}", self.short())
    }
}

/// The text is not a digest.
#[derive(Debug, thiserror::Error)]
#[error("expected `blake3:` and 64 hexadecimal digits")]
pub struct NotADigest;

impl FromStr for Digest {
    type Err = NotADigest;

    fn from_str(text: &str) -> Result<Self, NotADigest> {
        let hex = text.strip_prefix(PREFIX).unwrap_or(text);
        let (pairs, []) = hex.as_bytes().as_chunks::<2>() else {
            return Err(NotADigest);
        };
        if pairs.len() != 32 {
            return Err(NotADigest);
        }
        let mut bytes = [0; 32];
        let mut is_hex = true;
        for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
            let (high, low) = (value_of(*high), value_of(*low));
            is_hex &= high < 16 && low < 16;
            *byte = high << 4 | low & 0x0f;
        }
        is_hex.then_some(Self(bytes)).ok_or(NotADigest)
    }
}

/// The lower-case hexadecimal digit of a value below 16.
fn digit_of(value: u8) -> u8 {
    value + if value < 10 { b'0' } else { b'a' - 10 }
}

/// The value of a lower-case hexadecimal digit; 16 or more for anything else.
fn value_of(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        b'a'..=b'f' => digit - b'a' + 10,
        _ => u8::MAX,
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.with_text(|text| serializer.serialize_str(text))
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::{Digest, DigestOfPieces};

    #[test]
    fn pieces_have_the_digest_of_the_whole() {
        let bytes = [7; 5_000];
        for size in [1, 64, 1_024, 5_000] {
            let mut pieces = DigestOfPieces::default();
            for piece in bytes.chunks(size) {
                pieces.add(piece);
            }
            assert_eq!(pieces.digest(), Digest::of(&bytes), "{size}");
        }
        assert_eq!(DigestOfPieces::default().digest(), Digest::of(b""));
    }

    #[test]
    fn a_written_digest_is_read_back() {
        let digest = Digest::of(b"abc");
        assert_eq!(digest.to_string().parse::<Digest>().ok(), Some(digest));
        assert!("blake3:12".parse::<Digest>().is_err());
        let hex = blake3::hash(b"abc").to_hex();
        assert_eq!(digest.hex(), hex.as_str());
        for end in ["", "g", "A", "/", ":", "`", "é", "00"] {
            let text = format!("{}{end}", &hex[..63]);
            assert!(text.parse::<Digest>().is_err(), "{text}");
        }
        let text = format!("a {digest}, blake3:12 and {digest}{digest} blake3:ä");
        assert_eq!(Digest::all_in(&text).collect::<Vec<_>>(), [digest; 3]);
    }

    #[test]
    fn domains_separate_records() {
        assert_ne!(Digest::of_record("a", &1), Digest::of_record("b", &1));
    }
}
