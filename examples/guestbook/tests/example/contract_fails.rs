//! Failures of the contract, each because of one injected fault.

use crate::broken::{Fault, check};
use crate::checks_fail::{fails, fails_at_least};

#[test]
fn the_contract_detects_an_undocumented_body() {
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
        assert!(message.contains("'colour' not allowed"), "{message}");
    }
    assert!(ran.failures.contains_key(cases[0]));
}

#[test]
fn the_contract_detects_a_wrong_or_undocumented_status() {
    let case = "POST /api/entries answers 415: text in place of an entry";
    let page = "POST / answers 415: text in place of a form";
    fails(
        "contract",
        Fault::WrongStatus(415, 418),
        &[case, page],
        "answered 418, expected 415",
    );
    let undocumented = "POST /api/entries answers 201: an entry";
    fails_at_least(
        "contract",
        Fault::WrongStatus(201, 200),
        undocumented,
        "answered 200, expected 201",
    );
}

#[test]
fn the_contract_detects_a_missing_header_and_a_wrong_media_type() {
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
fn the_contract_detects_undocumented_and_missing_operations() {
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
        "no check calls GET /metrics",
    );
}
