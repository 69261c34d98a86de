//! Detection of encrypted values and files: they differ after each encryption, so they cannot be compared.

use super::words::words;

/// Prefixes of encrypted values.
const BEGINNINGS: &[&str] = &[
    "ENC[",
    "ENC(",
    "EJ[",
    "{cipher}",
    "$ANSIBLE_VAULT;",
    "vault:v",
    "AQICAH",
    "AQECAH",
    "gAAAAA",
    "U2FsdGVkX1",
    "encrypted:",
    "age1",
    "YWdlLWVuY3J5cHRpb24ub3JnL3Yx",
    "-----BEGIN PGP MESSAGE-----",
    "-----BEGIN AGE ENCRYPTED FILE-----",
    "-----BEGIN ENCRYPTED MESSAGE-----",
    "-----BEGIN PKCS7-----",
    "-----BEGIN CMS-----",
    "age-encryption.org/",
    "DPAPI:",
];

/// Prefixes of encrypted files.
const FILES: &[&str] = &[
    "$ANSIBLE_VAULT;",
    "-----BEGIN PGP MESSAGE-----",
    "-----BEGIN AGE ENCRYPTED FILE-----",
    "age-encryption.org/",
    "U2FsdGVkX1",
];

/// Suffixes of keys with encrypted values.
const WORDS: &[&str] = &[
    "secure",
    "encrypted",
    "ciphertext",
    "sealed",
    "enc",
    "cipher",
    "crypt",
    "blob",
];

/// Returns whether a value under a key is encrypted: by its prefix, or by its key and a random-looking value.
#[must_use]
pub fn is_encrypted(key: &str, text: &str) -> bool {
    const LONG: usize = 16;
    let text = text.trim();
    let known = BEGINNINGS.iter().any(|start| text.starts_with(start));
    // A recipient is a public key.
    let is_public = text.starts_with("age1");
    if known && !is_public {
        return match text.strip_prefix("vault:v") {
            Some(rest) => rest
                .split_once(':')
                .is_some_and(|(number, _)| number.parse::<u32>().is_ok()),
            None => text.len() >= LONG || text.ends_with([']', ')']),
        };
    }
    // Pulumi: `v1:nonce:text`.
    let is_versioned = text
        .strip_prefix("v1:")
        .is_some_and(|rest| rest.len() >= LONG && rest.contains(':') && is_base64(rest));
    is_versioned
        || text.len() >= LONG
            && is_base64(text)
            && !text
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte == b'-' || byte == b'_')
            && words(key)
                .last()
                .is_some_and(|word| WORDS.contains(&word.as_str()))
}

/// Returns whether a value in the data of a sealed secret is encrypted.
pub(super) fn is_sealed(text: &str) -> bool {
    const LONG: usize = 24;
    text.trim().len() >= LONG && is_base64(text)
}

/// Returns whether a whole file is encrypted, regardless of its name.
#[must_use]
pub fn is_encrypted_file(text: &str) -> bool {
    let text = text.trim_start_matches('\u{feff}').trim_start();
    FILES.iter().any(|start| text.starts_with(start)) || is_rails_file(text)
}

/// Returns whether a text is encrypted by Rails: exactly three parts of Base64, separated by two hyphens.
fn is_rails_file(text: &str) -> bool {
    let text = text.trim_end();
    let mut parts = text.split("--");
    let is_part = |part: Option<&str>| {
        part.is_some_and(|part| part.len() >= 8 && part.ends_with('=') && is_base64(part))
    };
    text.len() < 1 << 20
        && is_part(parts.next())
        && parts
            .next()
            .is_some_and(|part| part.len() >= 8 && is_base64(part))
        && is_part(parts.next())
        && parts.next().is_none()
}

fn is_base64(text: &str) -> bool {
    text.bytes().all(|byte| {
        byte.is_ascii_alphanumeric()
            || matches!(
                byte,
                b'+' | b'/' | b'=' | b'_' | b'-' | b':' | b'\n' | b' ' | b'\r'
            )
    })
}

#[cfg(test)]
mod tests {
    use super::{is_encrypted, is_encrypted_file};

    #[test]
    fn ciphertexts_are_recognised_by_prefix_or_key() {
        for (key, text) in [
            (
                "password",
                "ENC[AES256_GCM,data:0a1b2c,iv:x,tag:y,type:str]",
            ),
            ("password", "ENC[PKCS7,MIIBiQYJKoZIhvcNAQcDoIIB]"),
            ("password", "ENC(0a1b2c3d4e5f)"),
            ("password", "{cipher}0a1b2c3d4e5f6071"),
            ("x", "$ANSIBLE_VAULT;1.1;AES256\n6231\n"),
            ("x", "vault:v1:0a1b2c3d4e5f60718293=="),
            ("x", "AQICAHhx9Kd0Qm3Lp7Zr2Vt8Yw4Bn6Hj1Cs5Fg0A"),
            (
                "secure",
                "v1:aaaKFY/1ysSeebRj:UxNSTcNA7bF6NcgjmFRhFdJ8pgIJc9n7mYU1",
            ),
            ("secure", "Zm9vYmFyMTIzNDU2Nzg5MGFiY2RlZmdoaWprbG1ub3A="),
            ("db_password_encrypted", "Zm9vYmFyMTIzNDU2Nzg5MGFiY2Rl"),
            ("x", "encrypted:BDqDBibm4wsYqMpCjTQ6BsDHmMadg9K3dAt"),
        ] {
            assert!(is_encrypted(key, text), "{key} {text}");
        }
        for (key, text) in [
            ("secure", "true"),
            ("secure", "strict-transport-security"),
            ("level", "Zm9vYmFyMTIzNDU2Nzg5MGFiY2RlZmdoaWprbG1ub3A="),
            ("x", "vault:secret/data/db#password"),
            ("recipient", "age1qyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgp"),
            ("x", "v1:2"),
            ("x", ""),
        ] {
            assert!(!is_encrypted(key, text), "{key} {text}");
        }
    }

    #[test]
    fn encrypted_files_are_recognised_regardless_of_name() {
        for text in [
            "$ANSIBLE_VAULT;1.1;AES256\n6231\n",
            "-----BEGIN PGP MESSAGE-----\n\nhQ\n",
            "age-encryption.org/v1\n-> X25519 x\n",
            "dGVzdHRlc3Q0dGVzdA==--dGVzdHRlc3Q0--dGVzdHRlc3Q0dGVzdA==",
        ] {
            assert!(is_encrypted_file(text), "{text}");
        }
        for text in ["{\"a\": 1}", "a: 1\nb: $ANSIBLE_VAULT;\n", "", "----"] {
            assert!(!is_encrypted_file(text), "{text}");
        }
    }
}
