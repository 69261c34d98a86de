//! Public keys of SSH: their types, their fingerprints, and the verification of one signature.
//!
//! A key that this file parses can verify. Keys of other types, and RSA keys that are too short, are refused.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use ring::digest::{SHA256, digest};
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ED25519, EcdsaVerificationAlgorithm,
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA512, RsaPublicKeyComponents,
    UnparsedPublicKey,
};

use crate::wire::{Malformed, Reader};

/// Types of keys that evenkeel can verify, as written in files.
const TYPES: &str = "ssh-ed25519, ecdsa-sha2-nistp256, ecdsa-sha2-nistp384, ssh-rsa, \
                     sk-ssh-ed25519@openssh.com or sk-ecdsa-sha2-nistp256@openssh.com";
/// Largest accepted key in its wire encoding; an RSA key of 8192 bits has 1,047 bytes.
const LONGEST: usize = 2 * 1024;
/// First bytes of the body of a private key in OpenSSH's own format.
const PRIVATE: &[u8] = b"openssh-key-v1\0";

/// Public key. Equal keys have equal bytes on the wire.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PublicKey {
    blob: Vec<u8>,
    material: Material,
}

/// The part of a key that verifies.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Material {
    Ed25519 {
        key: Vec<u8>,
        /// Application of a security key.
        application: Option<String>,
    },
    Ecdsa {
        curve: Curve,
        point: Vec<u8>,
        application: Option<String>,
    },
    Rsa {
        exponent: Vec<u8>,
        modulus: Vec<u8>,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Curve {
    P256,
    P384,
}

impl Curve {
    /// Returns the number of bytes of a coordinate.
    const fn width(self) -> usize {
        match self {
            Self::P256 => 32,
            Self::P384 => 48,
        }
    }

    fn algorithm(self) -> &'static EcdsaVerificationAlgorithm {
        match self {
            Self::P256 => &ECDSA_P256_SHA256_FIXED,
            Self::P384 => &ECDSA_P384_SHA384_FIXED,
        }
    }
}

/// Reason why a key cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyProblem {
    /// Not a key.
    #[error("expected the base64 of a public key")]
    Malformed,
    /// Type and content disagree.
    #[error("the key is of type {found}")]
    OtherType {
        /// Type in its content.
        found: String,
    },
    /// A type that is not supported.
    #[error("keys of type {found} are not supported: use {TYPES}")]
    Unsupported {
        /// Its type.
        found: String,
    },
    /// A certificate.
    #[error("certificates are not supported: list the key itself")]
    Certificate,
    /// Too short.
    #[error("the RSA key has {bits} bits, expected 2048 to 8192")]
    Length {
        /// Its length.
        bits: usize,
    },
}

impl From<Malformed> for KeyProblem {
    fn from(Malformed: Malformed) -> Self {
        Self::Malformed
    }
}

impl PublicKey {
    /// Parses a key in its wire encoding.
    ///
    /// # Errors
    ///
    /// When it is malformed, or of a type that cannot be verified.
    pub fn from_blob(blob: &[u8]) -> Result<Self, KeyProblem> {
        if blob.len() > LONGEST {
            return Err(KeyProblem::Malformed);
        }
        let mut reader = Reader::new(blob);
        let material = match reader.text()? {
            "ssh-ed25519" => ed25519(&mut reader, false)?,
            "sk-ssh-ed25519@openssh.com" => ed25519(&mut reader, true)?,
            "ecdsa-sha2-nistp256" => ecdsa(&mut reader, Curve::P256, "nistp256", false)?,
            "ecdsa-sha2-nistp384" => ecdsa(&mut reader, Curve::P384, "nistp384", false)?,
            "sk-ecdsa-sha2-nistp256@openssh.com" => {
                ecdsa(&mut reader, Curve::P256, "nistp256", true)?
            }
            "ssh-rsa" => rsa(&mut reader)?,
            found if found.ends_with("-cert-v01@openssh.com") => {
                return Err(KeyProblem::Certificate);
            }
            found => {
                return Err(KeyProblem::Unsupported {
                    found: named(found),
                });
            }
        };
        reader.end()?;
        Ok(Self {
            blob: blob.to_vec(),
            material,
        })
    }

    /// Parses a key as written in files: `ssh-ed25519 AAAA…`, with an optional comment.
    ///
    /// # Errors
    ///
    /// Like [`PublicKey::from_blob`], and when the written type is another one.
    pub fn from_line(line: &str) -> Result<Self, KeyProblem> {
        let mut words = line.split_ascii_whitespace();
        let (Some(written), Some(encoded)) = (words.next(), words.next()) else {
            return Err(KeyProblem::Malformed);
        };
        Self::from_words(written, encoded)
    }

    /// Parses a key from its written type and its base64.
    pub(crate) fn from_words(written: &str, encoded: &str) -> Result<Self, KeyProblem> {
        if encoded.len() > LONGEST * 2 {
            return Err(KeyProblem::Malformed);
        }
        let blob = STANDARD
            .decode(encoded)
            .map_err(|_| KeyProblem::Malformed)?;
        let found = Reader::new(&blob).text()?.to_owned();
        let key = Self::from_blob(&blob)?;
        if found != written {
            return Err(KeyProblem::OtherType {
                found: named(&found),
            });
        }
        Ok(key)
    }

