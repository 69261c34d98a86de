//! The security checks can fail: each time on the one thing that is broken.

use crate::broken::Fault;
use crate::checks_fail::{fails, fails_at_least};

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
