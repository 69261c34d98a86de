//! Questions: everything a kind may ask of a target.

use serde::{Deserialize, Serialize};

use evenkeel_model::Digest;

/// One question. All paths are absolute; no path is ever followed through a symbolic link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "query", rename_all = "kebab-case")]
pub enum Query {
    /// What stands at a path itself (a link is reported, not followed).
    Path {
        /// The path.
        path: String,
        /// Text of a regular file is wanted (up to 64 KiB, UTF-8 only) when its digest is not this one.
        text_unless: Option<Digest>,
        /// The file's digest is to be sealed with the project's key, and its text never given: it holds a secret.
        sealed: bool,
    },
    /// The names in a directory.
    Entries {
        /// The directory.
        path: String,
    },
    /// An installation: which release is current, whether it is still what was installed, which others are kept.
    Installation {
        /// The directory with `releases/` and `current`.
        into: String,
    },
    /// A process that was started with this record file.
    Process {
        /// The record file.
        record: String,
        /// How to see that it is ready; asked once, within two seconds, if it runs.
        ready: Option<Ready>,
    },
}

/// How to see that a process is ready.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ready {
    /// A GET of this URL answers with a status from 200 to 299.
    Http(String),
    /// A connection to `host:port` succeeds.
    Tcp(String),
}
