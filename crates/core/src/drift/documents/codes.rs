//! Codes of documents that differ between environments.

use evenkeel_model::defect::{Code, Severity};

/// All codes of documents.
pub const CODES: &[&Code] = &[
    &FLAG,
    &READERS,
    &KEY,
    &ELEMENT,
    &FILE,
    &DOCUMENT,
    &SETTING,
    &TYPE,
    &SIZE,
    &VERSION,
    &IMAGE,
    &FLOATING,
    &OPAQUE,
    &SECRET,
    &EMPTY_SECRET,
    &CIPHERTEXT,
    &ORDER,
    &MOVED,
    &MUST_DIFFER,
    &COPIED,
    &LISTED,
    &FOREIGN,
    &SHARED,
    &MARKED,
    &LINES,
];

const fn critical(name: &'static str, title: &'static str, help: &'static str) -> Code {
    Code {
        name,
        title,
        help,
        severity: Severity::Critical,
    }
}

const fn advice(name: &'static str, title: &'static str, help: &'static str) -> Code {
    Code {
        name,
        title,
        help,
        severity: Severity::Advice,
    }
}

/// On in one, off in the other.
pub const FLAG: Code = critical(
    "parity/flag-differs",
    "a switch is on in one environment and off in the other",
    "A feature that is off in staging was never tested there. Set both to the same value, or declare the difference.",
);
/// Different values for some readers.
pub const READERS: Code = Code::warning(
    "parity/readers-differ",
    "some programs read two values where the format has one",
    "Both values are equal by the newest definition of the format, but written differently. Programs with older \
     or other rules read two values. Write both the same way.",
);
/// Key that one side lacks.
pub const KEY: Code = critical(
    "parity/key-missing",
    "a key is in one environment's document only",
    "Without the key its program uses a default, which may differ from the other environment's value. Write it \
     in both, set its default under `defaults` of the document, or declare the difference.",
);
/// Element that one side lacks.
pub const ELEMENT: Code = Code::error(
    "parity/element-missing",
    "an element of a list is in one environment's document only",
    "Give both environments the same elements, name their key under `identity` if they were matched wrongly, or \
     declare the difference.",
);
/// File that one side lacks.
pub const FILE: Code = critical(
    "parity/file-missing",
    "a file is in one environment only",
    "Files of a directory are matched by their relative name. Add it to the other environment, or declare the difference.",
);
/// Document that one side lacks.
pub const DOCUMENT: Code = critical(
    "parity/document-missing",
    "a document is declared in one environment only",
    "Give it a `path` in system.toml, or one in each environment's file, or declare the difference.",
);
/// A value.
pub const SETTING: Code = Code::error(
    "parity/setting-differs",
    "a setting of a document differs between environments",
    "Environments are equal unless a difference is declared. Make the values equal, add an identity parameter \
     that explains the difference, or declare it.",
);
/// A value's type.
pub const TYPE: Code = Code::error(
    "parity/type-differs",
    "a value has another type in another environment",
    "Programs treat text, numbers, lists and maps differently, even where they look alike. Write it the same way in both.",
);
/// A size.
pub const SIZE: Code = Code::error(
    "parity/size-differs",
    "a size differs between environments",
    "Staging may be smaller, within bounds: declare the difference with `min`, `max` or `ratio`.",
);
/// A version.
pub const VERSION: Code = Code::error(
    "parity/version-differs",
    "a version, or a range of versions, differs between environments",
    "The tested version is not the one that will run. A range that admits more will pick up releases that the \
     other never tested.",
);
/// An image.
pub const IMAGE: Code = Code::error(
    "parity/image-differs",
    "another image runs in another environment",
    "The tested image is not the one that will run. Use the same image, ideally with a digest.",
);
/// An image without a fixed version.
pub const FLOATING: Code = Code::warning(
    "parity/image-floats",
    "an image has a moving tag",
    "Two environments with the same moving tag run the images it named when each was deployed. Use a version, \
     ideally with a digest.",
);
/// Generated id.
pub const OPAQUE: Code = Code::warning(
    "parity/opaque-id-differs",
    "a different id in each environment",
    "Generated ids (ARNs, UUIDs, hashes) differ by nature and are counted together. Put their common part into \
     a parameter that varies as identity, or declare the difference.",
);
/// A secret.
pub const SECRET: Code = advice(
    "parity/secret-differs",
    "a different secret in each environment",
    "Different secrets are correct, but a secret should not be in a file. Its value is never displayed.",
);
/// Secret that is empty on one side.
pub const EMPTY_SECRET: Code = critical(
    "parity/secret-empty",
    "a secret is empty in one environment",
    "Its program runs without a password, or does not start. Give both environments a secret, or declare the difference.",
);
/// Two ciphertexts.
pub const CIPHERTEXT: Code = advice(
    "parity/ciphertext-differs",
    "a value is encrypted in both environments and cannot be compared",
    "A ciphertext differs each time the same text is encrypted, so whether the values differ is unknown. \
     Compare the decrypted values where they are used.",
);
/// An order.
pub const ORDER: Code = Code::warning(
    "parity/order-differs",
    "the same elements are in another order",
    "If the order has no meaning, name the list under `sets` of the document. Otherwise, use the same order.",
);
/// A move.
pub const MOVED: Code = Code::warning(
    "parity/moved",
    "the same content at another place",
    "Only the place differs. Use the same place, so that later changes can be compared.",
);
/// Equal values that must differ.
pub const MUST_DIFFER: Code = critical(
    "parity/must-differ",
    "a value that must differ is equal",
    "The document's `must-differ` requires different values here. With equal values, staging's traffic reaches \
     production.",
);
/// One random id in two environments.
pub const COPIED: Code = Code::warning(
    "parity/id-copied",
    "a random id is the same in both environments",
    "A generated id belongs to one environment, so an equal one in another was probably copied. Give each \
     environment its own id, or declare the difference if they share the resource on purpose.",
);
/// Both environments are named in both.
pub const LISTED: Code = Code::warning(
    "parity/environments-listed",
    "an equal value names both environments",
    "A list of all accounts or hosts is usually equal everywhere. If one of the environments should not be in \
     it, remove it; otherwise declare the difference.",
);
/// One environment mentions the other.
pub const FOREIGN: Code = critical(
    "parity/foreign-identity",
    "one environment's document mentions the other environment",
    "A staging environment must not use production's database. Use the environment's own value, or declare the \
     difference.",
);
/// One thing used by both.
pub const SHARED: Code = Code::warning(
    "parity/shared-identity",
    "both environments use one database, bucket, queue or topic, named after one of them",
    "If sharing is not intended, staging works on production's data: give each environment its own. Otherwise, \
     set the severity of this code, or change the identity's value.",
);
/// The environment's own name, on one side only.
pub const MARKED: Code = advice(
    "parity/name-on-one-side",
    "a value contains the environment's name in one environment only",
    "There is no other difference, and no action is needed. Values that name both environments are equal: \
     `shop-staging` and `shop-production`.",
);
/// Differing lines.
pub const LINES: Code = Code::error(
    "parity/lines-differ",
    "lines of a text differ between environments",
    "The file's format is unknown, so its lines are compared. If it has a known one, set `format`.",
);
