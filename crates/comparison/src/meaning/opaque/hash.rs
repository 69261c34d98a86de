//! Hashes and digests: hexadecimal digits of one length, with or without the name of their algorithm.
//!
//! A hash shows that contents differ, but not how. Below twelve digits a hash is accepted only under a key such as
//! `commit` or `tag`, since `facade` and `1e10` are hexadecimal too.

use super::{is_hex, is_mixed_hex};

/// Names of algorithms before a colon, and the hyphenated ones of subresource integrity.
const ALGORITHMS: &[&str] = &[
    "md5", "sha1", "sha224", "sha256", "sha384", "sha512", "blake2b", "blake3", "h1", "zh", "crc32",
];

pub(super) fn are_hashes(left: &str, right: &str, of_key: bool) -> bool {
    match (named(left), named(right)) {
        (Some(one), Some(two)) => one == two,
        (None, None) => bare(left, right, of_key),
        _ => false,
    }
}

/// Returns the algorithm of `sha256:…` or `sha256-…`.
fn named(text: &str) -> Option<&str> {
    if !matches!(
        text.bytes().next()?,
        b'm' | b's' | b'b' | b'h' | b'z' | b'c'
    ) {
        return None;
    }
    let end = text
        .bytes()
        .take(8)
        .position(|byte| matches!(byte, b':' | b'-'))?;
    let (name, rest) = (text.get(..end)?, text.get(end + 1..)?);
    let is_base64 = || {
        rest.len() >= 24
            && rest
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'='))
    };
    (ALGORITHMS.contains(&name) && (rest.len() >= 8 && is_hex(rest) || is_base64())).then_some(name)
}

fn bare(left: &str, right: &str, of_key: bool) -> bool {
    let (one, two) = match (left.strip_prefix("0x"), right.strip_prefix("0x")) {
        (Some(one), Some(two)) => (one, two),
        (None, None) => (left, right),
        _ => return false,
    };
    let least = if of_key { 7 } else { 12 };
    let sound = |text: &str| {
        let letters = text.bytes().filter(u8::is_ascii_alphabetic).count();
        let digits = text.len() - letters;
        // From 32 digits on, coincidence is unlikely; below, one letter may be an exponent, and one digit a number
        // after a word.
        is_mixed_hex(text)
            && (text.len() >= 32
                || digits >= 2 && letters >= 2
                || digits >= 2 && of_key && !is_exponent(text))
    };
    one.len() >= least
        && two.len() >= least
        && is_of_one_length(one, two, of_key)
        && sound(one)
        && sound(two)
}

/// Whether an `e` is the only letter, between digits.
fn is_exponent(text: &str) -> bool {
    text.trim_matches(|each: char| each.is_ascii_digit())
        .eq_ignore_ascii_case("e")
        && !text.starts_with(['e', 'E'])
        && !text.ends_with(['e', 'E'])
}

/// Whether the lengths fit: abbreviated commits may differ in length, whole hashes may not.
fn is_of_one_length(one: &str, two: &str, of_key: bool) -> bool {
    one.len() == two.len() || of_key && one.len().max(two.len()) <= 40
}

#[cfg(test)]
mod tests {
    use crate::meaning::tests::{assert_all, kinds};
    use crate::meaning::{Opaque, Relation};
    use evenkeel_document::ScalarKind::{Integer, Text};

    const SHA1: (&str, &str) = (
        "3f786850e387550fdab836ed7e6dc881de23001b",
        "89e6c98d92887913cadf06b2adb97f26cde4849b",
    );

    #[test]
    fn hashes_are_opaque() {
        assert_all(
            kinds(Text, Text),
            "anything",
            &[
                SHA1,
                (
                    "d41d8cd98f00b204e9800998ecf8427e",
                    "0cc175b9c0f1b6a831c399e269772661",
                ),
                ("0a1b2c3d4e5f", "f5e4d3c2b1a0"),
                ("0A1B2C3D4E5F", "F5E4D3C2B1A0"),
                ("sha256:0a1b2c3d4e5f", "sha256:f5e4d3c2b1a0"),
                (
                    "sha256-RFWPLDbv2BY+rCkDzsE+0fr8ylGr2R2faWMhq4lfEQc=",
                    "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
                ),
                (
                    "0x52908400098527886e0f7030069857d2e4169ee7",
                    "0x8617e340b3d01fa5f11f306f4090fd50e238070d",
                ),
            ],
            &Relation::Opaque(Opaque::Hash),
        );
        for key in ["commit", "GIT_SHA", "checksum"] {
            assert_all(
                kinds(Text, Text),
                key,
                &[("3f78685", "89e6c98"), ("3f786850", "89e6c98"), SHA1],
                &Relation::Opaque(Opaque::Hash),
            );
        }
    }

    #[test]
    fn words_and_numbers_are_not_hashes() {
        assert_all(
            kinds(Text, Text),
            "anything",
            &[
                ("deadbeef", "cafebabe"),
                ("facade", "decade"),
                ("deadbeefcafe", "cafebabedead"),
                ("123456789012", "210987654321"),
                ("20240101120000", "20240102120000"),
                ("3f78685", "89e6c98"),
                ("0a1b2c3d4e5f", "0a1b2c3d4e5f00"),
                ("0a1b2c3d4e5g", "f5e4d3c2b1a0"),
                ("100000000e10", "200000000e10"),
                ("acacacacaca1", "bebebebebeb1"),
                ("sha256:0a1b2c3d4e5f", "sha512:f5e4d3c2b1a0"),
                ("sha256:0a1b2c3d4e5f", "0a1b2c3d4e5f"),
                ("sha256", "sha512"),
                ("sha256-rsa-pkcs1", "sha256-rsa-pss00"),
                ("0x1f", "0x2f"),
                ("feedfacedeed", "0a1b2c3d4e5f"),
            ],
            &Relation::Differs,
        );
        for key in ["commit", "tag"] {
            assert_all(
                kinds(Text, Text),
                key,
                &[
                    ("facade1", "decade1"),
                    ("1234567e1", "1234568e1"),
                    ("deadbeef", "cafebabe"),
                    ("3f7868", "89e6c9"),
                    ("3f78685", "main"),
                    ("3f78685", "release-1"),
                ],
                &Relation::Differs,
            );
        }
        assert_all(
            kinds(Integer, Integer),
            "commit",
            &[("1234567", "7654321")],
            &Relation::Differs,
        );
    }
}
