//! Codes of defects of the file of approvers.

use evenkeel_model::defect::Code;

/// All codes.
pub const CODES: &[&Code] = &[&MALFORMED, &PERSON, &KEY];

/// A line that is not of the format.
pub const MALFORMED: Code = Code::error(
    "approvers/malformed",
    "a line of `approvers` is malformed",
    "`approvers` has the allowed_signers format of ssh-keygen(1): each line has principals, options and a public key, such as \
     `ada@example.com namespaces=\"release@evenkeel.dev\" ssh-ed25519 AAAA…`. Blank lines and lines that start with `#` \
     are ignored.",
);
/// Principals that name no person.
pub const PERSON: Code = Code::error(
    "approvers/person",
    "a line of `approvers` does not name one person",
    "The first principal names the person, further ones are aliases (such as e-mail addresses of commits), and those that \
     start with `role:` are roles. Patterns cannot name a person, and a key belongs to one person.",
);
/// A key that cannot be used.
pub const KEY: Code = Code::error(
    "approvers/key",
    "a key in `approvers` cannot be used",
    "Accepted keys are Ed25519, ECDSA (nistp256, nistp384), RSA from 2048 bits, and security keys (sk-ssh-ed25519, \
     sk-ecdsa-sha2-nistp256). Certificate authorities are not supported: list each person's key.",
);
