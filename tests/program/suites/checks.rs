//! HTTP checks, each passing and failing.

use std::io::Write;
use std::time::{Duration, Instant};

use axum::Router;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Redirect;
use axum::routing::{get as on_get, post as on_post};
use evenkeel::suite::Outcome;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::json;

use crate::suites::world::{HANGS, Server, checking, get, nowhere, only, run, run_for, secret};

fn server() -> Server {
    Server::with(
        Router::new()
            .route("/", on_get(|| async { "ready to serve" }))
            .route(
                "/ill",
                on_get(|| async { (StatusCode::SERVICE_UNAVAILABLE, "\u{1b}[31mno store") }),
            )
            .route(
                "/json",
                on_get(|| async { axum::Json(json!({"store": {"state": "up"}, "n": [1, 2]})) }),
            )
            .route("/away", on_get(|| async { Redirect::temporary("/") }))
            .route(
                "/echo",
                on_post(|headers: HeaderMap, body: String| async move {
                    let token = headers
                        .get("authorization")
                        .map(|value| value.to_str().unwrap_or_default());
                    format!("{} {body}", token.unwrap_or("none"))
                }),
            )
            .route(
                "/packed",
                on_post(|headers: HeaderMap| async move {
                    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
                    let token = headers.get("authorization");
                    let token = token.map_or(&[][..], |value| value.as_bytes());
                    encoder.write_all(b"packed for ").unwrap();
                    encoder.write_all(token).unwrap();
                    ([("content-encoding", "gzip")], encoder.finish().unwrap())
                }),
            )
            .route(
                "/torn",
                on_get(|| async { ([("content-encoding", "gzip")], "no gzip at all") }),
            )
            .route(
                "/slow",
                on_get(|| async {
                    tokio::time::sleep(Duration::from_millis(500)).await;
                    "at last"
                }),
            ),
    )
}

#[test]
fn a_status_that_is_expected_passes_and_another_fails() {
    let server = server();
    let result = run(&checking(get(server.url("/"))));
    assert_eq!(only(&result), (Outcome::Passed, ""));
    assert_eq!(result.summary, "1 passed");
    assert!(
        result.cases[0].name.starts_with("GET http://127.0.0.1:") && result.cases[0].seconds > 0.0
    );
    let result = run(&checking(get(server.url("/ill"))));
    assert_eq!(
        only(&result),
        (Outcome::Failed, "status: expected 200, found 503")
    );
    assert_eq!(result.summary, "0 passed, 1 failed");
    let mut check = get(server.url("/ill"));
    check.status = 503;
    assert!(run(&checking(check)).passed);
}

#[test]
fn headers_bodies_and_json_are_checked() {
    let server = server();
    let mut check = get(server.url("/json"));
    check.header.insert("Content-Type".into(), "*json*".into());
    check.contains.push("store".into());
    check.json.insert("/store/state".into(), json!("up"));
    check.json.insert("/n".into(), json!([1, 2]));
    assert!(run(&checking(check.clone())).passed);
    check
        .header
        .insert("Content-Type".into(), "text/html".into());
    check.contains.push("cache".into());
    check.json.insert("/store/state".into(), json!("down"));
    let result = run(&checking(check));
    assert_eq!(
        only(&result).1.lines().collect::<Vec<_>>(),
        [
            "header Content-Type: expected `text/html`, found `application/json`",
            r#"body: expected to contain `cache`, found `{"n":[1,2],"store":{"state":"up"}}`"#,
            r#"JSON `/store/state`: expected `"down"`, found `"up"`"#,
        ]
    );
}

#[test]
fn redirects_are_not_followed() {
    let server = server();
    let mut check = get(server.url("/away"));
    assert_eq!(
        only(&run(&checking(check.clone()))).1,
        "status: expected 200, found 307"
    );
    check.status = 307;
    check.header.insert("location".into(), "/".into());
    assert!(run(&checking(check)).passed);
}

#[test]
fn a_body_and_headers_are_sent_and_a_secret_that_comes_back_is_not_shown() {
    let server = server();
    let mut check = get(server.url("/echo"));
    check.method = "POST".into();
    check.body = Some("a body".into());
    check
        .send
        .insert("Authorization".into(), secret("Bearer hunter2hunter2"));
    check.contains.push("Bearer hunter2hunter2 a body".into());
    assert!(run(&checking(check.clone())).passed);
    check.contains.push("another text".into());
    let result = run(&checking(check));
    let message = only(&result).1;
    assert_eq!(
        message,
        "body: expected to contain `another text`, found `(secret) a body`"
    );
    assert!(!result.output.contains("hunter2"));
}

