//! Keys in memory, and signatures by them in the form of `ssh-keygen -Y sign`.

use evenkeel_model::{Digest, EnvironmentName, Moment};
use ring::digest::{SHA256, digest};
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair,
    KeyPair as _,
};

use crate::key::PublicKey;
use crate::signature::{Hash, armor, to_sign};
use crate::statement::{Decision, STATEMENT_FORMAT, Statement};
use crate::wire::append;

/// Application of security keys.
const APPLICATION: &str = "ssh:";

/// Type of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// `ssh-ed25519`.
    Ed25519,
    /// `ecdsa-sha2-nistp256`.
    P256,
    /// `ecdsa-sha2-nistp384`.
    P384,
    /// `sk-ssh-ed25519@openssh.com`.
    TouchedEd25519,
    /// `sk-ecdsa-sha2-nistp256@openssh.com`.
    TouchedP256,
}

impl Algorithm {
    /// All types.
    pub const ALL: &[Self] = &[
        Self::Ed25519,
        Self::P256,
        Self::P384,
        Self::TouchedEd25519,
        Self::TouchedP256,
    ];
}

/// Key in memory.
pub struct Key {
    pair: Pair,
    is_touched: bool,
    /// Flags of a security key; 1 if it was touched.
    pub flags: u8,
}

enum Pair {
    Ed25519(Ed25519KeyPair),
    Ecdsa(EcdsaKeyPair, &'static str),
}

impl Key {
    /// Makes a key. Ed25519 keys of one seed are equal; others are random.
    ///
    /// # Panics
    ///
    /// When the machine has no random numbers.
    #[must_use]
    #[expect(clippy::expect_used, reason = "only tests use it")]
    pub fn new(algorithm: Algorithm, seed: u8) -> Self {
        let random = SystemRandom::new();
        let ecdsa = |signing, curve| {
            let pair = EcdsaKeyPair::generate_pkcs8(signing, &random)
                .ok()
                .and_then(|pair| EcdsaKeyPair::from_pkcs8(signing, pair.as_ref(), &random).ok());
            Pair::Ecdsa(pair.expect("a key"), curve)
        };
        let pair = match algorithm {
            Algorithm::Ed25519 | Algorithm::TouchedEd25519 => {
                Pair::Ed25519(Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).expect("a key"))
            }
            Algorithm::P256 | Algorithm::TouchedP256 => {
                ecdsa(&ECDSA_P256_SHA256_FIXED_SIGNING, "nistp256")
            }
            Algorithm::P384 => ecdsa(&ECDSA_P384_SHA384_FIXED_SIGNING, "nistp384"),
        };
        Self {
            pair,
            is_touched: matches!(
                algorithm,
                Algorithm::TouchedEd25519 | Algorithm::TouchedP256
            ),
            flags: 1,
        }
    }

    fn kind(&self) -> String {
        match (&self.pair, self.is_touched) {
            (Pair::Ed25519(_), false) => "ssh-ed25519".to_owned(),
            (Pair::Ed25519(_), true) => "sk-ssh-ed25519@openssh.com".to_owned(),
            (Pair::Ecdsa(_, curve), false) => format!("ecdsa-sha2-{curve}"),
            (Pair::Ecdsa(_, curve), true) => format!("sk-ecdsa-sha2-{curve}@openssh.com"),
        }
    }

    /// Returns the public key.
    ///
    /// # Panics
    ///
    /// Never: it is well-formed.
    #[must_use]
    #[expect(clippy::expect_used, reason = "only tests use it")]
    pub fn public(&self) -> PublicKey {
        let mut blob = Vec::new();
        append(&mut blob, self.kind().as_bytes());
        match &self.pair {
            Pair::Ed25519(pair) => append(&mut blob, pair.public_key().as_ref()),
            Pair::Ecdsa(pair, curve) => {
                append(&mut blob, curve.as_bytes());
                append(&mut blob, pair.public_key().as_ref());
            }
        }
        if self.is_touched {
            append(&mut blob, APPLICATION.as_bytes());
        }
        PublicKey::from_blob(&blob).expect("a key")
    }

