//! What keeps documents from being read.

use evenkeel_model::defect::Code;

/// All of them.
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

/// Not of its format.
pub const SYNTAX: Code = Code::error(
    "document/syntax",
    "a document is not of its format",
    "A file that cannot be read is never in parity. Fix the file, or set `format` in its `[document.NAME]`: \"lines\" compares any text line by line.",
);
/// A key twice.
pub const DUPLICATE_KEY: Code = Code::error(
    "document/duplicate-key",
    "a duplicate key in one map",
    "Programs differ in which of the two they use. Keep one.",
);
/// Beyond what is read.
pub const TOO_LARGE: Code = Code::error(
    "document/too-large",
    "a document is larger than what is read",
    "evenkeel reads up to 64 MiB and 8 million values of one file, so that a file cannot take all time and memory. Split it, or compare the part that is configuration.",
);
/// Beyond what is walked.
pub const TOO_DEEP: Code = Code::error(
    "document/too-deep",
    "a document is nested deeper than what is read",
    "Lists and maps are read up to 128 levels deep, which is far beyond what people write.",
);
/// Aliases that run in circles, name nothing, or multiply.
pub const ALIAS: Code = Code::error(
    "document/alias",
    "an alias of a document cannot be followed",
    "It names an anchor that is not there, or one that contains it, or aliases multiply what is read beyond all bounds.",
);
/// Binary, or of another encoding.
pub const NOT_TEXT: Code = Code::error(
    "document/not-text",
    "a document is no text",
    "Documents are text in UTF-8. Name only the configuration files in `path`.",
);
/// Not there, not allowed, or a command that failed.
pub const UNREADABLE: Code = Code::error(
    "document/unreadable",
    "a document cannot be read",
    "What cannot be read cannot be compared, and that never counts as \"no difference\". The path is relative to the project's directory; with `render`, it is what the command prints that is compared.",
);
/// A section that no environment has.
pub const NO_SECTION: Code = Code::error(
    "document/no-section",
    "a section of a document is missing",
    "`section` chooses the part of a file that is compared, and chooses nothing in either environment. Write the path of the section as reports show it, such as `env.${environment}` or `profiles[name=${environment}]`.",
);
