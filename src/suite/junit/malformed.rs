//! Why a file is not taken as results.

use super::LARGEST;

/// Why a file is not taken as results.
#[derive(Debug, thiserror::Error)]
pub(in crate::suite) enum Malformed {
    /// Beyond the cap.
    #[error("it is larger than {} MiB", LARGEST / 1024 / 1024)]
    TooLarge,
    /// Not text.
    #[error("it is not UTF-8, from byte {0} on")]
    NotUtf8(usize),
    /// Not in the encoding that it begins in.
    #[error("it is not {0} to its end")]
    NotEncoded(String),
    /// Another encoding is declared.
    #[error(
        "it says its encoding is `{0}`; only UTF-8, UTF-16, ISO-8859-1 and Windows-1252 are read"
    )]
    Encoding(String),
    /// A document type.
    #[error("it has a document type (DTD), which is never read")]
    DocumentType,
    /// An entity that is not one of the five of XML.
    #[error("it uses the entity `&{0};`, which is never resolved")]
    Entity(String),
    /// Not XML.
    #[error("it is not well-formed at byte {at}: {reason}")]
    IllFormed {
        /// Where.
        at: u64,
        /// What is wrong there.
        reason: String,
    },
    /// It ends too early.
    #[error("it ends within `{0}`: it was not written to its end")]
    Truncated(String),
    /// Nothing in it.
    #[error("it is empty")]
    Empty,
    /// Something else than test results.
    #[error("it begins with `{0}`, not with `testsuites` or `testsuite`")]
    Root(String),
    /// Something after the end.
    #[error("there is more after the end of its results")]
    Trailing,
    /// An element where it cannot be.
    #[error("`{inner}` stands in `{outer}`")]
    Misplaced {
        /// What.
        inner: String,
        /// Where.
        outer: String,
    },
    /// Beyond a cap.
    #[error("it has more than {0}")]
    TooMany(String),
}
