//! Failures of the security checks, each because of one injected fault.

use crate::broken::Fault;
use crate::checks_fail::{fails, fails_at_least};

#[test]
fn security_detects_each_missing_header() {
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
fn security_detects_an_open_policy_and_a_server_name() {
    let policy =
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'";
    let case = "GET / (200) has the security headers";
    fails_at_least(
        "security",
        Fault::HeaderAdded("content-security-policy", policy),
        case,
        "allows unsafe-inline",
    );
    let case = "no response names its software";
    fails(
        "security",
        Fault::HeaderAdded("server", "guestbook/0.1"),
        &[case],
        "answered with server: guestbook/0.1",
    );
}

#[test]
fn security_detects_markup() {
    let (reflected, stored) = (
        "request text is not reflected as markup",
        "stored text is not shown as markup",
    );
    fails(
        "security",
        Fault::MarkupNotEscaped,
        &[stored, reflected],
        "does not escape `<img src=x",
    );
}

#[test]
fn security_detects_internal_details() {
    let case = "error pages reveal no internal details";
    fails(
        "security",
        Fault::ErrorsReveal("<!-- thread 'main' panicked at x.rs:7 -->"),
        &[case],
        "text that contains `panicked`",
    );
}

#[test]
fn security_detects_wrong_refusals() {
    let oversized = "an oversized body is refused";
    fails_at_least(
        "security",
        Fault::WrongStatus(413, 200),
        oversized,
        "answered 200, expected 413",
    );
    let method = "an unsupported method is a 405";
    fails_at_least(
        "security",
        Fault::WrongStatus(405, 200),
        method,
        "answered 200, expected 405",
    );
    fails(
        "security",
        Fault::HeaderMissing("allow"),
        &[method],
        "does not list the allowed methods",
    );
    let malformed = "malformed JSON is a 400 problem";
    fails_at_least(
        "security",
        Fault::WrongStatus(400, 500),
        malformed,
        "answered 500, expected 400",
    );
    let traversal = "paths do not leave the service";
    fails_at_least(
        "security",
        Fault::WrongStatus(404, 200),
        traversal,
        "answered 200, expected 404",
    );
    let moderator = "only the moderator's token deletes";
    fails_at_least(
        "security",
        Fault::EverybodyModerates,
        moderator,
        "answered 204, expected 401",
    );
    let sql = "text that looks like SQL stays text";
    fails(
        "security",
        Fault::MessagesUpperCase,
        &[sql],
        "expected `Robert'); DROP",
    );
}
