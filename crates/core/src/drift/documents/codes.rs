//! What can be said about documents in two environments.

use evenkeel_model::defect::{Code, Severity};

/// All of them.
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
    "something is on in one environment and off in the other",
    "What is off in staging was never tested there. Set it alike, or declare the difference.",
);
/// One value for some readers, and two for others.
pub const READERS: Code = Code::warning(
    "parity/readers-differ",
    "programs that read the format take the two for different values",
    "Both values are equal by the newest definition of the format, but written differently. Programs with older or other rules read two values. Write both alike.",
);
/// A key that one side lacks.
pub const KEY: Code = critical(
    "parity/key-missing",
    "a key is in one environment's document only",
    "Its program takes a default where the key is missing, and the default is not what runs in the other environment. Write it in both, say its default under `defaults` of the document, or declare the difference.",
);
/// An element that one side lacks.
pub const ELEMENT: Code = Code::error(
    "parity/element-missing",
    "an element of a list is in one environment's document only",
    "Give both environments the same elements, say under `identity` what identifies them if they were matched wrongly, or declare the difference.",
);
/// A file that one side lacks.
pub const FILE: Code = critical(
    "parity/file-missing",
    "a file is in one environment only",
    "Files of a directory are matched by their relative name. Add it to the other environment, or declare the difference.",
);
/// A whole document that one side lacks.
pub const DOCUMENT: Code = critical(
    "parity/document-missing",
    "a document is declared in one environment only",
    "Give it a `path` in system.toml, or one in each environment's file, or declare the difference.",
);
/// A value.
pub const SETTING: Code = Code::error(
    "parity/setting-differs",
    "a setting of a document differs between environments",
    "Everything is equal in all environments unless a line says otherwise. Make the values equal, give both environments an identity parameter that explains the difference, or declare it.",
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
    "What was tested is not what will run. Where one range admits more than the other, it will pick up releases that the other never saw.",
);
/// An image.
pub const IMAGE: Code = Code::error(
    "parity/image-differs",
    "another image runs in another environment",
    "What was tested is not what will run. Use the same image, best by digest.",
);
/// An image without a fixed version.
pub const FLOATING: Code = Code::warning(
    "parity/image-floats",
    "an image is named by a tag that moves",
    "Two environments with the same moving tag run whatever it meant when each was deployed. Name a version, best with a digest.",
);
/// An id that somebody else gave out.
pub const OPAQUE: Code = Code::warning(
    "parity/opaque-id-differs",
    "a different id in each environment",
    "Ids that a cloud or a tool gave out (ARNs, UUIDs, hashes) say nothing to people and differ by nature. They are counted together. Let a parameter that varies as identity carry what they have in common, or declare the difference.",
);
/// A secret.
pub const SECRET: Code = advice(
    "parity/secret-differs",
    "a different secret in each environment",
    "As it should be; but a secret should not be written into a file. Its value is shown nowhere.",
);
/// A secret that one side leaves empty.
pub const EMPTY_SECRET: Code = critical(
    "parity/secret-empty",
    "a secret is empty in one environment",
    "Its program runs without a password, or does not start. Give both environments a secret, or declare the difference.",
);
/// Two ciphertexts.
pub const CIPHERTEXT: Code = advice(
    "parity/ciphertext-differs",
    "a value is encrypted in both environments and cannot be compared",
    "A ciphertext differs each time that the same text is encrypted, so whether the values differ is unknown. Compare the decrypted values where they are used.",
);
/// An order.
pub const ORDER: Code = Code::warning(
    "parity/order-differs",
    "the same elements stand in another order",
    "Where the order means nothing, name the list under `sets` of the document. Where it does, put them into the same order.",
);
/// A move.
pub const MOVED: Code = Code::warning(
    "parity/moved",
    "the same content at another place",
    "Nothing but its place differs. Put it at the same place, so that what changes later can be compared.",
);
/// The same, and it must not be.
pub const MUST_DIFFER: Code = critical(
    "parity/must-differ",
    "a value that must never be the same is the same",
    "The document's `must-differ` says that each environment has its own here. With the same one, what is meant for staging reaches production.",
);
/// One random id for two.
pub const COPIED: Code = Code::warning(
    "parity/id-copied",
    "a random id is the same in both environments",
    "An id that a cloud or a tool gave out belongs to one environment, so the one that is the same in another was probably copied. Give each environment its own id, or declare the difference if they share the thing on purpose.",
);
/// Both are named in both.
pub const LISTED: Code = Code::warning(
    "parity/environments-listed",
    "a value that is the same in both environments names both of them",
    "A list of all accounts or hosts is usually meant to be the same everywhere. If one of the environments should not be in it, remove it; otherwise declare the difference.",
);
/// One environment mentions the other.
pub const FOREIGN: Code = critical(
    "parity/foreign-identity",
    "one environment's document mentions the other environment",
    "Staging that talks to production's database is not staging. Use the environment's own value, or declare the difference.",
);
/// One thing for both.
pub const SHARED: Code = Code::warning(
    "parity/shared-identity",
    "both environments use one database, bucket, queue or topic, named after one of them",
    "If it is not meant to be shared, staging works on production's data: give each environment its own. If it is, set the severity of this code, or give the identity another value.",
);
/// The environment's own name, on one side only.
pub const MARKED: Code = advice(
    "parity/name-on-one-side",
    "a value contains the environment's name in one environment only",
    "Nothing else differs, and no action is needed. Values that name both environments alike are equal: `shop-staging` and `shop-production`.",
);
/// Lines.
pub const LINES: Code = Code::error(
    "parity/lines-differ",
    "lines of a text differ between environments",
    "The file has no format that is known, so its lines are compared. If it has one, say so with `format`.",
);
