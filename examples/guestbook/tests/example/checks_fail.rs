//! Failing checks: they fail on the injected fault, with a message about it and exit code 1. Each suite has its own
//! file; this one tests their common behaviour.

use std::net::TcpListener;

use crate::broken::{Fault, check};
use crate::guestbook::{Guestbook, TOKEN};
use crate::suite::{Ran, SUITES, command, run};

/// Checks that exactly these cases fail, and that the message of the first contains this.
pub fn fails(suite: &str, fault: Fault, cases: &[&str], message: &str) {
    let ran = check(suite, fault, &[]);
    let mut expected = cases.to_vec();
    expected.sort_unstable();
    assert_eq!(ran.failed_cases(), expected, "{fault:?}: {}", ran.lines);
    assert_eq!(ran.code, Some(1), "{fault:?}");
    let found = cases.first().and_then(|case| ran.failures.get(*case));
    assert!(
        found.is_some_and(|(_, text)| text.contains(message)),
        "{fault:?}: {found:?}"
    );
}

/// Checks that at least this case fails, with this reason.
pub fn fails_at_least(suite: &str, fault: Fault, case: &str, message: &str) -> Ran {
    let ran = check(suite, fault, &[]);
    assert_eq!(ran.code, Some(1), "{fault:?}");
    let found = ran.failures.get(case);
    assert!(
        found.is_some_and(|(_, text)| text.contains(message)),
        "{fault:?}: {found:?}\n{}",
        ran.lines
    );
    ran
}

#[test]
fn the_proxy_without_a_fault_breaks_nothing() {
    for suite in SUITES {
        let ran = check(suite, Fault::None, &[]);
        assert_eq!(ran.code, Some(0), "{}", ran.lines);
    }
}

#[test]
fn a_server_that_hangs_is_a_timeout() {
    std::thread::scope(|scope| {
        for fault in [Fault::NeverAnswers, Fault::NeverFinishes] {
            for suite in SUITES {
                scope.spawn(move || times_out(suite, fault));
            }
        }
    });
}

fn times_out(suite: &str, fault: Fault) {
    let ran = check(suite, fault, &["--timeout", "1", "--deadline", "2"]);
    assert_eq!(ran.code, Some(1), "{fault:?}: {}", ran.lines);
    let kinds: Vec<_> = ran
        .failures
        .values()
        .map(|(kind, _)| kind.as_str())
        .collect();
    assert!(kinds.contains(&"timeout"), "{fault:?}: {}", ran.lines);
    assert!(
        kinds
            .iter()
            .all(|kind| ["timeout", "not-tried"].contains(kind)),
        "{fault:?}: {}",
        ran.lines
    );
}

#[test]
fn an_unreachable_target_is_a_failure() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = listener.local_addr().expect("it has an address");
    drop(listener);
    for suite in SUITES {
        let ran = run(suite, &format!("http://{address}"), Some(TOKEN), &[]);
        assert_eq!(ran.code, Some(1), "{}", ran.lines);
        assert!(
            ran.failures.values().any(|(kind, _)| kind == "no-answer"),
            "{}",
            ran.lines
        );
    }
}

#[test]
fn an_invalid_target_is_reported() {
    for (target, expected) in [
        ("", "TARGET_URL is not a URL"),
        ("https://127.0.0.1:1", "expected http:// and a host"),
        ("127.0.0.1:7101", "TARGET_URL"),
    ] {
        let output = command("journey", target, None)
            .output()
            .expect("the checks run");
        assert_eq!(output.status.code(), Some(1));
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(errors.contains(expected), "{target}: {errors}");
    }
    let output = command("journey", "", None)
        .env_remove("TARGET_URL")
        .output()
        .expect("the checks run");
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("TARGET_URL is not set"));
    let output = command("everything", "http://127.0.0.1:1", None)
        .output()
        .expect("the checks run");
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn unwritable_results_are_a_failure() {
    let guestbook = Guestbook::start();
    let output = command("journey", &guestbook.url(), Some(TOKEN))
        .args(["--junit", "/dev/null/journey.xml"])
        .output()
        .expect("the checks run");
    assert_eq!(output.status.code(), Some(1));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        errors.contains("cannot write /dev/null/journey.xml"),
        "{errors}"
    );
}
