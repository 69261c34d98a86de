//! The journey can fail: each time on the one thing that is broken.

use crate::broken::Fault;
use crate::checks_fail::{fails, fails_at_least};

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