#[test]
fn an_answer_that_takes_too_long_fails() {
    let server = server();
    let mut check = get(server.url("/slow"));
    assert!(run(&checking(check.clone())).passed);
    check.within = Duration::from_millis(200);
    let result = run(&checking(check));
    let expected = "expected the whole answer within 200 ms, found none";
    assert_eq!(only(&result), (Outcome::Failed, expected));
}

#[test]
fn a_body_that_never_ends_fails_in_time() {
    let server = Server::raw(|mut stream| {
        let _sent = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
        while stream.write_all(b"x").is_ok() {
            std::thread::sleep(Duration::from_millis(10));
        }
    });
    let mut check = get(server.url("/"));
    check.within = Duration::from_millis(300);
    let begun = Instant::now();
    assert_eq!(only(&run(&checking(check))).0, Outcome::Failed);
    assert!(begun.elapsed() < HANGS);
}

#[test]
fn a_body_beyond_the_cap_is_not_read_to_its_end() {
    let server = Server::raw(|mut stream| {
        let _sent = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
        while stream.write_all(&[b'x'; 8192]).is_ok() {}
    });
    let mut check = get(server.url("/"));
    check.within = Duration::from_secs(30);
    let result = run(&checking(check));
    assert_eq!(
        only(&result),
        (Outcome::Failed, "body: expected at most 4 MiB, found more")
    );
}

#[test]
fn hanging_dropping_breaking_and_missing_servers_are_distinguished() {
    let mut check = get(Server::that_hangs().url("/"));
    check.within = Duration::from_millis(300);
    assert_eq!(only(&run(&checking(check))).0, Outcome::Failed);
    for (url, expected) in [
        (Server::that_drops().url("/"), "no whole answer: "),
        (Server::that_breaks_off().url("/"), "no whole answer: "),
        (nowhere(), "could not connect: Connection refused"),
        (
            "ftp://127.0.0.1/".into(),
            "`ftp://127.0.0.1/` is neither http nor https",
        ),
        ("somewhere".into(), "`somewhere` is not a URL"),
    ] {
        let result = run(&checking(get(url)));
        let (outcome, message) = only(&result);
        assert_eq!(outcome, Outcome::Error, "{message}");
        assert!(message.starts_with(expected), "{message}");
    }
}

#[test]
fn a_request_that_cannot_be_sent_is_an_error() {
    let server = server();
    let mut method = get(server.url("/"));
    method.method = "G E T".into();
    let mut name = get(server.url("/"));
    name.send.insert("a b".into(), secret("x"));
    let mut value = get(server.url("/"));
    value
        .send
        .insert("a".into(), secret("hunter2\r\nhost: elsewhere"));
    for check in [method, name, value] {
        let result = run(&checking(check));
        assert_eq!(only(&result).0, Outcome::Error);
        assert!(!format!("{result:?}").contains("hunter2"));
    }
}

#[test]
fn user_information_is_not_in_the_name() {
    let url = server().url("/").replace("http://", "http://joe:hunter2@");
    let result = run(&checking(get(url)));
    assert!(!format!("{result:?}").contains("hunter2"), "{result:?}");
}

#[test]
fn an_interruption_ends_a_check_and_those_after_it() {
    let server = Server::that_hangs();
    let mut suite = checking(get(server.url("/")));
    suite.http[0].within = Duration::from_mins(10);
    suite.http.push(suite.http[0].clone());
    let begun = Instant::now();
    let result = run_for(&suite, Duration::from_millis(200));
    assert!(begun.elapsed() < HANGS);
    assert!(result.interrupted && !result.passed);
    assert_eq!(result.cases.len(), 1);
    assert_eq!(result.summary, "interrupted, 0 passed, 1 error");
}

#[test]
fn a_compressed_body_is_read_and_a_secret_in_it_is_not_shown() {
    let server = server();
    let mut check = get(server.url("/packed"));
    check.method = "POST".into();
    check
        .send
        .insert("Authorization".into(), secret("tok-5c1e8d7f"));
    check
        .header
        .insert("content-encoding".into(), "gzip".into());
    check.contains.push("packed for".into());
    assert!(run(&checking(check.clone())).passed);
    check.contains.push("for another".into());
    let result = run(&checking(check));
    assert_eq!(
        only(&result).1,
        "body: expected to contain `for another`, found `packed for (secret)`"
    );
    let result = run(&checking(get(server.url("/torn"))));
    assert_eq!(
        only(&result),
        (
            Outcome::Failed,
            "body: cannot be decompressed as gzip: invalid gzip header"
        )
    );
}
