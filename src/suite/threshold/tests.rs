//! Thresholds on constructed tallies.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

use super::{Outcome, apart, judge};
use crate::suite::result::all_good;
use crate::suite::tally::Tally;
use evenkeel_core::environment::suite::LoadCheck;

fn check(p95: Option<u64>, errors: f64) -> LoadCheck {
    LoadCheck {
        url: "http://127.0.0.1/".into(),
        rate: 100,
        duration: Duration::from_secs(1),
        p50: None,
        p95: p95.map(Duration::from_millis),
        p99: None,
        errors,
        within: Duration::from_secs(1),
    }
}

/// Returns a hundred requests: those answered after these milliseconds, and the rest not in time.
fn tally(answered: &[u64]) -> Tally {
    let histogram = || Histogram::new_with_bounds(1, 60_000_000, 3).unwrap();
    let (mut latency, mut lag) = (histogram(), histogram());
    for milliseconds in answered {
        latency.record(milliseconds * 1000).unwrap();
        lag.record(100).unwrap();
    }
    let missing = 100 - answered.len() as u64;
    let now = Instant::now();
    Tally {
        intended: 100,
        started: 100,
        latency,
        lag,
        errors: BTreeMap::from([("no answer in time".to_owned(), missing)])
            .into_iter()
            .filter(|(_, times)| *times > 0)
            .collect(),
        resent: 0,
        good: answered.len() as u64,
        span: Some((now, now + Duration::from_millis(990))),
        interrupted: false,
    }
}

#[test]
fn a_quick_service_passes_and_says_so() {
    let part = judge(&check(Some(200), 0.0), &tally(&[41; 100]));
    assert!(all_good(&part.cases), "{:?}", part.cases);
    assert_eq!(
        part.line.as_deref(),
        Some("p95 41 ms ≤ 200 ms, 0 errors in 100")
    );
    assert_eq!(part.figures.get("rate"), Some(&100.0));
    assert_eq!(part.figures.get("errors"), Some(&0.0));
}

#[test]
fn a_slow_twentieth_fails_the_threshold() {
    let mut answered = vec![10; 94];
    answered.extend([400; 6]);
    let part = judge(&check(Some(200), 0.0), &tally(&answered));
    assert!(!all_good(&part.cases));
    assert_eq!(
        part.line.as_deref(),
        Some("p95 400 ms > 200 ms, 0 errors in 100")
    );
}

#[test]
fn errors_have_their_own_threshold_and_say_why() {
    let part = judge(&check(None, 0.05), &tally(&[10; 95]));
    assert!(all_good(&part.cases), "{:?}", part.cases);
    let part = judge(&check(None, 0.04), &tally(&[10; 95]));
    let message = part.cases[0].message.as_deref();
    assert_eq!(
        message,
        Some("expected a share of at most 0.04, found 5 errors in 100: 5 × no answer in time")
    );
    assert!(!all_good(
        &judge(&check(None, f64::NAN), &tally(&[10; 100])).cases
    ));
}

#[test]
fn nothing_but_errors_fails_whatever_is_allowed() {
    let part = judge(&check(None, 1.0), &tally(&[]));
    assert!(!all_good(&part.cases));
    let part = judge(&check(Some(1000), 1.0), &tally(&[]));
    assert_eq!(part.cases[0].outcome, Outcome::Error);
    let mut refused = tally(&[1; 100]);
    refused.good = 0;
    refused.errors.insert("status 500".into(), 100);
    assert!(!all_good(&judge(&check(None, 1.0), &refused).cases));
}

#[test]
fn a_load_that_was_not_generated_has_not_passed() {
    let mut few = tally(&[1; 100]);
    few.started = 98;
    let mut late = tally(&[1; 100]);
    late.lag.record_n(150_000, 5).unwrap();
    for tally in [few, late] {
        let part = judge(&check(Some(200), 1.0), &tally);
        assert!(!all_good(&part.cases));
        let last = part.cases.last().unwrap();
        assert_eq!((last.name.as_str(), last.outcome), ("load", Outcome::Error));
        assert!(
            part.line
                .unwrap()
                .starts_with("could not generate the load")
        );
    }
}

#[test]
fn an_interrupted_load_has_not_passed() {
    let mut tally = tally(&[1; 100]);
    tally.interrupted = true;
    let part = judge(&check(None, 0.0), &tally);
    assert!(part.interrupted && !all_good(&part.cases));
    assert_eq!(part.line.as_deref(), Some("100 of 100 requests"));
}

#[test]
fn two_latencies_are_distinguishable() {
    assert_eq!(apart(41_200, 200_000), ("41 ms".into(), "200 ms".into()));
    assert_eq!(
        apart(200_300, 200_000),
        ("200.300 ms".into(), "200 ms".into())
    );
    assert_eq!(apart(400, 4_000), ("0.4 ms".into(), "4 ms".into()));
    assert_eq!(apart(9_960, 4_100), ("10 ms".into(), "4.1 ms".into()));
}
