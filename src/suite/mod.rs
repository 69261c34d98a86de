//! Runs suites: HTTP checks, a command, an open load; and says what they showed.
//!
//! `environment::suite` is what is to be run, every reference filled in. Here it is run and judged, and its evidence
//! written down: a document without secrets for the kept objects, and a record for the ledger. Which suites must pass
//! before a release is the gate's.
//!
//! Everything a service or a test writes is text from a stranger: bounded, made harmless, and never believed where it
//! says that it passed without showing it.

mod capture;
mod client;
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
/// A part that fails does not stop the next; an interruption does. A suite without a case that passed has not passed.
/// `environment` is ours: a command inherits a few variables of it. `secrets` knows all secrets of the run: what answers
/// may quote more than it was sent.
/// `progress` receives a few words about each part.
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

/// A load, run and judged.
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

/// One result of all parts.
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

/// The evidence to keep.
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
    // Only a map with keys that are not strings cannot be written; there is none.
    canonical::to_string(&document).unwrap_or_default()
}
