//! Codes of documents that are unreadable.

use evenkeel_model::defect::Code;

/// All codes.
pub const CODES: &[&Code] = &[
    &SYNTAX,
    &DUPLICATE_KEY,
    &TOO_LARGE,
    &TOO_DEEP,
    &ALIAS,
    &NOT_TEXT,
    &UNREADABLE,
    &NO_SECTION,
];

/// The text does not match its format.
pub const SYNTAX: Code = Code::error(
    "document/syntax",
    "a document does not match its format",
    "evenkeel cannot compare an unreadable document, and never counts one as \"no difference\". Fix the file, or set its `format` in `[document.NAME]`: \"lines\" compares any text line by line.",
);
/// A repeated key.
pub const DUPLICATE_KEY: Code = Code::error(
    "document/duplicate-key",
    "a map has a duplicate key",
    "Programs differ in which of the two values they use, so the configuration is ambiguous. Keep one.",
);
/// The text exceeds a limit.
pub const TOO_LARGE: Code = Code::error(
    "document/too-large",
    "a document exceeds the size limit",
    "evenkeel reads up to 64 MiB and 8 million values of one file, so that no file exhausts time or memory. Split it, or compare only its configuration.",
);
/// The nesting exceeds a limit.
pub const TOO_DEEP: Code = Code::error(
    "document/too-deep",
    "a document exceeds the nesting limit",
    "evenkeel reads lists and maps up to 128 levels deep.",
);
/// An alias that is cyclic, undefined, or multiplies the document.
pub const ALIAS: Code = Code::error(
    "document/alias",
    "an alias in a document is invalid",
    "The alias names a missing anchor or one that contains it, or aliases multiply the document beyond the limit.",
);
/// Binary, or in another encoding.
pub const NOT_TEXT: Code = Code::error(
    "document/not-text",
    "a document is not text",
    "Documents are text in UTF-8. Name only the configuration files in `path`.",
);
/// Missing, not permitted, or a command that failed.
pub const UNREADABLE: Code = Code::error(
    "document/unreadable",
    "a document is unreadable",
    "evenkeel cannot compare an unreadable document, and never counts one as \"no difference\". The path is relative to the project's directory; with `render`, evenkeel compares the output of the command.",
);
/// A section that is missing in every environment.
pub const NO_SECTION: Code = Code::error(
    "document/no-section",
    "a section of a document is missing",
    "`section` selects the part of a file to compare, and matches nothing in any environment. Write the path of the section as shown in reports, such as `env.${environment}` or `profiles[name=${environment}]`.",
);
