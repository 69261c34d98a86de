//! Signatures of every type of key, and everything that must not count as one.

use proptest::prelude::*;

use super::{Hash, Signature, SignatureProblem, armor, armor_of, to_sign};
use crate::NAMESPACE;
use crate::testing::{Algorithm, Key};
use crate::wire::append;

const MESSAGE: &[u8] = b"a statement";

fn judge(armor: &str, message: &[u8]) -> Result<(), SignatureProblem> {
    Signature::from_armor(armor)?.verify(message, NAMESPACE)
}

#[test]
fn signatures_of_every_type_of_key_and_hash_count() {
    for algorithm in Algorithm::ALL {
        for hash in [Hash::Sha256, Hash::Sha512] {
            let key = Key::new(*algorithm, 1);
            // The numbers of ECDSA have leading zeros at times.
            for number in 0..20_u8 {
                let message = [number; 40];
                let armor = key.sign(&message, NAMESPACE, hash);
                assert_eq!(judge(&armor, &message), Ok(()), "{algorithm:?} {hash:?}");
                assert_eq!(judge(&armor, MESSAGE), Err(SignatureProblem::Mismatch));
            }
        }
    }
}

#[test]
fn a_security_key_must_have_been_touched() {
    for algorithm in [Algorithm::TouchedEd25519, Algorithm::TouchedP256] {
        let mut key = Key::new(algorithm, 1);
        for (flags, expected) in [
            (0, Err(SignatureProblem::Mismatch)),
            (4, Err(SignatureProblem::Mismatch)),
            (1, Ok(())),
            (5, Ok(())),
        ] {
            key.flags = flags;
            let armor = key.sign(MESSAGE, NAMESPACE, Hash::Sha512);
            assert_eq!(judge(&armor, MESSAGE), expected, "{algorithm:?} {flags}");
        }
    }
}

#[test]
fn a_signature_for_another_purpose_does_not_count() {
    let key = Key::new(Algorithm::Ed25519, 1);
    let armor = key.sign(MESSAGE, "git", Hash::Sha512);
    assert_eq!(
        judge(&armor, MESSAGE).unwrap_err().to_string(),
        "the SSH signature is for the namespace `git`, expected `release@evenkeel.dev`"
    );
    // The name of the purpose alone was changed.
    let body = key.sign_bytes(&to_sign(MESSAGE, "git", Hash::Sha512));
    let renamed = super::armor(key.public().blob(), NAMESPACE, b"", "sha512", &body);
    assert_eq!(judge(&renamed, MESSAGE), Err(SignatureProblem::Mismatch));
}

#[test]
fn parts_of_two_signatures_do_not_make_one() {
    let (one, other) = (
        Key::new(Algorithm::Ed25519, 1),
        Key::new(Algorithm::Ed25519, 2),
    );
    let body = one.sign_bytes(&to_sign(MESSAGE, NAMESPACE, Hash::Sha512));
    let make = |key: &Key, hash: &str, reserved: &[u8]| {
        armor(key.public().blob(), NAMESPACE, reserved, hash, &body)
    };
    assert_eq!(judge(&make(&one, "sha512", b""), MESSAGE), Ok(()));
    assert_eq!(
        judge(&make(&other, "sha512", b""), MESSAGE),
        Err(SignatureProblem::Mismatch)
    );
    assert_eq!(
        judge(&make(&one, "sha256", b""), MESSAGE),
        Err(SignatureProblem::Mismatch)
    );
    assert_eq!(
        judge(&make(&one, "sha1", b""), MESSAGE),
        Err(SignatureProblem::Hash)
    );
    assert_eq!(
        judge(&make(&one, "sha512", b"x"), MESSAGE),
        Err(SignatureProblem::Malformed)
    );
    // A raw signature over the message is none for a file.
    let raw = armor(
        one.public().blob(),
        NAMESPACE,
        b"",
        "sha512",
        &one.sign_bytes(MESSAGE),
    );
    assert_eq!(judge(&raw, MESSAGE), Err(SignatureProblem::Mismatch));
    // That of a key without touch, under the key with touch.
    let touched = Key::new(Algorithm::TouchedEd25519, 1);
    assert_eq!(
        judge(&make(&touched, "sha512", b""), MESSAGE),
        Err(SignatureProblem::Mismatch)
    );
}