    /// Returns the armored signature over a message.
    #[must_use]
    pub fn sign(&self, message: &[u8], namespace: &str, hash: Hash) -> String {
        let name = match hash {
            Hash::Sha256 => "sha256",
            Hash::Sha512 => "sha512",
        };
        let body = self.sign_bytes(&to_sign(message, namespace, hash));
        armor(self.public().blob(), namespace, b"", name, &body)
    }

    /// Returns the signature over raw bytes, in its wire encoding.
    ///
    /// # Panics
    ///
    /// When the machine has no random numbers.
    #[must_use]
    #[expect(clippy::expect_used, reason = "only tests use it")]
    pub(crate) fn sign_bytes(&self, bytes: &[u8]) -> Vec<u8> {
        let counter = 7_u32.to_be_bytes();
        let signed = if self.is_touched {
            let mut signed = digest(&SHA256, APPLICATION.as_bytes()).as_ref().to_vec();
            signed.push(self.flags);
            signed.extend(counter);
            signed.extend(digest(&SHA256, bytes).as_ref());
            signed
        } else {
            bytes.to_vec()
        };
        let mut body = Vec::new();
        append(&mut body, self.kind().as_bytes());
        match &self.pair {
            Pair::Ed25519(pair) => append(&mut body, pair.sign(&signed).as_ref()),
            Pair::Ecdsa(pair, _) => {
                let fixed = pair
                    .sign(&SystemRandom::new(), &signed)
                    .expect("a signature");
                let (first, second) = fixed.as_ref().split_at(fixed.as_ref().len() / 2);
                let mut numbers = Vec::new();
                integer(&mut numbers, first);
                integer(&mut numbers, second);
                append(&mut body, &numbers);
            }
        }
        if self.is_touched {
            body.push(self.flags);
            body.extend(counter);
        }
        body
    }
}

/// Parts of a signature that claim something else than what was signed.
pub struct Forgery<'a> {
    /// Key that the signature names.
    pub claimed: &'a PublicKey,
    /// Namespace that it names.
    pub namespace: &'a str,
    /// Hash that it names.
    pub hash: &'a str,
    /// Reserved bytes.
    pub reserved: &'a [u8],
    /// Key that signed.
    pub signer: &'a Key,
    /// Namespace that was signed.
    pub signed_namespace: &'a str,
    /// Hash that was signed.
    pub signed_hash: Hash,
}

impl Forgery<'_> {
    /// Returns the armored signature over a message.
    #[must_use]
    pub fn armor(&self, message: &[u8]) -> String {
        let bytes = to_sign(message, self.signed_namespace, self.signed_hash);
        let body = self.signer.sign_bytes(&bytes);
        let blob = self.claimed.blob();
        armor(blob, self.namespace, self.reserved, self.hash, &body)
    }
}

fn integer(to: &mut Vec<u8>, digits: &[u8]) {
    let zeros = digits.iter().take_while(|digit| **digit == 0).count();
    let digits = digits.get(zeros..).unwrap_or_default();
    let mut bytes = Vec::new();
    if digits.first().is_some_and(|first| *first > 127) {
        bytes.push(0);
    }
    bytes.extend(digits);
    append(to, &bytes);
}

/// Returns the approval of a release by `ada@example.com`.
#[must_use]
pub fn statement() -> Statement {
    Statement {
        format: STATEMENT_FORMAT.to_owned(),
        system: "guestbook".to_owned(),
        environment: EnvironmentName::new("production"),
        plan: Digest::of(b"plan"),
        recipe: Digest::of(b"recipe"),
        evidence: Digest::of(b"evidence"),
        policy: Digest::of(b"policy"),
        decision: Decision::Approve,
        reason: "looks right".to_owned(),
        by: "ada@example.com".to_owned(),
        at: Moment::from_millisecond(1_795_939_200_000),
        nonce: "00112233445566778899aabbccddeeff".to_owned(),
        incident: None,
    }
}
