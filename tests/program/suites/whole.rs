//! Suites of several parts, and of none.

use std::sync::Mutex;
use std::time::Duration;

use axum::Router;
use axum::routing::get as on_get;
use evenkeel::suite::{Outcome, SuiteResult};
use evenkeel_core::environment::suite::Suite;
use evenkeel_host::Interruption;
use evenkeel_model::Moment;
use evenkeel_model::moment::FixedClock;

use crate::suites::world::{Server, get, load, nowhere, run, run_until, script, suite};

#[test]
fn an_empty_suite_has_not_passed() {
    let result = run(&suite());
    assert!(!result.passed && result.cases.is_empty());
    assert_eq!(result.summary, "0 passed");
}

#[test]
fn all_parts_run_in_their_order_even_when_the_first_fails() {
    let home = tempfile::tempdir().unwrap();
    let server = Server::with(Router::new().route("/", on_get(|| async { "ok" })));
    let whole = |first: String| Suite {
        http: vec![get(first), get(server.url("/"))],
        run: Some(script(home.path(), "exit 0")),
        load: Some(load(server.url("/"), 50, Duration::from_millis(500))),
        ..suite()
    };
    let result = run(&whole(server.url("/")));
    assert!(result.passed, "{result:?}");
    assert!(
        result.summary.starts_with("3 passed, p95 "),
        "{}",
        result.summary
    );
    assert!(
        result.summary.ends_with(", 0 errors in 25"),
        "{}",
        result.summary
    );
    let result = run(&whole(nowhere()));
    assert!(!result.passed);
    let outcomes: Vec<Outcome> = result.cases.iter().map(|case| case.outcome).collect();
    let (good, bad) = (Outcome::Passed, Outcome::Error);
    assert_eq!(outcomes, [bad, good, good, good]);
    assert!(
        result.summary.starts_with("2 passed, 1 error, p95 "),
        "{}",
        result.summary
    );
}

#[test]
fn an_interruption_before_the_start_runs_nothing() {
    let interruption = Interruption::default();
    interruption.interrupt();
    let home = tempfile::tempdir().unwrap();
    let suite = Suite {
        http: vec![get(nowhere())],
        run: Some(script(home.path(), "touch ran")),
        ..suite()
    };
    let result = run_until(&suite, &interruption);
    assert!(result.interrupted && !result.passed && result.cases.is_empty());
    assert!(!home.path().join("ran").exists());
}

#[test]
fn progress_and_the_clock_are_used_and_a_result_is_read_back() {
    let home = tempfile::tempdir().unwrap();
    let suite = Suite {
        http: vec![get(nowhere())],
        run: Some(script(home.path(), "exit 0")),
        ..suite()
    };
    let said = Mutex::new(Vec::new());
    let clock = FixedClock(Moment::from_millisecond(1_700_000_000_000));
    let result = evenkeel::suite::run(
        &suite,
        &clock,
        &std::env::vars().collect(),
        &evenkeel::world::redaction::Redactor::default(),
        &Interruption::default(),
        &|word| {
            said.lock().unwrap().push(word.to_owned());
        },
    );
    let said = said.into_inner().unwrap();
    assert_eq!(said.len(), 2);
    assert!(said[0].starts_with("GET http://") && said[1] == "command");
    assert!(
        result
            .output
            .contains(r#""started":"2023-11-14T22:13:20Z""#),
        "{}",
        result.output
    );
    let json = serde_json::to_string(&result).unwrap();
    assert_eq!(serde_json::from_str::<SuiteResult>(&json).unwrap(), result);
}

#[test]
fn a_suite_may_be_run_from_within_a_runtime() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let server = Server::with(Router::new().route("/", on_get(|| async { "ok" })));
    let suite = Suite {
        http: vec![get(server.url("/"))],
        load: Some(load(server.url("/"), 50, Duration::from_millis(200))),
        ..suite()
    };
    assert!(runtime.block_on(async { run(&suite) }).passed);
}
