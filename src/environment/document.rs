//! `[document.NAME]`: configuration files that exist already, as one environment declares them.
//!
//! What was written, with references filled in. Reading the files is left to `operation`, comparing them to
//! `comparison`.

use std::sync::Arc;
use std::time::Duration;

use crate::comparison::Pattern;
use crate::document::{Format, Scalar};
use crate::source::Span;

/// One document of one environment.
#[derive(Clone, Debug)]
pub struct DocumentDeclaration {
    /// Its name: `values` of `[document.values]`.
    pub name: Arc<str>,
    /// Where it is declared: the name in the header; an environment's own declaration before the system's.
    pub span: Span,
    /// Where its text comes from, and where that is written.
    pub source: DocumentSource,
    /// Where `path` or `render` is written.
    pub source_span: Span,
    /// The format, where it is said; by the file's name otherwise, YAML for what a command prints.
    pub format: Option<Format>,
    /// How lists are matched and values compared.
    pub rules: DocumentRules,
}

/// Where a document's text comes from. Paths are relative to the project's directory, the one that holds the
/// definitions' directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DocumentSource {
    /// A file; a directory, with all files below it; or a glob such as `deploy/*.yaml` (`**` for any directories).
    /// Files of a directory or glob are matched by their name relative to it.
    Path(String),
    /// What a command prints. Run in the project's directory; no shell.
    Render {
        /// Program and arguments.
        command: Vec<String>,
        /// How long it may take.
        within: Duration,
    },
}

/// What a definition says of how a document is compared: the same for all environments.
#[derive(Clone, Debug, Default)]
pub struct DocumentRules {
    /// Lists whose elements are identified by these keys.
    pub identity: Vec<(Pattern, Vec<Arc<str>>)>,
    /// Lists whose order and repetition mean nothing.
    pub sets: Vec<Pattern>,
    /// Values that must never be equal: recipients, keys, hosts. With where that is written.
    pub must_differ: Vec<(Pattern, Span)>,
    /// What a value is where it is not written.
    pub defaults: Vec<(Pattern, Scalar)>,
}