    /// Returns the public half of a private key in OpenSSH's format, which contains it in plain text.
    ///
    /// # Errors
    ///
    /// When the text is not such a file, or its key cannot be verified.
    pub fn of_private(text: &str) -> Result<Self, KeyProblem> {
        let body = text
            .trim()
            .strip_prefix("-----BEGIN OPENSSH PRIVATE KEY-----")
            .and_then(|rest| rest.strip_suffix("-----END OPENSSH PRIVATE KEY-----"))
            .ok_or(KeyProblem::Malformed)?;
        let encoded: String = body.split_ascii_whitespace().collect();
        let bytes = STANDARD
            .decode(encoded)
            .map_err(|_| KeyProblem::Malformed)?;
        let mut reader = Reader::new(bytes.strip_prefix(PRIVATE).ok_or(KeyProblem::Malformed)?);
        // Cipher, derivation of its key, and its options.
        for _ in 0..3 {
            reader.string()?;
        }
        if reader.number()? != 1 {
            return Err(KeyProblem::Malformed);
        }
        Self::from_blob(reader.string()?)
    }

    /// Returns the wire encoding.
    #[cfg(any(test, feature = "testing"))]
    pub(crate) fn blob(&self) -> &[u8] {
        &self.blob
    }

    /// Returns the type, as written in files.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match &self.material {
            Material::Ed25519 {
                application: None, ..
            } => "ssh-ed25519",
            Material::Ed25519 { .. } => "sk-ssh-ed25519@openssh.com",
            Material::Ecdsa {
                application: Some(_),
                ..
            } => "sk-ecdsa-sha2-nistp256@openssh.com",
            Material::Ecdsa {
                curve: Curve::P256, ..
            } => "ecdsa-sha2-nistp256",
            Material::Ecdsa {
                curve: Curve::P384, ..
            } => "ecdsa-sha2-nistp384",
            Material::Rsa { .. } => "ssh-rsa",
        }
    }

    /// Returns the fingerprint, as `ssh-keygen -l` prints it: `SHA256:…`.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let hash = digest(&SHA256, &self.blob);
        format!("SHA256:{}", STANDARD_NO_PAD.encode(hash))
    }

    /// Returns the key as a line of a file, without a comment.
    #[must_use]
    pub fn line(&self) -> String {
        format!("{} {}", self.kind(), STANDARD.encode(&self.blob))
    }

    /// Whether `signature`, in its wire encoding, is one of this key over `message`.
    pub(crate) fn has_signed(&self, message: &[u8], signature: &[u8]) -> Result<bool, Malformed> {
        let mut reader = Reader::new(signature);
        let scheme = reader.text()?;
        let body = reader.string()?;
        let is_true = match &self.material {
            Material::Rsa { exponent, modulus } => {
                let parameters = match scheme {
                    "rsa-sha2-256" => &RSA_PKCS1_2048_8192_SHA256,
                    "rsa-sha2-512" => &RSA_PKCS1_2048_8192_SHA512,
                    // SHA-1, with `ssh-rsa`.
                    _ => return Ok(false),
                };
                let key = RsaPublicKeyComponents {
                    n: modulus,
                    e: exponent,
                };
                key.verify(parameters, message, &padded(body, modulus.len())?)
                    .is_ok()
            }
            _ if scheme != self.kind() => return Ok(false),
            Material::Ed25519 { key, application } => {
                let message = touched(application.as_deref(), message, &mut reader)?;
                message.is_some_and(|message| {
                    UnparsedPublicKey::new(&ED25519, key)
                        .verify(&message, body)
                        .is_ok()
                })
            }
            Material::Ecdsa {
                curve,
                point,
                application,
            } => {
                let message = touched(application.as_deref(), message, &mut reader)?;
                let mut numbers = Reader::new(body);
                let mut fixed = padded(numbers.positive()?, curve.width())?;
                fixed.extend(padded(numbers.positive()?, curve.width())?);
                numbers.end()?;
                message.is_some_and(|message| {
                    UnparsedPublicKey::new(curve.algorithm(), point)
                        .verify(&message, &fixed)
                        .is_ok()
                })
            }
        };
        reader.end()?;
        Ok(is_true)
    }
}

/// Returns the signed bytes: of a security key, those that it signs instead of the message. `None` if it was not touched.
fn touched(
    application: Option<&str>,
    message: &[u8],
    reader: &mut Reader<'_>,
) -> Result<Option<Vec<u8>>, Malformed> {
    /// The flag of a person who touched the key.
    const PRESENT: u8 = 1;
    let Some(application) = application else {
        return Ok(Some(message.to_vec()));
    };
    let flags = reader.byte()?;
    let counter = reader.number()?;
    if flags & PRESENT == 0 {
        return Ok(None);
    }
    let mut signed = digest(&SHA256, application.as_bytes()).as_ref().to_vec();
    signed.push(flags);
    signed.extend(counter.to_be_bytes());
    signed.extend(digest(&SHA256, message).as_ref());
    Ok(Some(signed))
}

