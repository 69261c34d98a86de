//! Open loads against servers that are quick, slow, stalling, failing, hanging and absent.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get as on_get;
use evenkeel::suite::SuiteResult;

use crate::suites::world::{HANGS, Server, load, loading, nowhere, run, run_for, said};

fn figure(result: &SuiteResult, name: &str) -> f64 {
    result.figures.get(name).copied().unwrap_or(f64::NAN)
}

fn quick() -> Server {
    Server::with(Router::new().route("/", on_get(|| async { "quick" })))
}

#[test]
fn a_quick_service_passes_at_the_declared_rate() {
    for rate in [50, 200] {
        let server = quick();
        let mut check = load(server.url("/"), rate, Duration::from_secs(2));
        check.p95 = Some(Duration::from_millis(1500));
        let result = run(&loading(check));
        println!("rate {rate}: {} {:?}", result.summary, result.figures);
        assert!(result.passed, "{result:?}");
        // The figures contain the real rate: a busy machine is late, and catches up.
        let started = figure(&result, "started");
        assert!(
            (started - f64::from(rate * 2)).abs() < 0.5,
            "{:?}",
            result.figures
        );
        assert!(result.summary.starts_with("p95 "), "{}", result.summary);
        assert!(
            result
                .summary
                .ends_with(&format!(" ≤ 1500 ms, 0 errors in {}", rate * 2))
        );
    }
}

#[test]
fn a_slow_service_fails_its_threshold() {
    let server = Server::with(Router::new().route(
        "/",
        on_get(|| async { tokio::time::sleep(Duration::from_millis(100)).await }),
    ));
    let mut check = load(server.url("/"), 100, Duration::from_secs(1));
    check.p50 = Some(Duration::from_secs(1));
    check.p95 = Some(Duration::from_millis(60));
    check.p99 = Some(Duration::from_secs(1));
    let result = run(&loading(check));
    assert!(!result.passed);
    assert!(result.summary.contains(" ms > 60 ms"), "{}", result.summary);
    assert!(figure(&result, "p50-ms") >= 100.0);
    let message = said(&result.cases[1]);
    assert!(
        message.starts_with("expected at most 60 ms, found "),
        "{message}"
    );
}

#[test]
fn a_stall_is_charged_to_every_request_that_waited() {
    // The only worker of the server sleeps once: all requests wait meanwhile.
    let asked = Arc::new(AtomicU32::new(0));
    let server = Server::with(Router::new().route(
        "/",
        on_get(move || async move {
            if asked.fetch_add(1, Ordering::SeqCst) == 200 {
                std::thread::sleep(Duration::from_millis(300));
            }
            "ok"
        }),
    ));
    let mut check = load(server.url("/"), 200, Duration::from_secs(2));
    check.p99 = Some(Duration::from_millis(150));
    let result = run(&loading(check));
    println!("stall: {} {:?}", result.summary, result.figures);
    assert!(!result.passed);
    assert!(figure(&result, "p99-ms") >= 200.0, "{:?}", result.figures);
    let (half, most) = (figure(&result, "p50-ms"), figure(&result, "p99-ms"));
    assert!(half < most, "{:?}", result.figures);
}

#[test]
fn statuses_from_400_on_are_errors() {
    let asked = Arc::new(AtomicU32::new(0));
    let server = Server::with(Router::new().route(
        "/",
        on_get(move || async move {
            if asked.fetch_add(1, Ordering::SeqCst).is_multiple_of(10) {
                StatusCode::BAD_GATEWAY
            } else {
                StatusCode::OK
            }
        }),
    ));
    let mut check = load(server.url("/"), 100, Duration::from_secs(1));
    check.errors = 0.1;
    let result = run(&loading(check.clone()));
    assert!(result.passed, "{result:?}");
    assert!(
        result.summary.ends_with("10 errors in 100"),
        "{}",
        result.summary
    );
    check.errors = 0.05;
    let result = run(&loading(check));
    assert!(!result.passed);
    assert!(
        said(&result.cases[0]).ends_with("10 errors in 100: 10 × status 502"),
        "{result:?}"
    );
}

#[test]
fn a_service_that_hangs_drops_or_is_absent_fails_without_thresholds() {
    let (hanging, dropping) = (Server::that_hangs(), Server::that_drops());
    for (url, expected) in [
        (hanging.url("/"), "no answer in time"),
        (dropping.url("/"), "no whole answer: "),
        (nowhere(), "could not connect: Connection refused"),
        ("nonsense".into(), "`nonsense` is not a URL"),
    ] {
        let mut check = load(url, 50, Duration::from_millis(500));
        check.within = Duration::from_millis(300);
        check.errors = 1.0;
        let begun = Instant::now();
        let result = run(&loading(check));
        assert!(begun.elapsed() < HANGS, "{:?}", begun.elapsed());
        assert!(!result.passed);
        assert!(said(&result.cases[0]).contains(expected), "{result:?}");
    }
}

#[test]
fn an_empty_load_has_not_passed() {
    let server = quick();
    let result = run(&loading(load(server.url("/"), 0, Duration::from_secs(1))));
    assert!(!result.passed);
    assert_eq!(
        said(&result.cases[0]),
        "a load without requests proves nothing"
    );
}

#[test]
fn a_load_beyond_capacity_is_reported() {
    let server = quick();
    let mut check = load(server.url("/"), 2_000_000, Duration::from_millis(300));
    check.errors = 1.0;
    check.within = Duration::from_millis(500);
    let result = run(&loading(check));
    println!("beyond: {} {:?}", result.summary, result.figures);
    assert!(!result.passed);
    assert!(
        result.summary.starts_with("could not generate the load"),
        "{}",
        result.summary
    );
}

#[test]
fn an_interruption_stops_a_load() {
    let server = quick();
    let begun = Instant::now();
    let suite = loading(load(server.url("/"), 50, Duration::from_mins(10)));
    let result = run_for(&suite, Duration::from_millis(500));
    assert!(begun.elapsed() < HANGS, "{:?}", begun.elapsed());
    assert!(result.interrupted && !result.passed);
    let summary = &result.summary;
    assert!(summary.starts_with("interrupted, "), "{summary}");
    assert!(summary.ends_with(" of 30000 requests"), "{summary}");
}
