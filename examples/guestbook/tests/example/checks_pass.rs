//! Every check passes on a guestbook that holds, again and again, with the moderator's token and without it.

use serde_json::Value;

use crate::guestbook::{Guestbook, TOKEN};
use crate::http;
use crate::suite::{SUITES, run};

fn entries(guestbook: &Guestbook) -> Vec<Value> {
    let body = http::get(guestbook.address, "/api/entries?limit=100").body;
    let document: Value = serde_json::from_str(&body).expect("the list is JSON");
    document["entries"].as_array().cloned().unwrap_or_default()
}

#[test]
fn with_the_token_nothing_is_left_behind() {
    let guestbook = Guestbook::start();
    for suite in SUITES.into_iter().chain(SUITES) {
        let ran = run(suite, &guestbook.url(), Some(TOKEN), &[]);
        assert_eq!(ran.code, Some(0), "{}", ran.lines);
        assert!(ran.failures.is_empty() && ran.cases >= 7, "{}", ran.lines);
        assert_eq!(entries(&guestbook), Vec::<Value>::new(), "{suite}");
    }
}

#[test]
fn without_the_token_what_is_written_is_all_that_stays() {
    let guestbook = Guestbook::start();
    for suite in SUITES.into_iter().chain(SUITES) {
        let ran = run(suite, &guestbook.url(), None, &[]);
        assert_eq!(ran.code, Some(0), "{}", ran.lines);
        assert!(ran.failures.is_empty() && ran.cases >= 5, "{}", ran.lines);
    }
    let all = entries(&guestbook);
    assert!(!all.is_empty());
    assert!(all.iter().all(|entry| {
        entry["message"]
            .as_str()
            .is_some_and(|message| message.contains("check-"))
    }));
}

#[test]
fn suites_do_not_mind_each_other() {
    let guestbook = Guestbook::start();
    let url = guestbook.url();
    std::thread::scope(|scope| {
        for suite in SUITES.into_iter().chain(SUITES) {
            let url = &url;
            scope.spawn(move || {
                let ran = run(suite, url, Some(TOKEN), &[]);
                assert_eq!(ran.code, Some(0), "{}", ran.lines);
            });
        }
    });
    assert_eq!(entries(&guestbook), Vec::<Value>::new());
}

#[test]
fn a_closing_slash_on_the_address_does_not_matter() {
    let guestbook = Guestbook::start();
    let ran = run(
        "journey",
        &format!("{}/", guestbook.url()),
        Some(TOKEN),
        &[],
    );
    assert_eq!(ran.code, Some(0), "{}", ran.lines);
}
