//! All checks pass on a correct guestbook, repeatedly, with and without the moderator's token.

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
fn without_the_token_only_the_written_entries_remain() {
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
fn concurrent_suites_do_not_affect_each_other() {
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
fn a_trailing_slash_in_the_address_is_ignored() {
    let guestbook = Guestbook::start();
    let ran = run(
        "journey",
        &format!("{}/", guestbook.url()),
        Some(TOKEN),
        &[],
    );
    assert_eq!(ran.code, Some(0), "{}", ran.lines);
}
