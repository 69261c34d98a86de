//! Failures of the journey, each because of one injected fault.

use crate::broken::Fault;
use crate::checks_fail::{fails, fails_at_least};

#[test]
fn the_journey_detects_markup() {
    let case = "the page shows the entry, escaped";
    fails(
        "journey",
        Fault::MarkupNotEscaped,
        &[case],
        "does not escape `<b>check-",
    );
}

#[test]
fn the_journey_detects_a_wrong_status() {
    let signed = "the form is accepted and redirects to the page";
    let ran = fails_at_least(
        "journey",
        Fault::WrongStatus(303, 200),
        signed,
        "POST / answered 200, expected 303",
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
        "answered 403, expected 401",
    );
}

#[test]
fn the_journey_detects_changed_text_and_missing_authorization() {
    let (read, refused) = (
        "the interface returns the same entry",
        "deleting without the moderator's token is refused",
    );
    fails(
        "journey",
        Fault::MessagesUpperCase,
        &[read, refused],
        "expected `Greetings",
    );
    fails_at_least(
        "journey",
        Fault::EverybodyModerates,
        refused,
        "answered 204, expected 401",
    );
}
