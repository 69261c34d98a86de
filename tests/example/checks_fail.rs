//! Every check can fail: each on the one thing that is broken, with a message that says so, and exit code 1.

use std::net::TcpListener;

use crate::broken::{Fault, check};
use crate::guestbook::TOKEN;
use crate::suite::{Ran, SUITES, command, run};

/// Exactly these cases fail, and the message of the first says this.
fn fails(suite: &str, fault: Fault, cases: &[&str], message: &str) {
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

/// At least this case fails, for this reason.
fn fails_at_least(suite: &str, fault: Fault, case: &str, message: &str) -> Ran {
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
fn passing_on_alone_breaks_nothing() {
    for suite in SUITES {
        let ran = check(suite, Fault::None, &[]);
        assert_eq!(ran.code, Some(0), "{}", ran.lines);
    }
}

#[test]
fn the_journey_sees_markup() {
    let case = "the page shows the entry, escaped";
    fails(
        "journey",
        Fault::MarkupNotEscaped,
        &[case],
        "lets `<b>check-",
    );
}

#[test]
fn the_journey_sees_a_wrong_status() {
    let signed = "the form is taken and leads back to the page";
    let ran = fails_at_least(
        "journey",
        Fault::WrongStatus(303, 200),
        signed,
        "POST / answered 200 instead of 303",
    );
    let others = ran.failures.iter().filter(|(case, _)| *case != signed);
    assert!(
        others.clone().count() == 3 && others.clone().all(|(_, (kind, _))| kind == "not-tried"),
        "{}",
        ran.lines
    );
    let refused = "deleting without the moderator's token is refused";
    fails(
        "journey",
        Fault::WrongStatus(401, 403),
        &[refused],
        "answered 403 instead of 401",
    );
}

#[test]
fn the_journey_sees_changed_text_and_open_doors() {
    let (read, refused) = (
        "the interface gives the same entry",
        "deleting without the moderator's token is refused",
    );
    fails(
        "journey",
        Fault::MessagesUpperCase,
        &[read, refused],
        "the message was `Greetings",
    );
    fails_at_least(
        "journey",
        Fault::EverybodyModerates,
        refused,
        "answered 204 instead of 401",
    );
}

#[test]
fn the_contract_sees_a_body_that_the_document_does_not_allow() {
    let cases = [
        "GET /api/entries/{id} answers 200: the entry",
        "POST /api/entries answers 201: an entry",
        "POST /api/entries answers 201: an entry to read",
        "POST /api/entries answers 201: the longest entry",
    ];
    let ran = check("contract", Fault::FieldAdded, &[]);
    assert_eq!(ran.code, Some(1));
    for case in cases.iter().filter(|case| !case.starts_with("GET")) {
        let (_, message) = ran
            .failures
            .get(*case)
            .unwrap_or_else(|| panic!("{case}: {}", ran.lines));
        assert!(message.contains("'colour' was unexpected"), "{message}");
    }
    assert!(ran.failures.contains_key(cases[0]));
}

#[test]
fn the_contract_sees_a_status_that_is_wrong_or_not_listed() {
    let case = "POST /api/entries answers 415: text in place of an entry";
    let page = "POST / answers 415: text in place of a form";
    fails(
        "contract",
        Fault::WrongStatus(415, 418),
        &[case, page],
        "answered 418 instead of 415",
    );
    let undocumented = "POST /api/entries answers 201: an entry";
    fails_at_least(
        "contract",
        Fault::WrongStatus(201, 200),
        undocumented,
        "answered 200 instead of 201",
    );
}

#[test]
fn the_contract_sees_a_missing_header_and_a_wrong_media_type() {
    let add = "POST /api/entries answers 201: an entry";
    fails_at_least(
        "contract",
        Fault::HeaderMissingOn(201, "location"),
        add,
        "without the header Location",
    );
    let one = "GET /api/entries/{id} answers 404: no such entry";
    fails_at_least(
        "contract",
        Fault::HeaderMissingOn(404, "content-type"),
        one,
        "which the document does not list",
    );
}

#[test]
fn the_contract_sees_operations_that_only_one_side_knows() {
    let health = "GET /healthz answers 200: health";
    fails(
        "contract",
        Fault::PathUndescribed("/healthz"),
        &[health],
        "the document does not describe GET /healthz",
    );
    let called = "every operation of the document was called";
    fails(
        "contract",
        Fault::PathInvented("/metrics"),
        &[called],
        "nothing here calls GET /metrics",
    );
}

#[test]
fn security_sees_each_missing_header() {
    for name in [
        "content-security-policy",
        "x-content-type-options",
        "x-frame-options",
        "referrer-policy",
    ] {
        let case = "GET / (200) has the security headers";
        let ran = fails_at_least(
            "security",
            Fault::HeaderMissing(name),
            case,
            &format!("without the header {name}"),
        );
        assert_eq!(ran.failures.len(), 14, "{}", ran.lines);
    }
    let cases = [
        "GET /api/no-such-thing (404) has the security headers",
        "GET /no-such-page (404) has the security headers",
    ];
    let fault = Fault::HeaderMissingOn(404, "x-content-type-options");
    fails(
        "security",
        fault,
        &cases,
        "without the header x-content-type-options",
    );
}

#[test]
fn security_sees_a_policy_that_is_too_open_and_a_nameplate() {
    let policy =
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'";
    let case = "GET / (200) has the security headers";
    fails_at_least(
        "security",
        Fault::HeaderAdded("content-security-policy", policy),
        case,
        "allows unsafe-inline",
    );
    let case = "no answer says what it was made with";
    fails(
        "security",
        Fault::HeaderAdded("server", "guestbook/0.1"),
        &[case],
        "answered with server: guestbook/0.1",
    );
}

#[test]
fn security_sees_markup() {
    let (reflected, stored) = (
        "what is asked for is not reflected as markup",
        "what was written is not shown as markup",
    );
    fails(
        "security",
        Fault::MarkupNotEscaped,
        &[stored, reflected],
        "lets `<img src=x",
    );
}

#[test]
fn security_sees_what_errors_tell() {
    let case = "error pages keep the inside inside";
    fails(
        "security",
        Fault::ErrorsTell("<!-- thread 'main' panicked at x.rs:7 -->"),
        &[case],
        "a text about `panicked`",
    );
}

#[test]
fn security_sees_wrong_refusals() {
    let oversized = "an oversized body is refused";
    fails_at_least(
        "security",
        Fault::WrongStatus(413, 200),
        oversized,
        "answered 200 instead of 413",
    );
    let method = "a method that is not offered is a 405";
    fails_at_least(
        "security",
        Fault::WrongStatus(405, 200),
        method,
        "answered 200 instead of 405",
    );
    fails(
        "security",
        Fault::HeaderMissing("allow"),
        &[method],
        "does not say what it allows",
    );
    let malformed = "malformed JSON is a 400 problem";
    fails_at_least(
        "security",
        Fault::WrongStatus(400, 500),
        malformed,
        "answered 500 instead of 400",
    );
    let traversal = "paths do not lead out of the service";
    fails_at_least(
        "security",
        Fault::WrongStatus(404, 200),
        traversal,
        "answered 200 instead of 404",
    );
    let moderator = "only the moderator's token deletes";
    fails_at_least(
        "security",
        Fault::EverybodyModerates,
        moderator,
        "answered 204 instead of 401",
    );
    let sql = "text that looks like SQL is only text";
    fails(
        "security",
        Fault::MessagesUpperCase,
        &[sql],
        "the name was `Robert'); DROP",
    );
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
fn nobody_there_is_a_failure() {
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
fn a_check_without_a_usable_target_says_so() {
    for (target, expected) in [
        ("", "TARGET_URL is not a URL"),
        ("https://127.0.0.1:1", "TARGET_URL must begin with http://"),
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
