//! The database across releases: an older one is migrated with its rows, a newer one is left unchanged, and a failing
//! one shows in the service's health.

use rusqlite::Connection;
use serde_json::{Value, json};

use crate::guestbook::{Guestbook, Home};
use crate::http;

/// The schema of the first release.
const VERSION_1: &str = "CREATE TABLE entry (
        id      INTEGER PRIMARY KEY AUTOINCREMENT,
        name    TEXT NOT NULL,
        message TEXT NOT NULL
    ) STRICT;
    INSERT INTO entry (name, message) VALUES ('Ada', 'the first'), ('Grace', 'the second');
    PRAGMA user_version = 1;";

fn json_at(guestbook: &Guestbook, path: &str) -> Value {
    let answer = http::get(guestbook.address, path);
    assert_eq!(answer.status, 200, "{answer:?}");
    serde_json::from_str(&answer.body).expect("the answer is JSON")
}

#[test]
fn a_database_of_version_1_keeps_its_rows() {
    let home = Home::new();
    Connection::open(home.database())
        .and_then(|made| made.execute_batch(VERSION_1))
        .expect("an old database is created");
    let guestbook = Guestbook::start_in(home);
    assert_eq!(guestbook.log[0]["detail"], "from version 1 to version 2");
    assert_eq!(
        json_at(&guestbook, "/healthz"),
        json!({ "status": "ok", "schema_version": 2 })
    );
    let entries = json!({ "entries": [
        { "id": 2, "name": "Grace", "message": "the second", "written_at": null },
        { "id": 1, "name": "Ada", "message": "the first", "written_at": null },
    ] });
    assert_eq!(json_at(&guestbook, "/api/entries"), entries);
    assert!(http::get(guestbook.address, "/").body.contains("the first"));

    let body = "name=Joan&message=the+third";
    let form = format!(
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n{body}",
        body.len()
    );
    assert_eq!(http::exchange(guestbook.address, &form).status, 303);
    assert!(json_at(&guestbook, "/api/entries/3")["written_at"].is_string());
}

#[test]
fn a_database_of_a_newer_release_is_left_unchanged() {
    let home = Home::new();
    let made = Connection::open(home.database()).expect("a database is created");
    made.pragma_update(None, "user_version", 99)
        .expect("it has a version");
    drop(made);
    let output = home.run();
    assert_eq!(output.status.code(), Some(1));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        errors.contains("the database has schema version 99, supported up to 2"),
        "{errors}"
    );
    let version: u32 = Connection::open(home.database())
        .and_then(|kept| kept.query_row("PRAGMA user_version", [], |row| row.get(0)))
        .expect("the database is there");
    assert_eq!(version, 99);
}

#[test]
fn a_file_that_is_not_a_database_is_named() {
    let home = Home::new();
    std::fs::write(
        home.database(),
        "not a database, and long enough for a header of one hundred bytes ".repeat(4),
    )
    .expect("a file is written");
    let output = home.run();
    assert_eq!(output.status.code(), Some(1));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        errors.contains("guestbook.db") && errors.contains("not a database"),
        "{errors}"
    );
}

#[test]
fn health_reflects_the_database() {
    let mut guestbook = Guestbook::start();
    assert_eq!(http::get(guestbook.address, "/healthz").status, 200);
    Connection::open(guestbook.home.database())
        .and_then(|opened| opened.execute_batch("DROP TABLE entry"))
        .expect("the table is dropped");
    for path in ["/healthz", "/", "/api/entries"] {
        let answer = http::get(guestbook.address, path);
        assert_eq!(answer.status, 503, "{path}: {answer:?}");
        assert!(
            answer.head.contains("x-content-type-options: nosniff"),
            "{path}: {answer:?}"
        );
        assert!(!answer.body.contains("table"), "{path}: {answer:?}");
        let line = guestbook.wait_for_event("database-failed");
        assert!(
            line["detail"]
                .as_str()
                .is_some_and(|detail| detail.contains("no such table: entry")),
            "{line}"
        );
    }
}
