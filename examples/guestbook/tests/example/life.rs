//! Starting, logging and stopping, as deployments rely on it.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::Duration;

use rustix::process::Signal;

use crate::guestbook::{Guestbook, Home, TOKEN, configuration};
use crate::http;

#[test]
fn a_stop_waits_for_the_request_in_flight() {
    for signal in [Signal::TERM, Signal::INT] {
        let mut guestbook = Guestbook::start();
        let body = r#"{"name":"Ada","message":"just in time"}"#;
        let (early, late) = body.split_at(10);
        let mut stream = http::connect(guestbook.address);
        let head = format!(
            "POST /api/entries HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
             Expect: 100-continue\r\n\r\n",
            guestbook.address,
            body.len()
        );
        stream.write_all(head.as_bytes()).expect("the head is sent");
        // The service requests the body when it has started to handle the request.
        let mut go_on = [0; 25];
        stream
            .read_exact(&mut go_on)
            .expect("the service asks for the body");
        assert_eq!(&go_on, b"HTTP/1.1 100 Continue\r\n\r\n");
        stream
            .write_all(early.as_bytes())
            .expect("half the body is sent");
        guestbook.signal(signal);
        guestbook.wait_for_event("stopping");
        std::thread::sleep(Duration::from_millis(100));
        stream.write_all(late.as_bytes()).expect("the rest is sent");

        let answer = http::answer(stream);
        assert_eq!(answer.status, 201, "{answer:?}");
        assert_eq!(guestbook.ended().code(), Some(0));
        assert_eq!(
            guestbook.log.last().map(|line| line["event"].clone()),
            Some("stopped".into())
        );
        let kept = Guestbook::start_in(guestbook.home);
        assert!(
            http::get(kept.address, "/api/entries")
                .body
                .contains("just in time")
        );
    }
}

#[test]
fn a_stop_does_not_wait_for_idle_connections() {
    let mut guestbook = Guestbook::start();
    let _silent = http::connect(guestbook.address);
    let mut kept = http::connect(guestbook.address);
    write!(
        kept,
        "GET /healthz HTTP/1.1\r\nHost: {}\r\n\r\n",
        guestbook.address
    )
    .expect("the request is sent");
    guestbook.wait_for(|line| line["path"] == "/healthz");
    guestbook.signal(Signal::TERM);
    assert_eq!(guestbook.ended().code(), Some(0));
}

#[test]
fn a_stop_waits_briefly_for_an_incomplete_request() {
    let mut guestbook = Guestbook::start();
    let mut half = http::connect(guestbook.address);
    half.write_all(b"GET /healthz HTTP/1.1\r\nHos")
        .expect("half a head is sent");
    // The time of the read is not observable; an unread connection is idle, and the test passes as well.
    std::thread::sleep(Duration::from_millis(200));
    guestbook.signal(Signal::TERM);
    // The wait is longer than the limit, but bounded.
    assert_eq!(guestbook.ended().code(), Some(0));
}

#[test]
fn a_port_in_use_is_one_clear_line() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = taken.local_addr().expect("it has an address").to_string();
    let home = Home::new();
    home.configure(&configuration(&address, "info"));
    let output = home.run();
    assert_eq!(output.status.code(), Some(1));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(errors.lines().count(), 1, "{errors}");
    assert!(
        errors.starts_with(&format!(
            "guestbook: cannot listen on {address}: Address already in use"
        )),
        "{errors}"
    );
    assert!(
        !home.database().exists(),
        "the second copy has touched the database"
    );
}

#[test]
fn every_request_is_one_log_line_and_the_token_is_in_none() {
    let mut guestbook = Guestbook::start();
    let address = guestbook.address;
    for token in [TOKEN, "a-token-that-is-wrong"] {
        let request = format!(
            "DELETE /api/entries/1?token={token} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\n\
             Connection: close\r\n\r\n"
        );
        http::exchange(address, &request);
    }
    guestbook.signal(Signal::TERM);
    assert_eq!(guestbook.ended().code(), Some(0));

    let requests: Vec<_> = guestbook
        .log
        .iter()
        .filter(|line| line.get("method").is_some())
        .collect();
    let statuses: Vec<_> = requests
        .iter()
        .map(|line| line["status"].as_u64().unwrap_or_default())
        .collect();
    assert_eq!(statuses, [404, 401]);
    for line in requests {
        assert_eq!(line["method"], "DELETE");
        assert_eq!(line["path"], "/api/entries/1");
        assert_eq!(line["level"], "info");
        assert!(line["microseconds"].is_u64());
        assert!(
            line["time"]
                .as_str()
                .is_some_and(|time| time.parse::<jiff::Timestamp>().is_ok())
        );
    }
    let log = serde_json::to_string(&guestbook.log).expect("the log is JSON");
    assert!(!log.contains("a-token"), "{log}");
}

#[test]
fn the_log_level_filters_lines() {
    let home = Home::new();
    home.configure(&configuration("127.0.0.1:0", "debug"));
    let mut guestbook = Guestbook::start_in(home);
    http::get(guestbook.address, "/healthz");
    guestbook.wait_for(|line| line["path"] == "/healthz");
    // The port is now fixed, since a quiet guestbook does not log it.
    let address = guestbook.address;
    guestbook.signal(Signal::TERM);
    assert_eq!(guestbook.ended().code(), Some(0));
    let Guestbook { home, .. } = guestbook;
    home.configure(&configuration(&address.to_string(), "warn"));
    let mut quiet = Guestbook::start_quietly_in(home, address);
    assert_eq!(http::get(address, "/healthz").status, 200);
    quiet.signal(Signal::TERM);
    assert_eq!(quiet.ended().code(), Some(0));
    assert!(quiet.log.is_empty(), "{:?}", quiet.log);
}
