//! Suite as declared by one environment, with all references filled in.
//!
//! Running it is left to `suite`.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use super::fields::SUITE_KINDS;
use evenkeel_model::{Digest, Secret};

/// A declared test run.
#[derive(Clone, Debug)]
pub struct Suite {
    /// Its name.
    pub name: String,
    /// `smoke`, `e2e`, `performance`, `contract`, `security` or `acceptance`.
    pub kind: String,
    /// Digest of its definition and files; evidence is bound to it.
    pub digest: Digest,
    /// Files beside the definitions that it runs or reads.
    pub files: Vec<SuiteFile>,
    /// Checks; at least one of the three, and all of them must pass.
    pub http: Vec<HttpCheck>,
    /// Command.
    pub run: Option<RunCheck>,
    /// Open load.
    pub load: Option<LoadCheck>,
}

/// File beside the definitions that a suite runs or reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SuiteFile {
    /// Its path, relative to the directory of the definitions.
    pub path: String,
    /// Digest; `None` for a program that is not built yet.
    pub digest: Option<Digest>,
    /// Whether it is the program of `run`, which may be a build result outside of version control.
    pub is_program: bool,
}

impl Suite {
    /// Returns the rank of its kind in running order: quick kinds first.
    #[must_use]
    pub fn rank(&self) -> Option<usize> {
        SUITE_KINDS.iter().position(|kind| *kind == self.kind)
    }
}

/// Returns the suites with these names, or all of them without names.
///
/// # Errors
///
/// When there is no suite, or none with one of the names.
pub fn selected<'s>(suites: &'s [Suite], names: &[String]) -> Result<Vec<&'s Suite>, String> {
    if suites.is_empty() {
        return Err("no suite is declared".into());
    }
    for name in names {
        if !suites.iter().any(|suite| suite.name == *name) {
            let known: Vec<&str> = suites.iter().map(|suite| suite.name.as_str()).collect();
            return Err(format!(
                "there is no suite `{name}`; declared: {}",
                evenkeel_model::text::list(&known, "and")
            ));
        }
    }
    Ok(suites
        .iter()
        .filter(|suite| names.is_empty() || names.contains(&suite.name))
        .collect())
}

/// HTTP request with the expected answer.
#[derive(Clone, Debug)]
pub struct HttpCheck {
    /// `GET` or another method.
    pub method: String,
    /// The URL. Redirects are not followed.
    pub url: String,
    /// Headers to send.
    pub send: BTreeMap<String, SuiteText>,
    /// The body to send.
    pub body: Option<String>,
    /// Expected status.
    pub status: u16,
    /// Expected headers; the value must be equal, or contained if it starts and ends with `*`.
    pub header: BTreeMap<String, String>,
    /// Texts that the body must contain.
    pub contains: Vec<String>,
    /// Expected JSON values, by JSON Pointer (RFC 6901).
    pub json: BTreeMap<String, serde_json::Value>,
    /// Time limit of the whole answer.
    pub within: Duration,
}

/// Command with its criteria.
#[derive(Clone, Debug)]
pub struct RunCheck {
    /// Program and arguments. A program with a `/` is a path; others are looked up in `PATH`.
    pub command: Vec<String>,
    /// Environment variables, besides `PATH`, `HOME`, `LANG`, `TZ` and `TMPDIR`, which it inherits.
    pub environment: BTreeMap<String, SuiteText>,
    /// Its working directory.
    pub directory: PathBuf,
    /// Time limit; after it the whole process group is killed.
    pub within: Duration,
    /// JUnit files that it writes: a path or a pattern with `*` in its last part, absolute. Older files are kept and
    /// ignored.
    pub junit: Option<String>,
}

/// Open load: requests are sent at their scheduled times, whether or not earlier ones were answered.
#[derive(Clone, Debug)]
pub struct LoadCheck {
    /// The URL to GET.
    pub url: String,
    /// Requests per second.
    pub rate: u32,
    /// Duration.
    pub duration: Duration,
    /// Maximum latency of the 50th percentile, from the intended start to the last byte.
    pub p50: Option<Duration>,
    /// Maximum latency of the 95th percentile.
    pub p95: Option<Duration>,
    /// Maximum latency of the 99th percentile.
    pub p99: Option<Duration>,
    /// Maximum share of errors, from 0 to 1: no answer in time, or a status of 400 and above.
    pub errors: f64,
    /// Time limit of a request.
    pub within: Duration,
}

/// Text for a suite: plain, or a secret.
#[derive(Clone, Debug)]
pub enum SuiteText {
    /// Plain text.
    Plain(String),
    /// A secret.
    Secret(Secret),
}
