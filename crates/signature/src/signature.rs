//! SSH signatures of files (SSHSIG), as `ssh-keygen -Y sign` writes them.
//!
//! Only parses and verifies the signature itself. [`Approvers`](crate::Approvers) decides whose it is.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::digest::{SHA256, SHA512, digest};

use crate::key::{KeyProblem, PublicKey};
use crate::wire::{Malformed, Reader, append};

const BEGIN: &str = "-----BEGIN SSH SIGNATURE-----";
const END: &str = "-----END SSH SIGNATURE-----";
const MAGIC: &[u8] = b"SSHSIG";
const VERSION: u32 = 1;
/// Longest accepted armor; that of an RSA key of 8192 bits has some 3,100 bytes.
const LONGEST: usize = 16 * 1024;
/// Longest line of base64 within the armor.
const WIDEST: usize = 76;

/// Hash of the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hash {
    /// SHA-256.
    Sha256,
    /// SHA-512.
    Sha512,
}

impl Hash {
    fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "sha256",
            Self::Sha512 => "sha512",
        }
    }
}

/// Parsed signature. Nothing about it is verified yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    key: PublicKey,
    namespace: String,
    hash: Hash,
    /// In its wire encoding.
    body: Vec<u8>,
}

/// Reason why a signature does not count.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureProblem {
    /// Not an armored signature.
    #[error("expected the text of an SSH signature, from `{BEGIN}` to `{END}`")]
    Armor,
    /// The content of the armor is malformed.
    #[error("the SSH signature is malformed or cut off")]
    Malformed,
    /// Another version.
    #[error("the SSH signature has version {found}, expected {VERSION}")]
    Version {
        /// Its version.
        found: u32,
    },
    /// A hash that is not supported.
    #[error("the SSH signature uses another hash than sha256 and sha512")]
    Hash,
    /// Its key cannot be used.
    #[error("the key of the SSH signature: {0}")]
    Key(KeyProblem),
    /// For another purpose.
    #[error("the SSH signature is for the namespace `{found}`, expected `{expected}`")]
    Namespace {
        /// Its namespace.
        found: String,
        /// Expected namespace.
        expected: String,
    },
    /// It does not match.
    #[error("the SSH signature does not match the statement")]
    Mismatch,
}

impl From<Malformed> for SignatureProblem {
    fn from(Malformed: Malformed) -> Self {
        Self::Malformed
    }
}

impl Signature {
    /// Parses an armored signature. Line breaks are line feeds; nothing may stand around the armor.
    ///
    /// # Errors
    ///
    /// When it is malformed, of another version, or with a key or hash that is not supported.
    pub fn from_armor(text: &str) -> Result<Self, SignatureProblem> {
        if text.len() > LONGEST {
            return Err(SignatureProblem::Armor);
        }
        let body = text
            .strip_prefix(BEGIN)
            .and_then(|rest| rest.strip_prefix('\n'))
            .map(|rest| rest.strip_suffix('\n').unwrap_or(rest))
            .and_then(|rest| rest.strip_suffix(END))
            .and_then(|rest| rest.strip_suffix('\n'))
            .ok_or(SignatureProblem::Armor)?;
        if body
            .split('\n')
            .any(|line| line.is_empty() || line.len() > WIDEST)
        {
            return Err(SignatureProblem::Armor);
        }
        // Strict: padding is required, and the bits after the last byte are zero.
        let bytes = STANDARD
            .decode(body.replace('\n', ""))
            .map_err(|_| SignatureProblem::Armor)?;
        Self::from_blob(&bytes)
    }

    fn from_blob(bytes: &[u8]) -> Result<Self, SignatureProblem> {
        let mut reader = Reader::new(bytes.strip_prefix(MAGIC).ok_or(Malformed)?);
        let version = reader.number()?;
        if version != VERSION {
            return Err(SignatureProblem::Version { found: version });
        }
        let key = PublicKey::from_blob(reader.string()?).map_err(SignatureProblem::Key)?;
        let namespace = reader.text()?.to_owned();
        // Reserved for later versions of the format.
        if namespace.is_empty() || !reader.string()?.is_empty() {
            return Err(SignatureProblem::Malformed);
        }
        let hash = match reader.text()? {
            "sha256" => Hash::Sha256,
            "sha512" => Hash::Sha512,
            _ => return Err(SignatureProblem::Hash),
        };
        let body = reader.string()?.to_vec();
        reader.end()?;
        Ok(Self {
            key,
            namespace,
            hash,
            body,
        })
    }

    /// Returns the key that it names. It says nothing about a person until [`Signature::verify`] succeeds.
    #[must_use]
    pub fn key(&self) -> &PublicKey {
        &self.key
    }

    /// Verifies that its key signed exactly these bytes for this namespace.
    ///
    /// # Errors
    ///
    /// When it is for another namespace, or does not match.
    pub fn verify(&self, message: &[u8], namespace: &str) -> Result<(), SignatureProblem> {
        if self.namespace != namespace {
            let found: String = self.namespace.chars().take(80).collect();
            return Err(SignatureProblem::Namespace {
                found: evenkeel_model::text::inert(&found).into_owned(),
                expected: namespace.to_owned(),
            });
        }
        let signed = to_sign(message, namespace, self.hash);
        if self.key.has_signed(&signed, &self.body)? {
            Ok(())
        } else {
            Err(SignatureProblem::Mismatch)
        }
    }
}

/// Returns the bytes that a key signs for a message.
pub(crate) fn to_sign(message: &[u8], namespace: &str, hash: Hash) -> Vec<u8> {
    let hashed = match hash {
        Hash::Sha256 => digest(&SHA256, message),
        Hash::Sha512 => digest(&SHA512, message),
    };
    let mut bytes = MAGIC.to_vec();
    append(&mut bytes, namespace.as_bytes());
    append(&mut bytes, b"");
    append(&mut bytes, hash.name().as_bytes());
    append(&mut bytes, hashed.as_ref());
    bytes
}

/// Returns the armor of a signature by its parts, as `ssh-keygen` writes it.
#[cfg(any(test, feature = "testing"))]
pub(crate) fn armor(
    blob: &[u8],
    namespace: &str,
    reserved: &[u8],
    hash: &str,
    body: &[u8],
) -> String {
    let mut bytes = MAGIC.to_vec();
    bytes.extend(VERSION.to_be_bytes());
    append(&mut bytes, blob);
    append(&mut bytes, namespace.as_bytes());
    append(&mut bytes, reserved);
    append(&mut bytes, hash.as_bytes());
    append(&mut bytes, body);
    armor_of(&bytes)
}

#[cfg(any(test, feature = "testing"))]
pub(crate) fn armor_of(bytes: &[u8]) -> String {
    let encoded = STANDARD.encode(bytes);
    let mut text = format!("{BEGIN}\n");
    for (number, character) in encoded.chars().enumerate() {
        if number > 0 && number % 70 == 0 {
            text.push('\n');
        }
        text.push(character);
    }
    text.push_str(&format!("\n{END}\n"));
    text
}

#[cfg(test)]
mod tests;
