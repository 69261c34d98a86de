//! A suite as one environment declares it: every reference already filled in.
//!
//! Running it is `suite`'s; this is only what is to be run.

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
    /// The digest of its definition and of the files it names: evidence is bound to it.
    pub digest: Digest,
    /// The files beside the definitions that it runs or reads.
    pub files: Vec<SuiteFile>,
    /// What it does; at least one of the three, and all of them must pass.
    pub http: Vec<HttpCheck>,
    /// A command.
    pub run: Option<RunCheck>,
    /// An open load.
    pub load: Option<LoadCheck>,
}

/// A file beside the definitions that a suite runs or reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SuiteFile {
    /// Its path, relative to the directory of the definitions.
    pub path: String,
    /// Its digest; `None` for a program that is not built yet.
    pub digest: Option<Digest>,
    /// Whether it is the program of `run`, which may be built rather than kept in version control.
    pub is_program: bool,
}

impl Suite {
    /// Returns the place of its kind in the order of running: quick kinds first.
    #[must_use]
    pub fn rank(&self) -> Option<usize> {
        SUITE_KINDS.iter().position(|kind| *kind == self.kind)
    }
}

/// Returns the suites with these names, or all of them when no name is given.
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

/// One HTTP request and what its answer must be.
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
    /// The status the answer must have.
    pub status: u16,
    /// Headers the answer must have; the value must be equal, or contained if it begins and ends with `*`.
    pub header: BTreeMap<String, String>,
    /// Texts its body must contain.
    pub contains: Vec<String>,
    /// JSON it must have: by JSON Pointer (RFC 6901), the value.
    pub json: BTreeMap<String, serde_json::Value>,
    /// How long the whole answer may take.
    pub within: Duration,
}

/// A command and how it is judged.
#[derive(Clone, Debug)]
pub struct RunCheck {
    /// Program and arguments. A program with a `/` is a path; others are looked up in `PATH`.
    pub command: Vec<String>,
    /// Its environment, besides `PATH`, `HOME`, `LANG`, `TZ` and `TMPDIR`, which it inherits.
    pub environment: BTreeMap<String, SuiteText>,
    /// Its working directory.
    pub directory: PathBuf,
    /// How long it may take before its whole process group is killed.
    pub within: Duration,
    /// JUnit files it writes: a path or a pattern with `*` in its last part, absolute. Older ones stay, and
    /// do not count.
    pub junit: Option<String>,
}

/// An open load: requests are sent at their appointed times, whether or not earlier ones were answered.
#[derive(Clone, Debug)]
pub struct LoadCheck {
    /// The URL to GET.
    pub url: String,
    /// Requests a second.
    pub rate: u32,
    /// For how long.
    pub duration: Duration,
    /// Highest latency at these percentiles, from the intended start to the last byte.
    pub p50: Option<Duration>,
    /// Of 95 in 100.
    pub p95: Option<Duration>,
    /// Of 99 in 100.
    pub p99: Option<Duration>,
    /// Highest share of errors, from 0 to 1: no answer in time, or a status of 400 and above.
    pub errors: f64,
    /// How long a request may take before it counts as an error.
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
