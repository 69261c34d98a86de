//! Reasons why a file is not accepted as results.

use super::LARGEST;

/// Reason why a file is not accepted as results.
#[derive(Debug, thiserror::Error)]
pub(in crate::suite) enum Malformed {
    /// Beyond the limit.
    #[error("it is larger than {} MiB", LARGEST / 1024 / 1024)]
    TooLarge,
    /// Not text.
    #[error("it is not UTF-8, from byte {0} on")]
    NotUtf8(usize),
    /// Not in the encoding of its start.
    #[error("it is not valid {0}")]
    NotEncoded(String),
    /// Another encoding is declared.
    #[error("its declared encoding is `{0}`; expected UTF-8, UTF-16, ISO-8859-1 or Windows-1252")]
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
        /// Position.
        at: u64,
        /// Problem.
        reason: String,
    },
    /// It ends too early.
    #[error("it ends within `{0}`: it is incomplete")]
    Truncated(String),
    /// Empty.
    #[error("it is empty")]
    Empty,
    /// Not test results.
    #[error("it starts with `{0}`, expected `testsuites` or `testsuite`")]
    Root(String),
    /// Something after the end.
    #[error("unexpected content after the end of its results")]
    Trailing,
    /// An element at an invalid place.
    #[error("`{inner}` in `{outer}`")]
    Misplaced {
        /// Element.
        inner: String,
        /// Enclosing element.
        outer: String,
    },
    /// Beyond a limit.
    #[error("it has more than {0}")]
    TooMany(String),
}