/// Returns digits with leading zeros up to a width.
fn padded(digits: &[u8], width: usize) -> Result<Vec<u8>, Malformed> {
    let missing = width.checked_sub(digits.len()).ok_or(Malformed)?;
    let mut padded = vec![0; missing];
    padded.extend(digits);
    Ok(padded)
}

/// Returns a name from outside for messages.
fn named(text: &str) -> String {
    let short: String = text.chars().take(60).collect();
    evenkeel_model::text::inert(&short).into_owned()
}

fn application(reader: &mut Reader<'_>, is_touched: bool) -> Result<Option<String>, Malformed> {
    Ok(if is_touched {
        Some(reader.text()?.to_owned())
    } else {
        None
    })
}

fn ed25519(reader: &mut Reader<'_>, is_touched: bool) -> Result<Material, Malformed> {
    let key = reader.string()?.to_vec();
    if key.len() != 32 {
        return Err(Malformed);
    }
    Ok(Material::Ed25519 {
        key,
        application: application(reader, is_touched)?,
    })
}

fn ecdsa(
    reader: &mut Reader<'_>,
    curve: Curve,
    name: &str,
    is_touched: bool,
) -> Result<Material, Malformed> {
    if reader.text()? != name {
        return Err(Malformed);
    }
    let point = reader.string()?.to_vec();
    // Uncompressed.
    if point.len() != 1 + 2 * curve.width() || point.first() != Some(&4) {
        return Err(Malformed);
    }
    Ok(Material::Ecdsa {
        curve,
        point,
        application: application(reader, is_touched)?,
    })
}

fn rsa(reader: &mut Reader<'_>) -> Result<Material, KeyProblem> {
    let exponent = reader.positive()?.to_vec();
    let modulus = reader.positive()?.to_vec();
    let zeros = modulus.first().map_or(0, |first| first.leading_zeros());
    let bits = (modulus.len() * 8).saturating_sub(zeros as usize);
    if !(2048..=8192).contains(&bits) {
        return Err(KeyProblem::Length { bits });
    }
    Ok(Material::Rsa { exponent, modulus })
}

#[cfg(test)]
mod tests {
    use super::{KeyProblem, PublicKey};
    use crate::testing::{Algorithm, Key};
    use crate::wire::append;
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    #[test]
    fn a_written_key_is_read_back() {
        for algorithm in Algorithm::ALL {
            let key = Key::new(*algorithm, 1).public();
            assert_eq!(PublicKey::from_line(&key.line()), Ok(key.clone()));
            let commented = format!("{} ada's laptop", key.line());
            assert_eq!(PublicKey::from_line(&commented), Ok(key));
        }
    }

    #[test]
    fn a_cut_or_longer_key_is_refused() {
        for algorithm in Algorithm::ALL {
            let key = Key::new(*algorithm, 1).public();
            for length in 0..key.blob().len() {
                let cut = PublicKey::from_blob(&key.blob()[..length]);
                assert!(cut.is_err(), "{algorithm:?} {length}");
            }
            let mut longer = key.blob().to_vec();
            longer.push(0);
            assert_eq!(PublicKey::from_blob(&longer), Err(KeyProblem::Malformed));
        }
    }

    #[test]
    fn a_key_of_another_type_than_written_is_refused() {
        let line = Key::new(Algorithm::Ed25519, 1).public().line();
        let renamed = line.replacen("ssh-ed25519", "ssh-rsa", 1);
        assert_eq!(
            PublicKey::from_line(&renamed),
            Err(KeyProblem::OtherType {
                found: "ssh-ed25519".into()
            })
        );
        // A second spelling of the same bytes.
        assert!(PublicKey::from_line(&format!("{line}=")).is_err());
        assert!(PublicKey::from_line("ssh-ed25519").is_err());
    }

    #[test]
    fn short_keys_old_types_and_certificates_are_named() {
        let mut short = Vec::new();
        append(&mut short, b"ssh-rsa");
        append(&mut short, &[1, 0, 1]);
        append(&mut short, &[0x7f; 128]);
        assert_eq!(
            PublicKey::from_blob(&short),
            Err(KeyProblem::Length { bits: 1023 })
        );
        for (written, message) in [
            ("ssh-dss", "keys of type ssh-dss are not supported"),
            ("ecdsa-sha2-nistp521", "keys of type ecdsa-sha2-nistp521"),
            (
                "ssh-ed25519-cert-v01@openssh.com",
                "certificates are not supported",
            ),
        ] {
            let mut blob = Vec::new();
            append(&mut blob, written.as_bytes());
            append(&mut blob, &[1; 40]);
            let line = format!("{written} {}", STANDARD.encode(&blob));
            let problem = PublicKey::from_line(&line).unwrap_err().to_string();
            assert!(problem.starts_with(message), "{problem}");
        }
    }
}