#[test]
fn the_armor_has_one_form() {
    let text = Key::new(Algorithm::Ed25519, 1).sign(MESSAGE, NAMESPACE, Hash::Sha512);
    assert_eq!(judge(&text, MESSAGE), Ok(()));
    assert_eq!(judge(text.trim_end(), MESSAGE), Ok(()));
    let lines: Vec<&str> = text.lines().collect();
    let cases = [
        String::new(),
        format!(" {text}"),
        format!("{text}\n"),
        format!("x\n{text}"),
        format!("{text}{text}"),
        text.replace('\n', "\r\n"),
        text.replacen("SSH SIGNATURE", "PGP SIGNATURE", 1),
        text.replacen("\n-----END", "=\n-----END", 1),
        text.replacen("\n-----END", "A\n-----END", 1),
        text.replacen('\n', "\n\n", 1),
        text.replacen("SIGNATURE-----\n", "SIGNATURE-----\n ", 1),
        [&lines[..lines.len() - 2], &lines[lines.len() - 1..]]
            .concat()
            .join("\n"),
        [
            &lines[..1],
            &[&*lines[1..lines.len() - 1].concat()],
            &lines[lines.len() - 1..],
        ]
        .concat()
        .join("\n"),
        format!("{}{}", text.trim_end(), "x".repeat(20_000)),
    ];
    for case in cases {
        assert_ne!(judge(&case, MESSAGE), Ok(()), "{case}");
    }
    for length in 0..text.trim_end().len() {
        assert!(judge(&text[..length], MESSAGE).is_err(), "{length}");
    }
}

#[test]
fn the_version_and_the_end_are_checked() {
    let key = Key::new(Algorithm::Ed25519, 1);
    let make = |version: u32, rest: &[u8]| {
        let mut bytes = b"SSHSIG".to_vec();
        bytes.extend(version.to_be_bytes());
        append(&mut bytes, key.public().blob());
        append(&mut bytes, NAMESPACE.as_bytes());
        append(&mut bytes, b"");
        append(&mut bytes, b"sha512");
        append(
            &mut bytes,
            &key.sign_bytes(&to_sign(MESSAGE, NAMESPACE, Hash::Sha512)),
        );
        bytes.extend(rest);
        judge(&armor_of(&bytes), MESSAGE)
    };
    assert_eq!(make(1, b""), Ok(()));
    assert_eq!(make(1, b"\0"), Err(SignatureProblem::Malformed));
    assert_eq!(make(0, b""), Err(SignatureProblem::Version { found: 0 }));
    assert_eq!(make(2, b""), Err(SignatureProblem::Version { found: 2 }));
}

proptest! {
    /// Every change of a byte of the content makes it no signature.
    #[test]
    fn a_changed_byte_is_found(kind in 0..Algorithm::ALL.len(), at in 0_usize..400, flip in 1_u8..=255) {
        use base64::Engine as _;
        let key = Key::new(Algorithm::ALL[kind], 1);
        let text = key.sign(MESSAGE, NAMESPACE, Hash::Sha256);
        let body: String = text.lines().filter(|line| !line.starts_with('-')).collect();
        let mut bytes = base64::engine::general_purpose::STANDARD.decode(body).unwrap();
        let at = at % bytes.len();
        bytes[at] ^= flip;
        prop_assert!(judge(&armor_of(&bytes), MESSAGE).is_err());
    }

    #[test]
    fn no_text_ends_in_a_panic(text in ".{0,200}", bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = judge(&text, MESSAGE);
        let mut whole = b"SSHSIG\0\0\0\x01".to_vec();
        whole.extend(bytes);
        prop_assert!(judge(&armor_of(&whole), MESSAGE).is_err());
    }
}
