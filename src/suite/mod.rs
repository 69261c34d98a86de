//! Suites: runs HTTP checks, a command, an open load; and returns their results.
//!
//! `environment::suite` defines them, with every reference filled in. This module runs and judges them, and creates the
//! evidence: a document without secrets for the stored objects, and a record for the ledger. The gate decides which
//! suites must pass before a release.
//!
//! Everything that a service or a test writes is untrusted text: bounded, escaped, and a claimed pass without a passed
//! case never counts.

mod capture;
pub(crate) mod client;
mod compression;
pub mod evidence;
mod expectation;
mod files;
mod http;
mod junit;
mod load;
mod program;
mod result;
mod run;
mod tally;
mod threshold;

use std::collections::BTreeMap;

use serde::Serialize;

pub use evidence::record;
pub use result::{Case, Outcome, SuiteResult};

use self::result::{Part, all_good, counted};
use crate::world::redaction::Redactor;
use evenkeel_core::environment::suite::Suite;
use evenkeel_host::Interruption;
use evenkeel_model::{Clock, Digest, Moment, canonical};

/// Runs every part that a suite declares: checks, then its command, then its load.
///
/// A failed part does not stop the next; an interruption does. A suite without a passed case has not passed.
/// `environment` is this process's: a command inherits a few of its variables. `secrets` contains all secrets of the
/// run, since answers may quote any of them. `progress` receives a short description of each part.
pub fn run(
    suite: &Suite,
    clock: &dyn Clock,
    environment: &BTreeMap<String, String>,
    secrets: &Redactor,
    interruption: &Interruption,
    progress: &dyn Fn(&str),
) -> SuiteResult {
    let started = clock.now();
    let redactor = secrets.and(Redactor::of(suite));
    let mut parts: Vec<Part> = Vec::new();
    let steps: [&dyn Fn() -> Option<Part>; 3] = [
        &|| {
            let checks = &suite.http;
            (!checks.is_empty()).then(|| http::run(checks, &redactor, interruption, progress))
        },
        &|| {
            let check = suite.run.as_ref()?;
            progress("command");
            Some(run::run(check, environment, &redactor, interruption))
        },
        &|| {
            let check = suite.load.as_ref()?;
            progress("load");
            Some(loaded(check, &redactor, interruption, progress))
        },
    ];
    let mut interrupted = false;
    for step in steps {
        interrupted = interrupted || interruption.is_set();
        if interrupted {
            break;
        }
        if let Some(part) = step() {
            interrupted = part.interrupted;
            parts.push(part);
        }
    }
    summed(suite, (started, clock.now()), parts, interrupted)
}

/// Runs and judges a load.
fn loaded(
    check: &evenkeel_core::environment::suite::LoadCheck,
    redactor: &Redactor,
    interruption: &Interruption,
    progress: &dyn Fn(&str),
) -> Part {
    let mut part = match load::run(check, interruption, progress) {
        Ok(tally) => threshold::judge(check, &tally),
        Err(reason) => Part {
            cases: vec![Case::new("load", Outcome::Error, reason)],
            ..Part::default()
        },
    };
    for case in &mut part.cases {
        case.message = case.message.take().map(|message| redactor.text(&message));
    }
    part
}

/// Combines the results of all parts.
fn summed(
    suite: &Suite,
    time: (Moment, Moment),
    parts: Vec<Part>,
    interrupted: bool,
) -> SuiteResult {
    let mut lines: Vec<String> = parts.iter().filter_map(|part| part.line.clone()).collect();
    let mut uncounted = parts.iter().filter(|part| part.line.is_none()).peekable();
    if uncounted.peek().is_some() || lines.is_empty() {
        lines.insert(0, counted(uncounted.flat_map(|part| &part.cases)));
    }
    if interrupted {
        lines.insert(0, "interrupted".to_owned());
    }
    let mut result = SuiteResult {
        passed: false,
        summary: lines.join(", "),
        cases: Vec::new(),
        figures: BTreeMap::new(),
        output: String::new(),
        interrupted,
    };
    let mut streams = BTreeMap::new();
    for part in parts {
        result.cases.extend(part.cases);
        result.figures.extend(part.figures);
        streams.extend(part.streams);
    }
    result.passed = !interrupted && all_good(&result.cases);
    result.output = document(suite, time, &result, &streams);
    result
}

/// Returns the evidence to store.
fn document(
    suite: &Suite,
    (started, ended): (Moment, Moment),
    result: &SuiteResult,
    streams: &BTreeMap<&'static str, String>,
) -> String {
    #[derive(Serialize)]
    #[serde(rename_all = "kebab-case")]
    struct Document<'a> {
        format: &'static str,
        suite: &'a str,
        kind: &'a str,
        digest: Digest,
        started: Moment,
        ended: Moment,
        passed: bool,
        interrupted: bool,
        summary: &'a str,
        cases: &'a [Case],
        figures: &'a BTreeMap<String, f64>,
        #[serde(flatten)]
        streams: &'a BTreeMap<&'static str, String>,
    }
    let document = Document {
        format: "evenkeel suite 1",
        suite: &suite.name,
        kind: &suite.kind,
        digest: suite.digest,
        started,
        ended,
        passed: result.passed,
        interrupted: result.interrupted,
        summary: &result.summary,
        cases: &result.cases,
        figures: &result.figures,
        streams,
    };
    // Only a map whose keys are not strings fails to serialize; there is none.
    canonical::to_string(&document).unwrap_or_default()
}
