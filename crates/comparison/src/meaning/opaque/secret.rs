//! Keys, certificates and tokens in text form.
//!
//! Texts with a header (PEM, OpenSSH) are of one sort if the headers are equal. A long run of base64 is accepted only
//! if it is mixed: joined words change between small letters, capitals and digits far less often than random text.

use super::changes;

/// Longest text whose header is checked.
const LONGEST: usize = 64 * 1024;
/// Minimum length of base64 accepted as a key.
const SHORTEST: usize = 32;

/// Prefixes of generated tokens; both sides must have the same one.
const PREFIXES: &[&str] = &[
    "ssh-rsa AAAA",
    "ssh-ed25519 AAAA",
    "ecdsa-sha2-nistp256 AAAA",
    "ecdsa-sha2-nistp384 AAAA",
    "ecdsa-sha2-nistp521 AAAA",
    "age1",
    "AGE-SECRET-KEY-1",
    "$2a$",
    "$2b$",
    "$2y$",
    "$argon2id$",
    "$argon2i$",
    "$5$",
    "$6$",
    "eyJ",
    "ghp_",
    "gho_",
    "ghs_",
    "github_pat_",
    "glpat-",
    "xoxb-",
    "xoxp-",
    "sk_live_",
    "sk_test_",
    "pk_live_",
    "pk_test_",
    "whsec_",
    "AKIA",
    "ASIA",
    "AIza",
    "SG.",
    "ENC[AES256_GCM,data:",
];

/// Whether both are PEM blocks of one label, or keys of one algorithm: `-----BEGIN CERTIFICATE-----`.
pub(super) fn is_pair_with_header(left: &str, right: &str) -> bool {
    label(left).is_some_and(|one| Some(one) == label(right))
}

fn label(text: &str) -> Option<&str> {
    if text.len() > LONGEST || !text.starts_with('-') {
        return None;
    }
    let (label, body) = text.strip_prefix("-----BEGIN ")?.split_once("-----")?;
    (label.len() <= 64 && body.len() >= 32 && !label.contains('\n')).then_some(label)
}

pub(super) fn are_keys(left: &str, right: &str) -> bool {
    let first = left.bytes().next();
    // Texts with different first letters cannot share a prefix.
    let same = first == right.bytes().next();
    for prefix in PREFIXES
        .iter()
        .filter(|prefix| same && prefix.bytes().next() == first)
    {
        match (left.strip_prefix(prefix), right.strip_prefix(prefix)) {
            (Some(one), Some(two)) => return is_remainder(one) && is_remainder(two),
            (None, None) => {}
            _ => return false,
        }
    }
    is_base64_muddle(left) && is_base64_muddle(right)
}

/// Whether the rest after a prefix is long and contains digits.
fn is_remainder(text: &str) -> bool {
    text.len() >= 16 && text.bytes().take(64).any(|byte| byte.is_ascii_digit())
}

fn is_base64_muddle(text: &str) -> bool {
    let body = text.trim_end_matches('=');
    if body.len() < SHORTEST || text.len() - body.len() > 2 {
        return false;
    }
    let (mut small, mut capital, mut digit, mut other) = (0_usize, 0_usize, 0_usize, 0_usize);
    for byte in body.bytes() {
        match byte {
            b'a'..=b'z' => small += 1,
            b'A'..=b'Z' => capital += 1,
            b'0'..=b'9' => digit += 1,
            b'+' | b'/' | b'-' | b'_' => other += 1,
            _ => return false,
        }
    }
    // In random text, each letter case has a share of two fifths, digits one sixth, marks one thirty-second, so that
    // two of three neighbours differ in class; in joined words, two of five.
    small >= 4
        && capital >= 4
        && digit >= 2
        && other * 8 <= body.len()
        && changes(body) * 2 >= body.len()
}

#[cfg(test)]
mod tests {
    use crate::meaning::tests::{assert_all, kinds};
    use crate::meaning::{Opaque, Relation};
    use evenkeel_document::ScalarKind::Text;

    fn pem(label: &str, fill: &str) -> String {
        format!(
            "-----BEGIN {label}-----\n{}\n-----END {label}-----\n",
            fill.repeat(40)
        )
    }

    #[test]
    fn keys_and_certificates_are_opaque() {
        let (one, two) = (pem("CERTIFICATE", "a"), pem("CERTIFICATE", "b"));
        let (long, longer) = (
            pem("PRIVATE KEY", &"a".repeat(100)),
            pem("PRIVATE KEY", &"b".repeat(120)),
        );
        assert_all(
            kinds(Text, Text),
            "anything",
            &[
                (&one, &two),
                (&long, &longer),
                (
                    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExample1",
                    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExample2 me@host",
                ),
                (
                    "$2b$12$abcdefghijklmnopqrstuv",
                    "$2b$10$zyxwvutsrqponmlkjihgfe",
                ),
                ("AKIA0000000000EXAMPLE", "AKIA1111111111EXAMPLE"),
                (
                    "Zm9vYmFyMTIzNDU2Nzg5MGFiY2RlZmdoaWprbG1ub3A=",
                    "c2Vjb25kVmFsdWU5ODc2NTQzMjFBQkNERUZHSElKS0w=",
                ),
                (
                    "x9Kd0Qm3Lp7Zr2Vt8Yw4Bn6Hj1Cs5Fg0A",
                    "Q1w2E3r4T5y6U7i8O9p0A1s2D3f4G5h6J",
                ),
            ],
            &Relation::Opaque(Opaque::Key),
        );
    }

    #[test]
    fn long_words_are_not_keys() {
        let (certificate, key) = (pem("CERTIFICATE", "a"), pem("PRIVATE KEY", "a"));
        assert_all(
            kinds(Text, Text),
            "anything",
            &[
                (&certificate, &key),
                ("-----BEGIN X-----", "-----BEGIN X----- "),
                (
                    "com/example/Services/PaymentGateway2Handler",
                    "com/example/Services/PaymentGateway3Handler",
                ),
                (
                    "ThisIsAVeryLongCamelCaseIdentifierWith2Digits1",
                    "ThisIsAVeryLongCamelCaseIdentifierWith3Digits1",
                ),
                (
                    "this-is-a-long-name-with-hyphens-and-1-digit",
                    "this-is-a-long-name-with-hyphens-and-2-digit",
                ),
                (
                    "THIS_IS_A_LONG_CONSTANT_NAME_NUMBER_12345",
                    "THIS_IS_A_LONG_CONSTANT_NAME_NUMBER_54321",
                ),
                (
                    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
                    "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb",
                ),
                (
                    "12345678901234567890123456789012345678901234",
                    "22345678901234567890123456789012345678901234",
                ),
                (
                    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExample1",
                    "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQExample",
                ),
                ("sk_live_1234567890abcdef00", "sk_test_1234567890abcdef00"),
                ("sk_live_1234567890abcdef00", "pk_live_1234567890abcdef00"),
                ("AKIA", "AKIB"),
                (
                    "AKIAN-the-destroyer-of-worlds",
                    "AKIAS-the-destroyer-of-worlds",
                ),
                ("ghp_short1", "ghp_short2"),
                (
                    "eyJust a sentence without any number",
                    "eyJust another sentence without one",
                ),
                ("age1", "age2"),
                (
                    "/usr/local/lib/python3/site-packages/Foo1",
                    "/usr/local/lib/python2/site-packages/Bar1",
                ),
                ("-----", "------"),
            ],
            &Relation::Differs,
        );
    }
}
